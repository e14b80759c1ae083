import type { RangeView, TouchView } from './document.js';

/** Physical, in whole pages. */
export interface Extent {
  readonly start: bigint;
  readonly length: bigint;
}

export interface NamedExtent extends Extent {
  readonly range: RangeView;
  /** How many wider ranges it lies in. */
  readonly depth: number;
}

const PAGE = 4096n;
/** Touched memory outside of the ranges is gathered into so many stretches at most. */
const MOST_CLUSTERS = 8;
const FIRST_GAP = 16n * PAGE;

const inPages = (start: bigint, length: bigint): Extent => {
  const first = start - (start % PAGE);
  const end = ((start + length + PAGE - 1n) / PAGE) * PAGE;
  return { start: first, length: end > first ? end - first : PAGE };
};

const endOf = ({ start, length }: Extent): bigint => start + length;
const contains = (outer: Extent, inner: Extent): boolean => outer.start <= inner.start && endOf(inner) <= endOf(outer);
const byStart = (a: Extent, b: Extent): number => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0);

/** What was declared, with its nesting. */
export function declaredExtents(ranges: readonly RangeView[]): NamedExtent[] {
  const all = ranges.map((range) => ({ range, ...inPages(BigInt(range.start), BigInt(range.length)) }));
  return all.map((own, i) => ({
    ...own,
    depth: all.filter((other, j) => j !== i && contains(other, own) && (other.length > own.length || j < i)).length,
  }));
}

/** Stretches of memory that was touched although no range has it. */
export function strayExtents(touches: readonly TouchView[], declared: readonly Extent[]): Extent[] {
  const stray = touches
    .map(({ start, length }) => inPages(BigInt(start), BigInt(length)))
    .filter((own) => !declared.some((range) => contains(range, own)))
    .sort(byStart);
  for (let gap = FIRST_GAP; ; gap *= 4n) {
    const clusters = joined(stray, gap);
    if (clusters.length <= MOST_CLUSTERS) return clusters;
  }
}

function joined(sorted: readonly Extent[], gap: bigint): Extent[] {
  const all: Extent[] = [];
  for (const extent of sorted) {
    const last = all.at(-1);
    if (last === undefined || extent.start > endOf(last) + gap) all.push(extent);
    else if (endOf(extent) > endOf(last))
      all[all.length - 1] = { start: last.start, length: endOf(extent) - last.start };
  }
  return all;
}
