import { BzelfError } from '@bzelf/bytes';
import { decodeNote, scanNotes, type DecodedNote, type ElfFile } from '@bzelf/elf';

/** Notes that can be decoded; what is wrong with the others is said in a sentence. */
export function decodedNotes(elf: ElfFile): { notes: DecodedNote[]; warnings: string[] } {
  const scan = scanNotes(elf);
  const warnings = scan.problems.map(describe);
  const notes: DecodedNote[] = [];
  for (const note of scan.notes) {
    const decoded = attempt(() => decodeNote(note, { class: elf.class, e_type: elf.header.e_type }), warnings);
    if (decoded !== undefined) notes.push(decoded);
  }
  return { notes, warnings };
}

/** Undefined, and a warning, where the file is malformed. */
export function attempt<T>(read: () => T, warnings: string[]): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof BzelfError)) throw error;
    warnings.push(describe(error));
    return undefined;
  }
}

const describe = (error: BzelfError): string =>
  `${error.code}: ${error.message}${error.field === undefined ? '' : ` (${error.field})`}`;
