import type { BzelfError } from '@bzelf/bytes';
import { probeElf, readElf, viewNotesAs } from '@bzelf/elf';
import type { NotesArgs } from '../commands/notes.js';
import { UsageError } from '../exit.js';
import { openInput } from '../io.js';
import { collectNotes, type NoteList } from '../notes/collect.js';
import { viewText } from '../notes/view.js';
import { noteListText } from '../notes/text.js';
import { jsonText } from '../print/json.js';
import { stdoutPaint, writeStdout } from '../terminal.js';

/** What could be read is shown first; then the first thing that is wrong is thrown. */
export async function runNotes({ file, json, xml, raw, inner, as }: NotesArgs): Promise<void> {
  if (xml && (json || as !== undefined)) throw new UsageError('--xml goes with neither --json nor --as');
  const input = openInput(file);
  try {
    if (as !== undefined) {
      const view = viewNotesAs(readElf(input), as);
      return writeStdout(json ? jsonText({ schema: 'bzelf.note-view/1', file, ...view }) : viewText(view));
    }
    const isElf = probeElf(input);
    const lists: NoteList[] = isElf ? [collectNotes(readElf(input), 'file')] : [];
    if (inner || !isElf) lists.push(await (await import('../notes/inner.js')).innerNotes(input));
    await show({ file, json, xml, raw }, lists);
    throwFirst(lists.flatMap((list) => list.problems));
  } finally {
    input.close();
  }
}

async function show({ file, json, xml, raw }: Pick<NotesArgs, 'file' | 'json' | 'xml' | 'raw'>, lists: NoteList[]) {
  if (!json && !xml) return writeStdout(noteListText(lists, { file, raw, paint: stdoutPaint() }));
  const { notesDocument } = await import('../notes/document.js');
  const document = notesDocument(file, lists, raw);
  if (json) return writeStdout(jsonText(document));
  const { notesXml } = await import('../notes/xml.js');
  writeStdout(notesXml(document));
}

function throwFirst(problems: readonly BzelfError[]): void {
  if (problems[0] !== undefined) throw problems[0];
}
