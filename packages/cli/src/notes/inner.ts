import type { ByteSource } from '@bzelf/bytes';
import { readElf } from '@bzelf/elf';
import { extractVmlinux } from '../payload.js';
import { collectNotes, type NoteList } from './collect.js';

/** The notes of the kernel inside a bzImage, or inside what wrap made of one. */
export async function innerNotes(source: ByteSource): Promise<NoteList> {
  const { elf } = await extractVmlinux(source);
  return collectNotes(readElf(elf), 'inner');
}
