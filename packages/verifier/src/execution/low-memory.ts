import { copyLength, type LoadPlan } from '@bzelf/loader';
import type { TouchLog } from '@bzelf/x86';
import type { LowMemoryArea } from './report.js';

const PAGE = 4096;
/** Everything below belongs to firmware. */
export const LOW_END = 0x10_0000;
/** Segment of the extended BIOS data area, which firmware has put there. */
export const EBDA_POINTER = 0x40e;
/** Where the EBDA is at most, if nobody says. */
const HIGHEST_EBDA = 0x9fc00;

/** A read of page 0, to the byte. */
export interface EarlyRead {
  readonly physical: number;
  readonly size: number;
  readonly rip: bigint;
  readonly count: bigint;
}

export interface LowRead {
  readonly area: LowMemoryArea;
  readonly address: number;
  readonly rip: bigint;
  readonly count: bigint;
}

/** The map of the first MiB of a PC. Source: IBM PC AT Technical Reference; `ebda` is what the BIOS data area says. */
// prettier-ignore
const areas = (ebda: number): readonly (readonly [end: number, area: LowMemoryArea])[] => [
  [0x400,    'IVT'],
  [0x500,    'BDA'],
  [ebda,     'RAM'],
  [0xa0000,  'EBDA'],
  [0xc0000,  'video memory'],
  [0xe0000,  'option ROMs'],
  [LOW_END,  'BIOS'],
];

/** What a PC has there; `ebda` is where the EBDA begins. */
export const lowMemoryArea = (address: number, ebda: number): LowMemoryArea =>
  areas(ebda).find(([end]) => address < end)?.[1] ?? 'BIOS';

/** As the pointer says, when it is one. */
export function ebdaOf(ram: Uint8Array): number {
  const start = ((ram[EBDA_POINTER] ?? 0) | ((ram[EBDA_POINTER + 1] ?? 0) << 8)) << 4;
  return start >= 0x8_0000 && start < 0xa_0000 ? start : HIGHEST_EBDA;
}

/** First reads of pages below 1 MiB beside those that the plan has filled; of page 0, which is known to the byte, of each area. */
export function lowMemoryReads(
  touches: TouchLog,
  early: readonly EarlyRead[],
  { copies }: LoadPlan,
  ebda: number,
): LowRead[] {
  const brought = (address: number, size: number) =>
    copies.some((copy) => address < Number(copy.to) + copyLength(copy) && address + size > Number(copy.to));
  const reads: LowRead[] = [];
  for (const { physical, size, rip, count } of early) {
    const area = lowMemoryArea(physical, ebda);
    if (!brought(physical, size) && !reads.some((own) => own.area === area && own.address === physical))
      reads.push({ area, address: physical, rip, count });
  }
  for (let page = 1; page < LOW_END / PAGE; page++) {
    const touch = touches.first(page, 'read');
    if (touch === undefined || brought(page * PAGE, PAGE)) continue;
    reads.push({ area: lowMemoryArea(page * PAGE, ebda), address: page * PAGE, rip: touch.rip, count: touch.count });
  }
  return reads.sort((a, b) => Number(a.count - b.count));
}
