import { addBytes, phys, type PhysAddr } from '@bzelf/bytes';
import type { BzImage } from '@bzelf/bzimage';
import type { EntryNote, MappingPurpose, MappingRange } from '@bzelf/elf';

/** A way in with what has to be mapped for it. */
export interface DeclaredEntry extends Omit<EntryNote, 'id'> {
  readonly ranges: readonly MappingRange[];
}

/** startup_64 of a bzImage. Source: boot.rst, 64-bit Boot Protocol. */
export const ENTRY_64_OFFSET = 0x200;
/** The real-mode entry: the byte behind the boot sector. Source: boot.rst, Running the kernel. */
const ENTRY_16_OFFSET = 0x200n;
const BOOT_PARAMS_SIZE = 0x1000n;

/** `rwx`-style access. */
export function range(
  purpose: MappingPurpose,
  start: PhysAddr,
  length: bigint,
  access: string,
  more: { optional?: boolean; placedByLoader?: boolean; virtOffset?: bigint } = {},
): MappingRange {
  return {
    start,
    length,
    virtOffset: more.virtOffset ?? 0n,
    read: access.includes('r'),
    write: access.includes('w'),
    execute: access.includes('x'),
    purpose,
    required: !more.optional,
    placedByLoader: more.placedByLoader ?? false,
    evidence: 'declared',
  };
}

/** The loader chooses where this lies. */
export const placedByLoader = (
  purpose: MappingPurpose,
  length: bigint,
  access: string,
  optional = false,
): MappingRange => range(purpose, phys(0), length, access, { placedByLoader: true, optional });

/**
 * What the decompressor touches on the loader's page tables, from its 64-bit entry to its own CR3.
 * Source: boot.rst, 64-bit Boot Protocol; head_64.S of 6.1 and 6.12 (low memory only when LA57 has to change).
 */
export function decompressorRanges(bz: BzImage, image: MappingRange, runtime: MappingRange): MappingRange[] {
  return [
    image,
    runtime,
    placedByLoader('boot-params', BOOT_PARAMS_SIZE, 'rw'),
    placedByLoader('cmdline', BigInt((bz.header.cmdline_size ?? 0xff) + 1), 'r', true),
    placedByLoader('setup-data', BOOT_PARAMS_SIZE, 'r', true),
    range('low-memory', phys(0), 0x10_0000n, 'rw', { optional: true }),
  ];
}

/** The entries of the bzImage itself, loaded at `load`: what any boot loader of the boot protocol uses. */
export function bzImageEntries(bz: BzImage, load: PhysAddr, initSize: bigint): DeclaredEntry[] {
  const image = range('image', load, BigInt(bz.protectedMode.size), 'rwx');
  const ranges = decompressorRanges(bz, image, range('runtime', load, initSize, 'rwx'));
  const entries: DeclaredEntry[] = [
    {
      protocol: 'linux16',
      mode: 'real16',
      address: phys(ENTRY_16_OFFSET),
      argument: 'ds',
      setupRelative: true,
      ranges: [image, range('low-memory', phys(0), 0x10_0000n, 'rwx')],
    },
  ];
  if (bz.bits >= 32) {
    entries.push({
      protocol: 'linux32',
      mode: 'protected32',
      address: load,
      argument: 'esi',
      setupRelative: false,
      ranges,
    });
  }
  if (bz.bits === 64) {
    const address = addBytes(load, ENTRY_64_OFFSET);
    entries.push({ protocol: 'linux64', mode: 'long64', address, argument: 'rsi', setupRelative: false, ranges });
  }
  return entries;
}

/** Which parameter block each protocol of the entry stub reads, beside boot_params. */
// prettier-ignore
const STUB_PROTOCOLS = [
  { protocol: 'pvh',        argument: 'ebx',     purpose: 'start-info' },
  { protocol: 'multiboot',  argument: 'eax-ebx', purpose: 'start-info' },
  { protocol: 'multiboot2', argument: 'eax-ebx', purpose: 'start-info' },
  { protocol: 'linux32',    argument: 'esi',     purpose: 'boot-params' },
  { protocol: 'elfboot',    argument: 'stack',   purpose: 'start-info' },
  { protocol: 'coreboot',   argument: 'stack',   purpose: 'start-info' },
] as const;

export type StubProtocol = (typeof STUB_PROTOCOLS)[number]['protocol'];

export interface StubEntries {
  readonly protocols: readonly StubProtocol[];
  readonly entry32: PhysAddr;
  /** Absent where the file has no way in for 64-bit mode. */
  readonly entry64?: PhysAddr;
  /** Stub, image and runtime window. */
  readonly own: readonly MappingRange[];
}

/** The entries of a container: all lead into the stub, each with the parameter block its loader brings. */
export function stubEntries(bz: BzImage, { protocols, entry32, entry64, own }: StubEntries): DeclaredEntry[] {
  const cmdline = placedByLoader('cmdline', BigInt((bz.header.cmdline_size ?? 0xff) + 1), 'r', true);
  const entries: DeclaredEntry[] = STUB_PROTOCOLS.filter((row) => protocols.includes(row.protocol)).map((row) => ({
    protocol: row.protocol,
    mode: 'protected32',
    address: entry32,
    argument: row.argument,
    setupRelative: false,
    // PVH: the stub borrows a dword of start_info for the one call that tells it where it is
    ranges: [...own, placedByLoader(row.purpose, BOOT_PARAMS_SIZE, 'rw'), cmdline],
  }));
  if (entry64 !== undefined) {
    const [image, runtime] = own as [MappingRange, MappingRange];
    const ranges = [...decompressorRanges(bz, image, runtime), ...own.slice(2)];
    entries.push({
      protocol: 'linux64',
      mode: 'long64',
      address: entry64,
      argument: 'rsi',
      setupRelative: false,
      ranges,
    });
  }
  return entries;
}
