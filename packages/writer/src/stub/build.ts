import { alignUp, asciz, type PhysAddr } from '@bzelf/bytes';
import { fail } from '../errors.js';
import { STUB } from './blob.js';
import { CMDLINE_MODES, MULTIBOOT_CMDLINE_MODES, STUB_FLAGS, STUB_PARAMS } from './params.js';

export type CmdlineMode = (typeof CMDLINE_MODES)[number];
export type MultibootCmdlineMode = (typeof MULTIBOOT_CMDLINE_MODES)[number];

/** Sizes in bytes; offsets are an address minus the stub's load address and may be negative. */
export interface StubKernel {
  /** Of the protected-mode kernel. */
  readonly offset: number;
  readonly size: number;
  /** The only address at which the kernel runs, where it is loaded somewhere else. */
  readonly run?: PhysAddr;
  /** Memory needed from the runtime start. */
  readonly initSize: number;
  /** Set for a kernel that runs at any such address. */
  readonly alignment?: number;
  readonly relocatable: boolean;
  /** A relocatable kernel moves up to at least this address (pref_address). */
  readonly lowestRun?: PhysAddr;
  /** Whether it has the 64-bit entry at 0x200. */
  readonly has64: boolean;
  /** Set for a kernel with nothing but the 16-bit entry: where its real-mode part is. */
  readonly real16?: { readonly offset: number; readonly size: number };
}

export interface StubOptions {
  /** 4096 bytes of boot_params: the setup_header of the kernel and whatever the loader will not say. */
  readonly template: Uint8Array;
  readonly kernel: StubKernel;
  /** Longest command line that the kernel takes, without the NUL (cmdline_size); 255 before protocol 2.06. */
  readonly cmdlineMax: number;
  readonly builtinCmdline?: string;
  /** `default` unless told: the loader's line, or the built-in one when it gave none. */
  readonly cmdlineMode?: CmdlineMode;
  /** What to do with the file name that Multiboot loaders put first; `auto` unless told. */
  readonly multibootCmdline?: MultibootCmdlineMode;
  /** Used when the loader brings none. */
  readonly builtinInitrd?: { readonly offset: number; readonly size: number };
}

export interface BuiltStub {
  /** The stub, the template, the command line: the file bytes of the segment. It has to be page aligned. */
  readonly bytes: Uint8Array;
  /** p_memsz of the segment, bytes. */
  readonly memsz: number;
  /** Where the kernel's boot_params will be, from the start of the segment. */
  readonly bpOffset: number;
  /** Memory that the stub clears and uses. */
  readonly bssOffset: number;
  /** Where the kernel's command line will be, and the bytes that it may take. */
  readonly cmdline: { readonly offset: number; readonly size: number };
}

const PAGE = 4096;
/** B_CMDLINE and CMDLINE_BUFFER of defs.S. */
const BSS_CMDLINE = 0x1000;
const CMDLINE_BUFFER = 4096;

/** The stub segment for one kernel: `[stub][boot_params template][built-in command line][memory it clears itself]`. */
export function buildStub(options: StubOptions): BuiltStub {
  const { template, kernel } = options;
  if (template.length !== PAGE) throw new Error(`boot_params are 4096 bytes, not ${template.length}`);
  const cmdlineMax = Math.min(options.cmdlineMax, CMDLINE_BUFFER - 1);
  const cmdline = builtinBytes(options.builtinCmdline, cmdlineMax);
  const bpOffset = alignUp(STUB.bytes.length, PAGE);
  const cmdlineOffset = bpOffset + PAGE;
  const bssOffset = alignUp(cmdlineOffset + cmdline.length, PAGE);

  const bytes = new Uint8Array(cmdlineOffset + cmdline.length);
  bytes.set(STUB.bytes);
  bytes.set(template, bpOffset);
  bytes.set(cmdline, cmdlineOffset);
  STUB_PARAMS.write(bytes, STUB.params, {
    ...kernelParams(kernel),
    bp_offset: bpOffset,
    cmdline_offset: cmdlineOffset,
    cmdline_size: cmdline.length,
    cmdline_max: cmdlineMax,
    cmdline_mode: CMDLINE_MODES.indexOf(options.cmdlineMode ?? 'default'),
    mb_cmdline: MULTIBOOT_CMDLINE_MODES.indexOf(options.multibootCmdline ?? 'auto'),
    initrd_offset: options.builtinInitrd?.offset ?? 0,
    initrd_size: options.builtinInitrd?.size ?? 0,
    bss_offset: bssOffset,
    bss_size: STUB.bssSize,
  });
  return {
    bytes,
    memsz: bssOffset + STUB.bssSize,
    bpOffset,
    bssOffset,
    cmdline: { offset: bssOffset + BSS_CMDLINE, size: CMDLINE_BUFFER },
  };
}

function kernelParams(kernel: StubKernel) {
  const flags =
    (kernel.real16 ? STUB_FLAGS.REAL16 : STUB_FLAGS.HAS_32) |
    (kernel.has64 ? STUB_FLAGS.HAS_64 : 0) |
    (kernel.relocatable ? STUB_FLAGS.RELOCATABLE : 0);
  return {
    kernel_offset: kernel.offset,
    kernel_size: kernel.size,
    kernel_run: Number(kernel.run ?? 0n),
    init_size: Math.max(kernel.initSize, kernel.size),
    kernel_alignment: kernel.alignment ?? 0,
    lowest_run: Number(kernel.lowestRun ?? 0n),
    flags,
    setup_offset: kernel.real16?.offset ?? 0,
    setup_size: kernel.real16?.size ?? 0,
  };
}

function builtinBytes(text: string | undefined, max: number): Uint8Array {
  const bytes = text ? asciz(text) : new Uint8Array(0);
  if (bytes.length - 1 <= max) return bytes;
  throw fail('writer/cmdline-too-long', {
    field: 'cmdline_size',
    found: bytes.length - 1,
    expected: `at most ${max} bytes`,
  });
}
