import { hex } from '@bzelf/bytes';
import { copyLength, type Copy, type LoadPlan } from '@bzelf/loader';
import type { AllowedRange } from './rights.js';

const MIB = 0x10_0000;
/** How far behind or before a range an access is still thought to belong to it. */
const NEAR = 16 * MIB;

/** What is where in every PC. Sources: IBM PC AT Technical Reference; RBIL, MEMORY.LST; ACPI 6.5, 5.2.5.1; Intel SDM vol. 3A, 10.4.1. */
// prettier-ignore
const PLACES: readonly (readonly [start: number, end: number, what: string])[] = [
  [0x0,         0x400,       'the interrupt vectors of real mode'],
  [0x40e,       0x410,       'BIOS data area: segment of the EBDA, where the search for the ACPI RSDP begins'],
  [0x413,       0x415,       'BIOS data area: KiB of low memory'],
  [0x449,       0x467,       'BIOS data area: video mode, columns, cursor'],
  [0x46c,       0x471,       'BIOS data area: ticks since midnight'],
  [0x472,       0x474,       'BIOS data area: warm boot flag'],
  [0x475,       0x476,       'BIOS data area: number of hard disks'],
  [0x484,       0x48a,       'BIOS data area: rows and video flags'],
  [0x400,       0x500,       'BIOS data area'],
  [0x80000,     0xa0000,     'the end of low memory: EBDA, where the ACPI RSDP or the MP table may be'],
  [0xa0000,     0xb0000,     'VGA graphics memory'],
  [0xb0000,     0xb8000,     'monochrome text screen'],
  [0xb8000,     0xc0000,     'colour text screen'],
  [0xc0000,     0xe0000,     'option ROMs'],
  [0xe0000,     0x100000,    'BIOS area, which is searched for ACPI RSDP, SMBIOS and MP tables'],
  [0xfec0_0000, 0xfec0_1000, 'I/O APIC'],
  [0xfed0_0000, 0xfed0_0400, 'HPET'],
  [0xfed4_0000, 0xfed4_5000, 'TPM'],
  [0xfee0_0000, 0xfee0_1000, 'local APIC'],
];

export const isIn = (copy: Copy, address: number): boolean =>
  address >= Number(copy.to) && address < Number(copy.to) + copyLength(copy);

/** What an access to memory that is not mapped may have been after; undefined when nothing is known of the place. */
export function whatIsAt(
  address: number,
  { copies, reserve }: LoadPlan,
  ranges: readonly AllowedRange[],
  ram: number,
): string | undefined {
  const copy = copies.find((own) => isIn(own, address));
  if (copy !== undefined) return `the loader's ${copy.purpose}`;
  const known = PLACES.find(([start, end]) => address >= start && address < end);
  if (known !== undefined) return known[2];
  const kept = reserve.find(({ start, length }) => address >= Number(start) && address < Number(start + length));
  const parts = [kept && `kept free as ${kept.purpose}`, besideRange(address, ranges)].filter(
    (part) => part !== undefined,
  );
  if (parts.length > 0) return parts.join(', ');
  return address >= ram ? `beyond the ${ram / MIB} MiB of RAM` : undefined;
}

/** `0x1000 bytes behind the range runtime`: a range that is too short, or a count that is too long. */
function besideRange(address: number, ranges: readonly AllowedRange[]): string | undefined {
  const behind = ranges
    .map(({ end, purpose }) => ({ distance: address - end, purpose, side: 'behind' }))
    .filter(({ distance }) => distance >= 0);
  const before = ranges
    .map(({ start, purpose }) => ({ distance: start - address, purpose, side: 'before' }))
    .filter(({ distance }) => distance > 0);
  const [nearest] = [...behind, ...before].sort((a, b) => a.distance - b.distance);
  if (nearest === undefined || nearest.distance >= NEAR) return undefined;
  const { distance, side, purpose } = nearest;
  const how = distance === 0 ? 'right' : `${hex(distance)} bytes`;
  return `${how} ${side} the range ${purpose}`;
}
