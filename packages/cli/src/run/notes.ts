import type { BzelfError } from '@bzelf/bytes';
import { probeElf, readElf, viewNotesAs } from '@bzelf/elf';
import type { NotesArgs } from '../commands/notes.js';
import { openImage } from '../compressed.js';
import { UsageError } from '../exit.js';
import { collectNotes, type NoteList } from '../notes/collect.js';
import { viewText } from '../notes/view.js';
import { noteListText } from '../notes/text.js';
import { jsonText } from '../print/json.js';
import { stdoutPaint, writeStdout } from '../terminal.js';

/** What could be read is shown first; then the first thing that is wrong is thrown. */
export async function runNotes({ file, json, xml, raw, inner, as }: NotesArgs): Promise<void> {
  if (xml && (json || as !== undefined)) throw new UsageError('--xml goes with neither --json nor --as');
  const input = await openImage(file);
  try {
    if (as !== undefined) {
      const view = viewNotesAs(readElf(input), as);
      return writeStdout(json ? jsonText({ schema: 'bzelf.note-view/1', file, ...view }) : viewText(view));
    }
    const isElf = probeElf(input);
    const lists: NoteList[] = isElf ? [collectNotes(readElf(input), 'file')] : [];
    if (inner || !isElf) lists.push(await (await import('../notes/inner.js')).innerNotes(input));
    await show({ file, json, xml, raw }, lists, input.compressor);
    throwFirst(lists.flatMap((list) => list.problems));
  } finally {
    input.close();
  }
}

type Shown = Pick<NotesArgs, 'file' | 'json' | 'xml' | 'raw'>;

async function show({ file, json, xml, raw }: Shown, lists: NoteList[], compressor: string | undefined) {
  if (!json && !xml) return writeStdout(noteListText(lists, { file, compressor, raw, paint: stdoutPaint() }));
  const { notesDocument } = await import('../notes/document.js');
  const document = notesDocument(file, lists, raw, compressor);
  if (json) return writeStdout(jsonText(document));
  const { notesXml } = await import('../notes/xml.js');
  writeStdout(notesXml(document));
}

function throwFirst(problems: readonly BzelfError[]): void {
  if (problems[0] !== undefined) throw problems[0];
}
