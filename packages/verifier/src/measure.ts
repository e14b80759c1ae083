import { phys } from '@bzelf/bytes';
import { PT_LOAD, type MappingNote, type MappingRange } from '@bzelf/elf';
import type { KernelImage } from '@bzelf/loader';
import type { ProfileReport, RangeUse } from './execution/report.js';

/** From the start of a range, bytes. */
interface Extent {
  readonly from: bigint;
  readonly to: bigint;
}

/**
 * The MAPPING notes of a file with what runs to the kernel have really touched: ranges that were are `measured`, and not longer than from the
 * first to the last page that any of the runs needed. What the file itself loads stays whole, as does a kernel that is entered directly, which needs
 * its memory later. Ranges that nobody has touched stay as declared, so their number is the same.
 */
export function measureMappings(kernel: KernelImage, runs: readonly ProfileReport[]): MappingNote[] {
  return kernel.mappings.map(({ entryId, ranges }) => {
    const protocol = kernel.entries.find(({ id }) => id === entryId)?.protocol;
    const own = runs.filter((run) => run.protocol === protocol && run.reached !== 'nothing' && run.reached !== 'start');
    const uses = own.flatMap((run) => run.ranges);
    return { entryId, ranges: ranges.map((range, row) => measured(kernel, range, uses, row)) };
  });
}

function measured(kernel: KernelImage, range: MappingRange, uses: readonly RangeUse[], row: number): MappingRange {
  const extents = uses.flatMap((use) => (use.row === row ? extentOf(use) : []));
  if (extents.length === 0) return range;
  const isWhole = range.placedByLoader || kernel.form === 'vmlinux';
  const { from, to } = isWhole ? { from: 0n, to: range.length } : union([...extents, ...loadedPart(kernel, range)]);
  const end = to < range.length ? to : range.length;
  return { ...range, start: phys(range.start + from), length: end - from, evidence: 'measured' };
}

const extentOf = ({ start, touched }: RangeUse): Extent[] =>
  touched === undefined ? [] : [{ from: touched.start - start, to: touched.start + touched.length - start }];

/** What program headers bring into an image or stub range. */
function loadedPart(kernel: KernelImage, { start, length, purpose }: MappingRange): Extent[] {
  if (!('elf' in kernel) || (purpose !== 'image' && purpose !== 'stub')) return [];
  return kernel.elf.segments.flatMap(({ p_type, p_paddr, p_filesz }) => {
    const from = p_paddr > start ? p_paddr - start : 0n;
    const end = p_paddr + p_filesz - start;
    return p_type === PT_LOAD && end > from && from < length ? [{ from, to: end < length ? end : length }] : [];
  });
}

const union = (extents: readonly Extent[]): Extent =>
  extents.reduce((all, { from, to }) => ({ from: from < all.from ? from : all.from, to: to > all.to ? to : all.to }));
