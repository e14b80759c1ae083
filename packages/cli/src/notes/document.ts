import { toHex, type BzelfError } from '@bzelf/bytes';
import type { NoteList, ReadNote } from './collect.js';

/** The notes as plain data: what `--json` prints. Source: docs/json.md, bzelf.notes/1. */
export function notesDocument(file: string, lists: readonly NoteList[], raw: boolean, compressor?: string) {
  const [own, inner] = [lists.find((list) => list.of === 'file'), lists.find((list) => list.of === 'inner')];
  return {
    schema: 'bzelf.notes/1',
    file,
    ...(compressor === undefined ? {} : { compressor }),
    ...(own === undefined ? {} : listDocument(own, raw)),
    ...(inner === undefined ? {} : { inner: listDocument(inner, raw) }),
  };
}

export type NotesDocument = ReturnType<typeof notesDocument>;

function listDocument({ class: elfClass, notes, problems }: NoteList, raw: boolean) {
  return {
    class: elfClass,
    notes: notes.map((note) => noteDocument(note, raw)),
    ...(problems.length === 0 ? {} : { problems: problems.map(problemDocument) }),
  };
}

function noteDocument({ note, name, decoded, problem }: ReadNote, raw: boolean) {
  const { owner, type, offset, align, container, desc } = note;
  const isUnknown = decoded === undefined || decoded.kind === 'unknown';
  return {
    owner,
    type,
    ...(name === undefined ? {} : { name }),
    offset,
    align,
    container,
    ...(decoded === undefined ? {} : { kind: decoded.kind }),
    ...(isUnknown ? {} : { value: decoded.value as unknown }),
    ...(isUnknown || raw ? { raw: toHex(desc) } : {}),
    ...(problem === undefined ? {} : { problem: problemDocument(problem) }),
  };
}

const problemDocument = ({ code, message, offset, field, found, expected, hint }: BzelfError) => ({
  code,
  message,
  offset,
  field,
  found,
  expected,
  hint,
});
