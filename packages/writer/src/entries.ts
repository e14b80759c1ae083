import { addBytes, phys, type PhysAddr } from '@bzelf/bytes';
import { cmdlineSizeMax, declaredRange, linux64Ranges, loadersRange, type BzImage } from '@bzelf/bzimage';
import type { EntryNote, MappingRange } from '@bzelf/elf';

/** A way in with what has to be mapped for it. */
export interface DeclaredEntry extends Omit<EntryNote, 'id'> {
  readonly ranges: readonly MappingRange[];
}

/** startup_64 of a bzImage. Source: boot.rst, 64-bit Boot Protocol. */
export const ENTRY_64_OFFSET = 0x200;
/** The real-mode entry: the byte behind the boot sector. Source: boot.rst, Running the kernel. */
const ENTRY_16_OFFSET = 0x200n;
/** A parameter block of a loader: a page, whatever it is. */
const BLOCK_SIZE = 0x1000n;

const cmdlineSize = ({ header }: BzImage): bigint => BigInt(cmdlineSizeMax(header) + 1);

/** The entries of the bzImage itself, loaded at `load`: what any boot loader of the boot protocol uses. */
export function bzImageEntries(bz: BzImage, load: PhysAddr, initSize: bigint): DeclaredEntry[] {
  const image = { start: load, length: BigInt(bz.protectedMode.size) };
  const ranges = linux64Ranges(image, { start: load, length: initSize }, cmdlineSize(bz));
  const entries: DeclaredEntry[] = [
    {
      protocol: 'linux16',
      mode: 'real16',
      address: phys(ENTRY_16_OFFSET),
      argument: 'ds',
      setupRelative: true,
      ranges: [
        declaredRange('image', image.start, image.length, 'rwx'),
        ...(bz.bits === 16 ? [] : [declaredRange('runtime', load, initSize, 'rwx')]),
        declaredRange('low-memory', 0n, 0x10_0000n, 'rwx'),
      ],
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

/** Which parameter block each protocol of the entry stub reads, beside boot_params, and whether the memory map may have to come from elsewhere. */
// prettier-ignore
const STUB_PROTOCOLS = [
  { protocol: 'pvh',        argument: 'ebx',     purpose: 'start-info',  asksFirmware: false },
  { protocol: 'multiboot',  argument: 'eax-ebx', purpose: 'start-info',  asksFirmware: false },
  { protocol: 'multiboot2', argument: 'eax-ebx', purpose: 'start-info',  asksFirmware: false },
  { protocol: 'linux32',    argument: 'esi',     purpose: 'boot-params', asksFirmware: false },
  { protocol: 'elfboot',    argument: 'stack',   purpose: 'start-info',  asksFirmware: true },
  { protocol: 'coreboot',   argument: 'stack',   purpose: 'start-info',  asksFirmware: true },
] as const;

/** The coreboot table, and the BIOS, whose memory map is asked for by code at 0x8000. Source: stub/coreboot.S, bios.S. */
const FIRMWARE = declaredRange('low-memory', 0n, 0x10_0000n, 'rwx', { optional: true });

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
  const cmdline = loadersRange('cmdline', cmdlineSize(bz), 'r', { optional: true });
  const entries: DeclaredEntry[] = STUB_PROTOCOLS.filter((row) => protocols.includes(row.protocol)).map((row) => ({
    protocol: row.protocol,
    mode: 'protected32',
    address: entry32,
    argument: row.argument,
    setupRelative: false,
    // PVH: the stub borrows a dword of start_info for the one call that tells it where it is
    ranges: [...own, loadersRange(row.purpose, BLOCK_SIZE, 'rw'), cmdline, ...(row.asksFirmware ? [FIRMWARE] : [])],
  }));
  if (entry64 !== undefined) {
    const [image, runtime] = own as [MappingRange, MappingRange];
    const ranges = [...linux64Ranges(image, runtime, cmdlineSize(bz)), ...own.slice(2)];
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
