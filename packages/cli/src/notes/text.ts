import { hex, toHex } from '@bzelf/bytes';
import type { EntryNote, MappingNote } from '@bzelf/elf';
import { count, noteText } from '../print/note-value.js';
import type { Paint } from '../print/paint.js';
import { ENTRY_HEADINGS, RANGE_HEADINGS, entryRow, rangeRow } from '../print/ranges.js';
import { printable } from '../print/printable.js';
import { table } from '../print/table.js';
import type { NoteList, ReadNote } from './collect.js';

export interface NoteTextOptions {
  readonly file: string;
  /** How the file as a whole is packed. */
  readonly compressor?: string | undefined;
  /** Show the bytes, too. */
  readonly raw: boolean;
  readonly paint: Paint;
}

/** Notes for people: one line each; the ENTRY notes and each MAPPING as a table. */
export function noteListText(lists: readonly NoteList[], options: NoteTextOptions): string {
  return lists.map((list) => listText(list, options)).join('\n');
}

function listText(list: NoteList, { file, compressor, raw, paint }: NoteTextOptions): string {
  const subject = list.of === 'inner' ? `the kernel inside ${file}` : file;
  const packed = compressor === undefined || list.of === 'inner' ? '' : `${compressor}-compressed `;
  const title = `${paint.bold(subject)}: ${packed}ELF${list.class}, ${count(list.notes.length, 'note')}\n`;
  const columns = { owner: widest(list, ownerOf), name: widest(list, nameOf) };
  const mappings = new Map<string, number>();
  const groups = runs(list.notes, containerText).map((notes) => {
    const heading = notes[0] === undefined ? '' : `${paint.dim(containerText(notes[0]))}\n`;
    const blocks = raw ? notes.map((note) => [note]) : runs(notes, blockOf);
    return heading + blocks.map((block) => blockText(block, { columns, raw, paint, mappings })).join('');
  });
  return title + groups.join('');
}

/** Neighbours of the same key. */
function runs<T>(items: readonly T[], keyOf: (item: T, index: number) => string): T[][] {
  const out: T[][] = [];
  let last: string | undefined;
  items.forEach((item, index) => {
    const key = keyOf(item, index);
    if (key === last) out.at(-1)?.push(item);
    else out.push([item]);
    last = key;
  });
  return out;
}

/** ENTRY notes stand together, every other note for itself. */
const blockOf = ({ decoded }: ReadNote, index: number): string =>
  decoded?.kind === 'bzelf-entry' ? 'entries' : String(index);

/** "PT_NOTE 0, aligned to 4". */
function containerText({ note: { container, align } }: ReadNote): string {
  const where =
    container.kind === 'PT_NOTE'
      ? `PT_NOTE ${container.index}`
      : `section ${printable(container.name ?? String(container.index))}`;
  return `${where}, aligned to ${align}`;
}

interface Columns {
  readonly owner: number;
  readonly name: number;
}

const MAX_COLUMN = 40;
const widest = (list: NoteList, text: (read: ReadNote) => string): number =>
  list.notes.reduce((most, read) => Math.max(most, Math.min(MAX_COLUMN, text(read).length)), 0);

const ownerOf = ({ note }: ReadNote): string => printable(note.owner);
const nameOf = ({ name, note }: ReadNote): string => name ?? `type ${hex(note.type)}`;

interface BlockOptions {
  readonly columns: Columns;
  readonly raw: boolean;
  readonly paint: Paint;
  /** The tables shown so far, and the entry that each was shown for: most entries want the same ranges. */
  readonly mappings: Map<string, number>;
}

function blockText(block: readonly ReadNote[], options: BlockOptions): string {
  const { columns, raw, paint } = options;
  const [first] = block;
  if (first === undefined) return '';
  const owner = ownerOf(first).padEnd(columns.owner);
  const label = `  ${owner}  ${paint.cyan(nameOf(first).padEnd(columns.name))}  `;
  return `${label}${contentText(block, first, options)}${raw ? rawLines(first) : ''}`;
}

function contentText(
  block: readonly ReadNote[],
  { decoded, problem }: ReadNote,
  { paint, mappings }: BlockOptions,
): string {
  if (problem !== undefined) return `${paint.red(`${problem.code}: ${problem.message}`)}\n`;
  if (decoded === undefined) return '\n';
  if (decoded.kind === 'bzelf-entry') {
    const entries = block.flatMap((read): EntryNote[] =>
      read.decoded?.kind === 'bzelf-entry' ? [read.decoded.value] : [],
    );
    return `${count(entries.length, 'way')} in\n${table([ENTRY_HEADINGS, ...entries.map(entryRow)], { indent: 6 })}`;
  }
  if (decoded.kind === 'bzelf-mapping') return mappingText(decoded.value, mappings);
  return `${printable(noteText(decoded)) || '""'}\n`;
}

function mappingText({ entryId, ranges }: MappingNote, shown: Map<string, number>): string {
  const rows = ranges.length === 0 ? '' : table([RANGE_HEADINGS, ...ranges.map(rangeRow)], { indent: 6, right: [1] });
  const before = shown.get(rows);
  if (before !== undefined) return `for entry ${entryId} the same ranges as for entry ${before}\n`;
  shown.set(rows, entryId);
  return `${count(ranges.length, 'range')} to map before entry ${entryId}\n${rows}`;
}

const ROW = 16;

/** The descriptor as a hex dump with file offsets. */
function rawLines({ note: { desc, descOffset } }: ReadNote): string {
  let text = '';
  for (let at = 0; at < desc.length; at += ROW) {
    const bytes = desc.subarray(at, at + ROW);
    const digits = toHex(bytes).replaceAll(/(..)(?=.)/g, '$1 ');
    text += `      ${hex(descOffset + at, 8)}  ${digits.padEnd(3 * ROW)} ${ascii(bytes)}\n`;
  }
  return text;
}

const ascii = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
