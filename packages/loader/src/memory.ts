import { alignDown, alignUp, hex, isPowerOfTwo, phys, type PhysAddr } from '@bzelf/bytes';
import { fail } from './errors.js';

/** e820 types; PVH and Multiboot use the same numbers for 1 to 5. Source: uapi/asm/e820.h. */
export const MEMORY_RAM = 1;
export const MEMORY_RESERVED = 2;
export const MEMORY_ACPI = 3;
export const MEMORY_NVS = 4;
export const MEMORY_UNUSABLE = 5;

/** One row of the machine's memory map, as e820 knows it. */
export interface MemoryRange {
  readonly start: PhysAddr;
  /** Bytes. */
  readonly length: bigint;
  /** An e820 type; 1 is RAM. */
  readonly type: number;
}

/** `[start, end)`. */
export interface Interval {
  readonly start: bigint;
  readonly end: bigint;
}

export interface Taken extends Interval {
  readonly purpose: string;
}

export interface PlaceRequest {
  /** Bytes. */
  readonly size: bigint;
  readonly align: bigint;
  readonly purpose: string;
  /** The lowest start that is allowed. */
  readonly low?: bigint;
  /** The first address behind what is allowed. */
  readonly high?: bigint;
  readonly from: 'top' | 'bottom';
}

const TOP = 1n << 64n;
const MAX_ROWS = 65536;

/** The memory map of a PC: RAM to 0x9fc00, from 1 MiB to at most 3 GiB, and the rest from 4 GiB on. */
export function pcMemoryMap(size: bigint): MemoryRange[] {
  const gap = 0xc000_0000n;
  const below = size < gap ? size : gap;
  const rows: MemoryRange[] = [
    { start: phys(0), length: 0x9fc00n, type: MEMORY_RAM },
    { start: phys(0x9fc00), length: 0x400n, type: MEMORY_RESERVED },
    { start: phys(0xf0000), length: 0x10000n, type: MEMORY_RESERVED },
  ];
  if (below > 0x100000n) rows.push({ start: phys(0x100000), length: below - 0x100000n, type: MEMORY_RAM });
  if (size > gap) rows.push({ start: phys(1n << 32n), length: size - gap, type: MEMORY_RAM });
  return rows;
}

/** RAM of a memory map as disjoint ascending intervals: where rows disagree, the one that is not RAM wins. Throws loader/bad-memory-map. */
export function ramIntervals(map: readonly MemoryRange[]): Interval[] {
  if (map.length > MAX_ROWS)
    throw fail('loader/bad-memory-map', { found: map.length, expected: `at most ${MAX_ROWS} rows` });
  map.forEach((row, index) => checkRow(row, index));
  const rows = map.filter((row) => row.length > 0n);
  const toInterval = ({ start, length }: MemoryRange): Interval => ({ start, end: start + length });
  const ram = rows.filter((row) => row.type === MEMORY_RAM).map(toInterval);
  const other = rows.filter((row) => row.type !== MEMORY_RAM).map(toInterval);
  return subtract(mergeIntervals(ram), other);
}

function checkRow({ start, length }: MemoryRange, index: number): void {
  if (start >= 0n && length >= 0n && start + length <= TOP) return;
  throw fail('loader/bad-memory-map', {
    field: `memoryMap[${index}]`,
    found: `start ${hex(start)}, length ${hex(length)}`,
    expected: 'a range inside 64 bits',
  });
}

/** Sorted and disjoint; intervals that touch become one. */
export function mergeIntervals(intervals: readonly Interval[]): Interval[] {
  const out: { start: bigint; end: bigint }[] = [];
  for (const { start, end } of [...intervals].sort(byStart)) {
    const last = out.at(-1);
    if (last !== undefined && start <= last.end) last.end = end > last.end ? end : last.end;
    else out.push({ start, end });
  }
  return out;
}

/** What of the disjoint, ascending `intervals` is not in `holes`. */
export function subtract(intervals: readonly Interval[], holes: readonly Interval[]): Interval[] {
  const out: Interval[] = [];
  const sorted = mergeIntervals(holes);
  let first = 0;
  for (const { start, end } of intervals) {
    let at = start;
    while (first < sorted.length && (sorted[first]?.end ?? 0n) <= start) first++;
    for (let i = first; i < sorted.length; i++) {
      const hole = sorted[i];
      if (hole === undefined || hole.start >= end) break;
      if (hole.start > at) out.push({ start: at, end: hole.start });
      if (hole.end > at) at = hole.end;
    }
    if (at < end) out.push({ start: at, end });
  }
  return out;
}

const byStart = (a: Interval, b: Interval): number => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0);

/** RAM, and who already has which part of it. Nothing is ever given out twice or outside RAM. */
export class FreeMemory {
  readonly ram: readonly Interval[];
  readonly #taken: Taken[] = [];

  constructor(map: readonly MemoryRange[]) {
    this.ram = ramIntervals(map);
  }

  get taken(): readonly Taken[] {
    return this.#taken;
  }

  /** Takes exactly `[start, start + size)`. Throws loader/not-ram, loader/overlap. */
  claim(start: bigint, size: bigint, purpose: string): PhysAddr {
    if (size > 0n) this.#checkRam(start, start + size, purpose);
    return this.occupy(start, size, purpose);
  }

  /** The same, whether it is RAM or not. Throws loader/overlap. */
  occupy(start: bigint, size: bigint, purpose: string): PhysAddr {
    if (size > 0n) {
      const other = this.#taken.find((t) => t.start < start + size && start < t.end);
      if (other !== undefined)
        throw fail('loader/overlap', {
          field: purpose,
          found: `${showRange(start, start + size)}, where ${other.purpose} has ${showRange(other.start, other.end)}`,
          expected: 'memory of its own for each object',
        });
      this.#taken.push({ start, end: start + size, purpose });
    }
    return phys(start);
  }

  isFree(start: bigint, size: bigint): boolean {
    return (
      this.ram.some((r) => r.start <= start && start + size <= r.end) &&
      !this.#taken.some((t) => t.start < start + size && start < t.end)
    );
  }

  /** Finds and takes a range. Throws loader/no-room, which tells the largest range there is. */
  place(request: PlaceRequest): PhysAddr {
    const start = this.find(request);
    if (start !== undefined) return this.claim(start, request.size, request.purpose);
    const { low = 0n, high = TOP, size, align, purpose } = request;
    const best = this.free(low, high).reduce((most, f) => (f.end - f.start > most ? f.end - f.start : most), 0n);
    throw fail('loader/no-room', {
      field: purpose,
      found: `the largest free range between ${hex(low)} and ${hex(high - 1n)} has ${hex(best)} bytes`,
      expected: `${hex(size)} bytes of RAM, aligned to ${hex(align)}`,
      hint: 'give the machine more memory, or a smaller initrd',
    });
  }

  /** Like `place`, but takes nothing, and returns undefined when there is no such range. */
  find({ size, align, low = 0n, high = TOP, from }: PlaceRequest): PhysAddr | undefined {
    if (!isPowerOfTwo(align)) throw new Error(`alignment ${align} is not a power of two`);
    const free = this.free(low, high);
    for (const { start, end } of from === 'top' ? free.reverse() : free) {
      if (end - start < size) continue;
      const at = from === 'top' ? alignDown(end - size, align) : alignUp(start, align);
      if (at >= start && at + size <= end) return phys(at);
    }
    return undefined;
  }

  /** Free RAM inside `[low, high)`, ascending. */
  free(low = 0n, high = TOP): Interval[] {
    const inside = this.ram
      .map((r) => ({ start: r.start > low ? r.start : low, end: r.end < high ? r.end : high }))
      .filter((r) => r.start < r.end);
    return subtract(inside, this.#taken);
  }

  #checkRam(start: bigint, end: bigint, purpose: string): void {
    if (this.ram.some((r) => r.start <= start && end <= r.end)) return;
    const gap = subtract([{ start, end }], this.ram)[0];
    throw fail('loader/not-ram', {
      field: purpose,
      found: gap === undefined ? showRange(start, end) : `no RAM at ${showRange(gap.start, gap.end)}`,
      expected: `RAM at ${showRange(start, end)}`,
    });
  }
}

/** A range as people write it: first and last byte. */
export const showRange = (start: bigint, end: bigint): string => `${hex(start)}-${hex(end - 1n)}`;
