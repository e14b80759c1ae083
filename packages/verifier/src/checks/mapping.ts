import { hex } from '@bzelf/bytes';
import { PF_X, type EntryNote, type MappingNote, type MappingRange, type Note } from '@bzelf/elf';
import { kernelLoad, notesOf, type ElfSubject } from '../subject.js';
import { defineElfCheck, type Report } from './check.js';

// prettier-ignore
const FINDINGS = {
  'mapping/unknown-entry': {
    severity: 'error', title: 'A MAPPING note is for an entry that does not exist',
    explanation: 'Its ranges are never mapped.', remedy: 'wrap the bzImage again',
  },
  'mapping/missing': {
    severity: 'error', title: 'An ENTRY note has no MAPPING note',
    explanation: 'A loader that enters with paging on does not know what to map.', remedy: 'wrap the bzImage again',
  },
  'mapping/twice': {
    severity: 'error', title: 'Two MAPPING notes are for one entry',
    explanation: 'A loader takes one of them.', remedy: 'wrap the bzImage again',
  },
  'mapping/range': {
    severity: 'error', title: 'A range of a MAPPING note is empty or wraps around',
    explanation: 'It maps nothing, or everything.', remedy: 'wrap the bzImage again',
  },
  'mapping/conflict': {
    severity: 'error', title: 'Two ranges map the same physical memory at different virtual addresses',
    explanation: 'All ranges of an entry are mapped together; code that knows one address does not find itself at the other.', remedy: 'wrap the bzImage again; look at --map',
  },
  'mapping/entry': {
    severity: 'error', title: 'An entry is not in an executable range of its MAPPING note',
    explanation: 'The first instruction would fault.', remedy: 'wrap the bzImage again',
  },
  'mapping/segment': {
    severity: 'error', title: 'Loaded code is not in the ranges of a MAPPING note',
    explanation: 'The kernel or the stub would fault where the range ends.', remedy: 'wrap the bzImage again',
  },
  'mapping/image': {
    severity: 'error', title: 'The image range of a MAPPING note is not what the file loads of the kernel',
    explanation: 'The protected-mode kernel is loaded there, and all of it is read.', remedy: 'wrap the bzImage again',
  },
  'mapping/runtime': {
    severity: 'error', title: 'The runtime range of a MAPPING note is not the kernel\'s start and init_size',
    explanation: 'The decompressor works in all of it.', remedy: 'wrap the bzImage again',
  },
} as const;
type Reporter = Report<typeof FINDINGS>;

export const mappingCheck = defineElfCheck({
  name: 'mapping',
  doc: 'Each entry has its ranges, and they cover what the entry needs: its code, the image, the runtime window.',
  findings: FINDINGS,
  run(subject, report) {
    const mappings = notesOf(subject, 'bzelf-mapping');
    const entries = notesOf(subject, 'bzelf-entry').map(({ value }) => value);
    if (subject.undecodable.length > 0) return;
    const seen = new Set<number>();
    for (const { note, value } of mappings) {
      const where = { offset: note.descOffset, field: 'MAPPING.entry_id', found: value.entryId };
      if (seen.has(value.entryId)) report('mapping/twice', where);
      seen.add(value.entryId);
      const entry = entries.find(({ id }) => id === value.entryId);
      if (entry === undefined) report('mapping/unknown-entry', where);
      else checkRanges(subject, entry, note, value, report);
    }
    for (const { id, protocol } of entries)
      if (!seen.has(id)) report('mapping/missing', { field: `ENTRY ${id}`, found: protocol });
  },
});

const end = ({ start, length }: MappingRange): bigint => start + length;
const show = (range: MappingRange): string => `${range.purpose} ${hex(range.start)}-${hex(end(range) - 1n)}`;

function checkRanges(
  subject: ElfSubject,
  entry: EntryNote,
  { descOffset: offset }: Note,
  { ranges }: MappingNote,
  report: Reporter,
): void {
  const field = `MAPPING for ${entry.protocol}`;
  const fixed = ranges.filter(({ placedByLoader }) => !placedByLoader);
  for (const range of ranges)
    if (range.length === 0n || end(range) > 1n << 64n) report('mapping/range', { offset, field, found: show(range) });
  fixed.forEach((range, i) => {
    const other = fixed
      .slice(0, i)
      .find((r) => r.virtOffset !== range.virtOffset && r.start < end(range) && range.start < end(r));
    if (other !== undefined)
      report('mapping/conflict', { offset, field, found: show(range), expected: `apart from ${show(other)}` });
  });
  if (entry.setupRelative) return checkWindow(subject, offset, field, fixed, report, false);
  const home = fixed.find((r) => r.execute && entry.address >= r.start && entry.address < end(r));
  if (home === undefined) report('mapping/entry', { offset, field, found: entry.address });
  for (const load of subject.loads) {
    const gap = (load.p_flags & PF_X) === 0 ? undefined : firstGap(fixed, load.p_paddr, load.p_paddr + load.p_filesz);
    if (gap !== undefined) report('mapping/segment', { offset, field, found: `nothing at ${hex(gap)}` });
  }
  checkWindow(subject, offset, field, fixed, report, true);
}

/** The first address of [from, to) that no range holds. */
function firstGap(ranges: readonly MappingRange[], from: bigint, to: bigint): bigint | undefined {
  let at = from;
  for (const range of [...ranges].sort((a, b) => (a.start < b.start ? -1 : 1)))
    if (range.start <= at && end(range) > at) at = end(range);
  return at < to ? at : undefined;
}

/** The whole window where it is declared; a part of it where it was measured. */
function isWindow(range: MappingRange | undefined, from: bigint, size: bigint): boolean {
  if (range?.evidence === 'measured') return range.start >= from && end(range) <= from + size;
  return range?.start === from && range.length === size;
}

/** Image and runtime window of a container or inplace file, against the file and PLACEMENT. */
function checkWindow(
  subject: ElfSubject,
  offset: number,
  field: string,
  ranges: readonly MappingRange[],
  report: Reporter,
  hasRuntime: boolean,
): void {
  const { bz, form, kernel } = subject;
  const loaded = kernelLoad(subject);
  if (bz === undefined || loaded === undefined || (form !== 'container' && form !== 'inplace')) return;
  const [image] = ranges.filter(({ purpose }) => purpose === 'image');
  // A 16-bit kernel's real-mode part is loaded before it, and belongs to the image.
  const start = bz.bits === 16 && form === 'container' ? loaded.load.p_paddr : loaded.start;
  const expectedEnd = loaded.load.p_paddr + loaded.load.p_filesz;
  if (image === undefined || image.start !== start || end(image) !== expectedEnd)
    report('mapping/image', {
      offset,
      field,
      found: image === undefined ? 'no image range' : show(image),
      expected: `${hex(start)}-${hex(expectedEnd - 1n)}`,
    });
  const [runtime] = ranges.filter(({ purpose }) => purpose === 'runtime');
  const { placement } = kernel;
  if (!hasRuntime || placement === undefined) return;
  const isRight = [loaded.start, placement.preferred].some((from) => isWindow(runtime, from, placement.initSize));
  if (!isRight)
    report('mapping/runtime', {
      offset,
      field,
      found: runtime === undefined ? 'no runtime range' : show(runtime),
      expected: `${hex(placement.initSize)} bytes from ${hex(loaded.start)}`,
    });
}
