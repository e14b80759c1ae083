import { alignUp, asciz, concat, le, struct, u32, u64, type PhysAddr } from '@bzelf/bytes';
import { MEMORY_RAM, MEMORY_RESERVED, type MemoryRange } from './memory.js';

/** What eax holds at the entry. Sources: Multiboot Specification 0.6.96 and 2.0, "Machine state". */
export const MULTIBOOT_BOOTLOADER_MAGIC = 0x2bad_b002;
export const MULTIBOOT2_BOOTLOADER_MAGIC = 0x36d7_6289;

const INFO_MEMORY = 1 << 0;
const INFO_CMDLINE = 1 << 2;
const INFO_MODS = 1 << 3;
const INFO_MMAP = 1 << 6;
const INFO_LOADER_NAME = 1 << 9;

/** The part of the Multiboot 1 information that a plan fills; the rest of its 116 bytes is zero. */
// prettier-ignore
export const MULTIBOOT_INFO = struct('multiboot_info', [
  [0x00, u32, 'flags',            'which of the fields are valid'],
  [0x04, u32, 'mem_lower',        'KiB from 0'],
  [0x08, u32, 'mem_upper',        'KiB from 1 MiB to the first hole'],
  [0x10, u32, 'cmdline',          'physical, NUL-terminated'],
  [0x14, u32, 'mods_count',       'modules'],
  [0x18, u32, 'mods_addr',        'physical, module list'],
  [0x2c, u32, 'mmap_length',      'bytes'],
  [0x30, u32, 'mmap_addr',        'physical, memory map'],
  [0x40, u32, 'boot_loader_name', 'physical, NUL-terminated'],
], 0x74);

// prettier-ignore
export const MULTIBOOT_MODULE = struct('multiboot_mod_list', [
  [0x00, u32, 'mod_start', 'physical'],
  [0x04, u32, 'mod_end',   'physical, first byte behind'],
  [0x08, u32, 'string',    'physical, NUL-terminated'],
  [0x0c, u32, 'reserved',  '0'],
]);

// prettier-ignore
export const MULTIBOOT_MMAP_ENTRY = struct('multiboot_mmap_entry', [
  [0x00, u32, 'size', 'bytes that follow: 20'],
  [0x04, u64, 'addr', 'physical'],
  [0x0c, u64, 'len',  'bytes'],
  [0x14, u32, 'type', '1 available, 2 reserved, 3 ACPI, 4 NVS, 5 bad'],
]);

// prettier-ignore
export const MULTIBOOT2_MMAP_ENTRY = struct('multiboot2_mmap_entry', [
  [0x00, u64, 'addr', 'physical'],
  [0x08, u64, 'len',  'bytes'],
  [0x10, u32, 'type', '1 available, 2 reserved, 3 ACPI, 4 NVS, 5 bad'],
  [0x14, u32, 'zero', '0'],
]);

export interface MultibootModule {
  readonly start: PhysAddr;
  /** Bytes. */
  readonly size: bigint;
  readonly string: string;
}

export interface MultibootInput {
  readonly memoryMap: readonly MemoryRange[];
  readonly cmdline: string;
  readonly modules: readonly MultibootModule[];
  readonly bootloader?: string;
  /** A copy of the RSDP (20 or 36 bytes) for the ACPI tags of Multiboot 2. */
  readonly rsdp?: Uint8Array;
  /** Where the image was put, if not where its header says (Multiboot 2 only). */
  readonly loadBase?: PhysAddr;
}

const mmapType = (type: number): number => (type >= 1 && type <= 5 ? type : MEMORY_RESERVED);

/** KiB of RAM without a hole from `from` on. */
function kibFrom(memoryMap: readonly MemoryRange[], from: bigint): number {
  const row = memoryMap.find((r) => r.type === MEMORY_RAM && r.start <= from && from < r.start + r.length);
  return row === undefined ? 0 : Number(((row.start + row.length - from) >> 10n) & 0xffff_ffffn);
}

/** Lays objects one behind the other and tells each its address. */
class Packer {
  readonly #parts: Uint8Array[] = [];
  #at: bigint;

  constructor(at: PhysAddr) {
    this.#at = at;
  }

  put(bytes: Uint8Array): number {
    const here = Number(this.#at);
    const padded = alignUp(bytes.length, 8);
    this.#parts.push(bytes, new Uint8Array(padded - bytes.length));
    this.#at += BigInt(padded);
    return here;
  }

  bytes(): Uint8Array {
    return concat(this.#parts);
  }
}

/** Multiboot 1 information at `at`, with strings, modules and memory map right behind it. */
export function encodeMultibootInfo(input: MultibootInput, at: PhysAddr): Uint8Array {
  const { memoryMap, cmdline, modules, bootloader } = input;
  const body = new Packer((at + 0x78n) as PhysAddr);
  const cmdlineAt = body.put(asciz(cmdline));
  const list = modules.map((m) =>
    MULTIBOOT_MODULE.encode({
      mod_start: Number(m.start),
      mod_end: Number(m.start + m.size),
      string: body.put(asciz(m.string)),
    }),
  );
  const map = memoryMap.map((r) =>
    MULTIBOOT_MMAP_ENTRY.encode({ size: 20, addr: r.start, len: r.length, type: mmapType(r.type) }),
  );
  const mmap = concat(map);
  const head = MULTIBOOT_INFO.encode({
    flags: INFO_MEMORY | INFO_CMDLINE | INFO_MODS | INFO_MMAP | (bootloader === undefined ? 0 : INFO_LOADER_NAME),
    mem_lower: kibFrom(memoryMap, 0n),
    mem_upper: kibFrom(memoryMap, 0x100000n),
    cmdline: cmdlineAt,
    mods_count: modules.length,
    mods_addr: body.put(concat(list)),
    mmap_length: mmap.length,
    mmap_addr: body.put(mmap),
    ...(bootloader === undefined ? {} : { boot_loader_name: body.put(asciz(bootloader)) }),
  });
  return concat([head, new Uint8Array(4), body.bytes()]);
}

/** One tag of the Multiboot 2 information, padded to 8. */
function tag(type: number, ...parts: Uint8Array[]): Uint8Array {
  const body = concat(parts);
  return concat([le(type, 4), le(8 + body.length, 4), body, new Uint8Array(alignUp(body.length, 8) - body.length)]);
}

/** Multiboot 2 information. It holds everything itself, so it does not depend on where it lies. */
export function encodeMultiboot2Info(input: MultibootInput): Uint8Array {
  const { memoryMap, cmdline, modules, bootloader, rsdp, loadBase } = input;
  const map = memoryMap.map((r) =>
    MULTIBOOT2_MMAP_ENTRY.encode({ addr: r.start, len: r.length, type: mmapType(r.type) }),
  );
  const tags = [
    tag(1, asciz(cmdline)),
    ...(bootloader === undefined ? [] : [tag(2, asciz(bootloader))]),
    ...modules.map((m) => tag(3, le(m.start, 4), le(m.start + m.size, 4), asciz(m.string))),
    tag(4, le(kibFrom(memoryMap, 0n), 4), le(kibFrom(memoryMap, 0x100000n), 4)),
    tag(6, le(MULTIBOOT2_MMAP_ENTRY.size, 4), le(0, 4), ...map),
    ...(rsdp === undefined ? [] : [tag(rsdp.length > 20 ? 0x0f : 0x0e, rsdp)]),
    ...(loadBase === undefined ? [] : [tag(0x15, le(loadBase, 4))]),
    tag(0),
  ];
  const body = concat(tags);
  return concat([le(8 + body.length, 4), le(0, 4), body]);
}
