import { hex, toHex } from '@bzelf/bytes';
import { P_TYPE_NAMES, type ElfFile } from '@bzelf/elf';
import type { KernelImage } from '@bzelf/loader';
import { headerFields } from '../info/header-fields.js';
import { bzImageFacts, kernelFacts, type Fact } from '../info/text.js';
import { memoryPicture } from '../map/regions.js';
import { collectNotes, type NoteList, type ReadNote } from '../notes/collect.js';
import { noteText } from '../print/note-value.js';
import { accessText, entryRow, rangeRow, rangeText } from '../print/ranges.js';

/** What can be compared, in the order of the output. */
export const PARTS = ['file', 'setup_header', 'entries', 'segments', 'memory', 'notes', 'inner notes'] as const;
export type Part = (typeof PARTS)[number];

/** What an image says of itself: for every part, names with their values, each name once. */
export type ImageFacts = Readonly<Record<Part, ReadonlyMap<string, string>>>;

export function imageFacts(kernel: KernelImage, inner: NoteList | undefined): ImageFacts {
  const { bzImage } = kernel;
  const elf = 'elf' in kernel ? kernel.elf : undefined;
  const { regions, placedByLoader } = memoryPicture(kernel);
  return {
    file: named([
      ['form', kernel.form],
      ...kernelFacts(kernel).filter(([name]) => name !== 'file'),
      ['size', `${kernel.source.size} bytes`],
      ...(bzImage === undefined ? [] : bzImageFacts(bzImage)),
    ]),
    setup_header: named(
      bzImage === undefined ? [] : headerFields(bzImage).map(({ name, value, digits }) => [name, hex(value, digits)]),
    ),
    entries: named(kernel.entries.map((entry) => [entry.protocol, entryRow(entry).slice(2).join(' ')])),
    segments: named(elf === undefined ? [] : segmentFacts(elf)),
    memory: named([
      ...regions.map(({ lane, what, start, length, access, remark }): Fact => [
        `${lane} ${what}`,
        [rangeText(start, length), access, remark].filter(Boolean).join(' '),
      ]),
      ...placedByLoader.map((range): Fact => [`placed by the loader ${range.purpose}`, `${range.length} bytes`]),
    ]),
    notes: named(elf === undefined ? [] : noteFacts(collectNotes(elf, 'file'))),
    'inner notes': named(inner === undefined ? [] : noteFacts(inner)),
  };
}

/** Names that come again get a number. */
function named(facts: readonly Fact[]): Map<string, string> {
  const out = new Map<string, string>();
  for (const [name, value] of facts) {
    let unique = name;
    for (let i = 2; out.has(unique); i++) unique = `${name} (${i})`;
    out.set(unique, value);
  }
  return out;
}

function segmentFacts({ segments }: ElfFile): Fact[] {
  return segments.map(({ p_type, p_offset, p_vaddr, p_paddr, p_filesz, p_memsz, p_flags, p_align }, index) => {
    const access = accessText({ read: (p_flags & 4) !== 0, write: (p_flags & 2) !== 0, execute: (p_flags & 1) !== 0 });
    const numbers = Object.entries({ p_offset, p_vaddr, p_paddr, p_filesz, p_memsz, p_align });
    const words = numbers.map(([name, value]) => `${name.slice(2)} ${hex(value)}`);
    return [`${index} ${P_TYPE_NAMES[p_type] ?? hex(p_type)}`, [...words, access].join(' ')];
  });
}

/** ENTRY notes are compared as entries, by their protocol; the ranges of MAPPING notes stand behind the others. */
function noteFacts({ notes }: NoteList): Fact[] {
  const single = notes.filter(({ decoded }) => decoded?.kind !== 'bzelf-entry' && decoded?.kind !== 'bzelf-mapping');
  const own = single.map((read): Fact => [
    `${read.note.owner} ${read.name ?? `type ${hex(read.note.type)}`}`,
    valueOf(read),
  ]);
  return [...own, ...mappingFacts(notes)];
}

/** Most entries want the same ranges, so a range is told once with the ids of its entries. */
function mappingFacts(notes: readonly ReadNote[]): Fact[] {
  const ids = new Map<string, { name: string; text: string; entries: number[] }>();
  for (const { decoded } of notes) {
    if (decoded?.kind !== 'bzelf-mapping') continue;
    for (const range of decoded.value.ranges) {
      const text = rangeRow(range).filter(Boolean).join(' ');
      const row = ids.get(text) ?? { name: `bzelf MAPPING ${range.purpose}`, text, entries: [] };
      row.entries.push(decoded.value.entryId);
      ids.set(text, row);
    }
  }
  return [...ids.values()].map(({ name, text, entries }) => [name, `${text}, for entry ${entries.join(' ')}`]);
}

function valueOf({ decoded, note, problem }: ReadNote): string {
  if (problem !== undefined || decoded === undefined) return `${problem?.code ?? 'unread'} ${toHex(note.desc)}`;
  return decoded.kind === 'unknown' ? toHex(note.desc) : noteText(decoded);
}
