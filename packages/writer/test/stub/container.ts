import { alignUp, concat, getU16, getU32, getU64, le, phys, setU32 } from '@bzelf/bytes';
import {
  EM_386,
  EM_X86_64,
  encodeNotes,
  ET_EXEC,
  PF_R,
  PF_W,
  PF_X,
  planElf,
  PT_LOAD,
  PT_NOTE,
  writeElf,
  xenPhys32Entry,
  type Piece,
  type SegmentSpec,
} from '@bzelf/elf';
import { buildStub, STUB, type BuiltStub, type StubOptions } from '../../src/stub/index.js';

/** How to put a bzImage and its stub into the plainest ELF file that has both; no code of the writer's forms. */
export interface TestContainerOptions extends Partial<
  Pick<StubOptions, 'builtinCmdline' | 'cmdlineMode' | 'multibootCmdline'>
> {
  readonly class?: 32 | 64;
  readonly machine?: number;
  readonly entry?: 'entry' | 'entry32' | 'entry64';
  readonly pvh?: boolean;
  readonly multiboot?: boolean;
  readonly multiboot2?: boolean | 'framebuffer';
  /** Where the kernel is loaded; pref_address unless told. */
  readonly load?: number;
  /** Where it has to run, if elsewhere. */
  readonly run?: number;
  /** Where the stub is loaded; behind the kernel's memory unless told. */
  readonly stub?: number;
  readonly builtinInitrd?: Uint8Array;
  /** Use the 16-bit entry. */
  readonly real16?: boolean;
  readonly kernel?: Partial<StubOptions['kernel']>;
  readonly editTemplate?: (template: Uint8Array) => void;
}

export interface TestContainer {
  readonly file: Uint8Array;
  readonly stub: BuiltStub;
  readonly address: { readonly kernel: number; readonly stub: number; readonly bp: number };
}

/** boot_params with nothing but the setup_header of the image. */
export function templateOf(bzImage: Uint8Array): Uint8Array {
  const template = new Uint8Array(4096);
  const end = 0x202 + (bzImage[0x201] ?? 0);
  template.set(bzImage.subarray(0x1f1, end), 0x1f1);
  return template;
}

export function testContainer(bzImage: Uint8Array, options: TestContainerOptions = {}): TestContainer {
  const setupSize = ((bzImage[0x1f1] || 4) + 1) * 512;
  const kernel = bzImage.subarray(setupSize);
  const template = templateOf(bzImage);
  options.editTemplate?.(template);
  const since = (version: number) => getU16(bzImage, 0x206) >= version;
  const initSize = since(0x20a) ? getU32(bzImage, 0x260) : kernel.length;
  const pref = since(0x20a) ? Number(getU64(bzImage, 0x258)) : 0x10_0000;
  const load = options.load ?? pref;
  const kernelEnd = alignUp(Math.max(load + kernel.length, pref + initSize), 0x1000);
  const stubAt = options.stub ?? kernelEnd;
  const setupAt = stubAt + 0x2_0000;
  const initrdAt = setupAt + 0x1_0000;

  const stub = buildStub({
    template,
    cmdlineMax: since(0x206) ? getU32(bzImage, 0x238) : 255,
    kernel: {
      offset: load - stubAt,
      size: kernel.length,
      initSize,
      relocatable: since(0x205) && bzImage[0x234] !== 0,
      alignment: since(0x205) ? getU32(bzImage, 0x230) : 0,
      lowestRun: phys(pref),
      has64: since(0x20c) && (getU16(bzImage, 0x236) & 1) !== 0,
      ...(options.run === undefined ? {} : { run: phys(options.run) }),
      ...(options.real16 ? { real16: { offset: setupAt - stubAt, size: setupSize } } : {}),
      ...options.kernel,
    },
    ...(options.builtinInitrd
      ? { builtinInitrd: { offset: initrdAt - stubAt, size: options.builtinInitrd.length } }
      : {}),
    ...(options.builtinCmdline === undefined ? {} : { builtinCmdline: options.builtinCmdline }),
    ...(options.cmdlineMode ? { cmdlineMode: options.cmdlineMode } : {}),
    ...(options.multibootCmdline ? { multibootCmdline: options.multibootCmdline } : {}),
  });
  const notes = encodeNotes([
    ...(options.pvh === false ? [] : [xenPhys32Entry.encode({ entry: phys(stubAt + STUB.entry32) })]),
  ]);
  const piece = (name: string, bytes: Uint8Array, align: number): Piece => ({ name, size: bytes.length, align, bytes });
  const loads = [
    { name: 'kernel', at: load, bytes: kernel, memsz: kernelEnd - load },
    { name: 'stub', at: stubAt, bytes: stub.bytes, memsz: stub.memsz },
    ...(options.real16
      ? [{ name: 'setup', at: setupAt, bytes: bzImage.subarray(0, setupSize), memsz: setupSize }]
      : []),
    ...(options.builtinInitrd
      ? [{ name: 'initrd', at: initrdAt, bytes: options.builtinInitrd, memsz: options.builtinInitrd.length }]
      : []),
  ].map((part) =>
    part.name === 'kernel' && stubAt > load && stubAt < kernelEnd ? { ...part, memsz: kernel.length } : part,
  );
  const segments: SegmentSpec[] = [
    ...(notes.length > 0
      ? [
          {
            p_type: PT_NOTE,
            p_flags: PF_R,
            p_vaddr: 0n,
            p_paddr: 0n,
            p_memsz: BigInt(notes.length),
            p_align: 4n,
            piece: 'notes',
          },
        ]
      : []),
    ...loads
      .sort((a, b) => a.at - b.at)
      .map(({ name, at, memsz }) => ({
        p_type: PT_LOAD,
        p_flags: PF_R | PF_W | PF_X,
        p_vaddr: BigInt(at),
        p_paddr: BigInt(at),
        p_memsz: BigInt(memsz),
        p_align: 0x1000n,
        piece: name,
      })),
  ];
  const file = writeElf(
    planElf({
      class: options.class ?? 64,
      e_type: ET_EXEC,
      e_machine: options.machine ?? (options.class === 32 ? EM_386 : EM_X86_64),
      e_entry: BigInt(stubAt + STUB[options.entry ?? 'entry']),
      segments,
      sections: [],
      pieces: [
        ...(options.multiboot ? [piece('multiboot', multibootHeader(), 4)] : []),
        ...(options.multiboot2
          ? [piece('multiboot2', multiboot2Header(stubAt + STUB.entry32, options.multiboot2 === 'framebuffer'), 8)]
          : []),
        ...(notes.length > 0 ? [piece('notes', notes, 4)] : []),
        ...loads.map(({ name, bytes }) => piece(name, bytes, 0x1000)),
      ],
    }),
  );
  return { file, stub, address: { kernel: load, stub: stubAt, bp: stubAt + stub.bpOffset } };
}

/** Flags 0 and 1: modules on pages, memory information. Source: Multiboot 0.6.96, 3.1. */
export function multibootHeader(): Uint8Array {
  const [magic, flags] = [0x1bad_b002, 3];
  return concat([le(magic, 4), le(flags, 4), le(0x1_0000_0000 - magic - flags, 4)]);
}

/** An entry tag, modules on pages, perhaps a wish for 800×600×32, the end tag. Source: Multiboot 2.0, 3.1. */
function multiboot2Header(entry: number, framebuffer: boolean): Uint8Array {
  const tag = (type: number, ...words: number[]) => {
    const bytes = new Uint8Array(alignUp(8 + 4 * words.length, 8));
    bytes.set(concat([le(type, 4), le(8 + 4 * words.length, 4), ...words.map((word) => le(word, 4))]));
    return bytes;
  };
  const header = concat([
    le(0xe852_50d6, 4),
    le(0, 4),
    le(0, 8),
    tag(3, entry),
    tag(6),
    ...(framebuffer ? [tag(5, 800, 600, 32)] : []),
    tag(0),
  ]);
  setU32(header, 8, header.length);
  setU32(header, 12, (0x2_0000_0000 - 0xe852_50d6 - header.length) % 0x1_0000_0000);
  return header;
}
