import { BzelfError } from '@bzelf/bytes';
import { decodeNote, noteCodec, scanNotes, type DecodedNote, type ElfFile, type Note } from '@bzelf/elf';

/** A note with what it says, or with why that cannot be said. */
export interface ReadNote {
  readonly note: Note;
  /** NT_…, XEN_ELFNOTE_…; absent for a type that nobody told us of. */
  readonly name?: string;
  readonly decoded?: DecodedNote;
  readonly problem?: BzelfError;
}

/** The notes of one ELF file: the one that was named, or the kernel inside. */
export interface NoteList {
  readonly of: 'file' | 'inner';
  readonly class: 32 | 64;
  readonly notes: readonly ReadNote[];
  readonly problems: readonly BzelfError[];
}

export function collectNotes(elf: ElfFile, of: NoteList['of']): NoteList {
  const { notes, problems } = scanNotes(elf);
  const read = notes.map((note) => readNote(elf, note));
  const wrong = read.flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
  return { of, class: elf.class, notes: read, problems: [...problems, ...wrong] };
}

function readNote(elf: ElfFile, note: Note): ReadNote {
  const context = { class: elf.class, e_type: elf.header.e_type };
  const name = noteCodec(note, context)?.name;
  const named = { note, ...(name === undefined ? {} : { name }) };
  try {
    return { ...named, decoded: decodeNote(note, context) };
  } catch (error) {
    if (!(error instanceof BzelfError)) throw error;
    return { ...named, problem: error };
  }
}
