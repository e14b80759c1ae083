import { hex } from '@bzelf/bytes';
import { noteCodec, type NoteView } from '@bzelf/elf';
import { printable } from '../print/printable.js';
import { table } from '../print/table.js';

/** What one program makes of the notes: the notes on its way, then the entry it takes or why it stops. */
export function viewText({ reader, notes, entry, failure }: NoteView): string {
  const rows = notes.map((note) => [
    hex(note.offset),
    printable(note.owner),
    hex(note.type),
    noteCodec(note)?.name ?? '',
    `${note.desc.length} bytes`,
  ]);
  const seen =
    notes.length === 0 ? `${reader} sees no notes\n` : `${reader} sees\n${table(rows, { indent: 2, right: [0, 4] })}`;
  const used = entry === undefined ? '' : `and enters at ${hex(entry)}\n`;
  return `${seen}${used}${failure === undefined ? '' : `and stops: ${failure}\n`}`;
}
