import { concat, struct, u32, u64, type PhysAddr } from '@bzelf/bytes';
import { MEMORY_UNUSABLE, type MemoryRange } from './memory.js';

export const HVM_START_MAGIC = 0x336e_c578;

/** What a PVH kernel finds at ebx. Source: Xen public/arch-x86/hvm/start_info.h. `since` is the structure's version. */
// prettier-ignore
export const HVM_START_INFO = struct('hvm_start_info', [
  [0x00, u32, 'magic',          '0x336ec578'],
  [0x04, u32, 'version',        '0 or 1'],
  [0x08, u32, 'flags',          'SIF_PRIVILEGED 1, SIF_INITDOMAIN 2'],
  [0x0c, u32, 'nr_modules',     'entries of the module list'],
  [0x10, u64, 'modlist_paddr',  'physical, hvm_modlist_entry'],
  [0x18, u64, 'cmdline_paddr',  'physical, NUL-terminated; 0 = none'],
  [0x20, u64, 'rsdp_paddr',     'physical; 0 = the kernel looks for it'],
  [0x28, u64, 'memmap_paddr',   'physical, hvm_memmap_table_entry', 1],
  [0x30, u32, 'memmap_entries', 'entries of the memory map',        1],
  [0x34, u32, 'reserved',       '0',                                1],
]);

// prettier-ignore
export const HVM_MODLIST_ENTRY = struct('hvm_modlist_entry', [
  [0x00, u64, 'paddr',         'physical address of the module'],
  [0x08, u64, 'size',          'bytes'],
  [0x10, u64, 'cmdline_paddr', 'physical, NUL-terminated; 0 = none'],
  [0x18, u64, 'reserved',      '0'],
]);

// prettier-ignore
export const HVM_MEMMAP_TABLE_ENTRY = struct('hvm_memmap_table_entry', [
  [0x00, u64, 'addr',     'physical'],
  [0x08, u64, 'size',     'bytes'],
  [0x10, u32, 'type',     '1 RAM, 2 reserved, 3 ACPI, 4 NVS, 5 unusable, 6 disabled, 7 PMEM'],
  [0x14, u32, 'reserved', '0'],
]);

/** A version 0 structure ends before the memory map. */
const VERSION_0_SIZE = HVM_START_INFO.field('memmap_paddr').at;

export interface StartInfoInput {
  readonly version: 0 | 1;
  /** Where the block will lie; the lists follow the structure. */
  readonly at: PhysAddr;
  readonly memoryMap: readonly MemoryRange[];
  readonly cmdline?: PhysAddr;
  readonly modules: readonly { readonly start: PhysAddr; readonly size: bigint }[];
  readonly rsdp?: PhysAddr;
}

export interface StartInfoParts {
  readonly startInfo: Uint8Array;
  readonly modlist: Uint8Array;
  readonly memmap: Uint8Array;
}

/** hvm_start_info with its module list and memory map right behind it. */
export function encodeStartInfo(input: StartInfoInput): Uint8Array {
  const modlistAt = input.at + BigInt(HVM_START_INFO.size);
  const memmapAt = modlistAt + BigInt(input.modules.length * HVM_MODLIST_ENTRY.size);
  const { startInfo, modlist, memmap } = encodeStartInfoParts(input, modlistAt, memmapAt);
  return concat([startInfo, modlist, memmap]);
}

/** The same with the lists at places of their own. */
export function encodeStartInfoParts(
  { version, memoryMap, cmdline, modules, rsdp }: Omit<StartInfoInput, 'at'>,
  modlistAt: bigint,
  memmapAt: bigint,
): StartInfoParts {
  const modlist = modules.map((m) => HVM_MODLIST_ENTRY.encode({ paddr: m.start, size: m.size }));
  const memmap = version === 0 ? [] : memoryMap.map(encodeMemmapEntry);
  const startInfo = HVM_START_INFO.encode({
    magic: HVM_START_MAGIC,
    version,
    nr_modules: modules.length,
    modlist_paddr: modules.length === 0 ? 0n : modlistAt,
    cmdline_paddr: cmdline ?? 0n,
    rsdp_paddr: rsdp ?? 0n,
    ...(version === 0 ? {} : { memmap_paddr: memmapAt, memmap_entries: memmap.length }),
  });
  return { startInfo, modlist: concat(modlist), memmap: concat(memmap) };
}

export const startInfoSize = (modules: number, memoryMap: readonly MemoryRange[]): number =>
  HVM_START_INFO.size + modules * HVM_MODLIST_ENTRY.size + memoryMap.length * HVM_MEMMAP_TABLE_ENTRY.size;

/** e820 7 is persistent memory and so is PVH 7; what PVH has no number for is unusable. */
function encodeMemmapEntry({ start, length, type }: MemoryRange): Uint8Array {
  const known = (type >= 1 && type <= 5) || type === 7;
  return HVM_MEMMAP_TABLE_ENTRY.encode({ addr: start, size: length, type: known ? type : MEMORY_UNUSABLE });
}

/** The structure back from bytes; a version 0 has no memory map. */
export function decodeStartInfo(bytes: Uint8Array) {
  const version =
    bytes.length < VERSION_0_SIZE ? 0 : HVM_START_INFO.readSome(bytes, 0, (f) => f.name === 'version').version;
  return HVM_START_INFO.readSome(bytes, 0, (f) => f.since <= (version ?? 0));
}
