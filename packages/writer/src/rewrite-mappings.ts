import { concat } from '@bzelf/bytes';
import { elfbootChecksum, mappingNote, readElf, readNotes, sealElfBootChecksum, type MappingNote } from '@bzelf/elf';
import { fail } from './errors.js';

/**
 * A copy of a file of ours with other MAPPING notes: each of `mappings` takes the place of that of its entry. Sizes and places of everything
 * stay, so only a note with as many ranges fits; the checksum of ELFBoot is made anew. Throws writer/no-mapping, writer/mapping-size.
 */
export function rewriteMappings(input: Uint8Array, mappings: readonly MappingNote[]): Uint8Array {
  const notes = readNotes(readElf(input));
  const file = concat([input]);
  const old = notes.filter(({ owner, type }) => owner === mappingNote.owner && type === mappingNote.type);
  if (old.length === 0) throw fail('writer/no-mapping', { hint: 'make a file that has them with `bzelf wrap`' });
  for (const { desc, descOffset } of old) {
    const { entryId } = mappingNote.decode(desc);
    const wanted = mappings.find((own) => own.entryId === entryId);
    if (wanted === undefined) continue;
    const bytes = mappingNote.encode(wanted).desc;
    if (bytes.length !== desc.length)
      throw fail('writer/mapping-size', {
        offset: descOffset,
        field: `MAPPING of entry ${entryId}`,
        found: bytes.length,
        expected: `${desc.length} bytes`,
      });
    file.set(bytes, descOffset);
  }
  const isSealed = notes.some(({ owner, type }) => owner === elfbootChecksum.owner && type === elfbootChecksum.type);
  if (isSealed) sealElfBootChecksum(file);
  return file;
}
