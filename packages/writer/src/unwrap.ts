import { equalBytes, toHex, toSource, type ByteSource } from '@bzelf/bytes';
import { originNote, readElf, readNotes, type OriginNote } from '@bzelf/elf';
import { fail } from './errors.js';
import { sha256 } from './notes.js';

/** The bzImage that a container or inplace file was made from, bit for bit. Throws writer/no-origin, writer/origin-mismatch. */
export function unwrap(input: Uint8Array | ByteSource): Uint8Array {
  const source = toSource(input);
  const origin = readOrigin(source);
  const out = new Uint8Array(origin.size);
  for (const piece of origin.pieces) {
    out.set(piece.from === 'inline' ? piece.bytes : source.read(piece.fileOffset, piece.length), piece.at);
  }
  const hash = sha256(out);
  if (!equalBytes(hash, origin.sha256)) {
    throw fail('writer/origin-mismatch', {
      field: 'ORIGIN.sha256',
      found: toHex(hash),
      expected: toHex(origin.sha256),
      hint: 'the file was changed after it was wrapped',
    });
  }
  return out;
}

/** The ORIGIN note, its pieces checked against the file: no hole, no overlap, nothing past the end. */
export function readOrigin(source: ByteSource): OriginNote {
  const note = readNotes(readElf(source)).find(
    ({ owner, type }) => owner === originNote.owner && type === originNote.type,
  );
  if (note === undefined) {
    throw fail('writer/no-origin', { hint: 'only the forms container and inplace keep their bzImage' });
  }
  const origin = originNote.decode(note.desc);
  let end = 0;
  for (const piece of origin.pieces) {
    const fits = piece.from === 'inline' || piece.fileOffset + piece.length <= source.size;
    if (piece.at !== end || !fits) {
      throw fail('writer/origin-mismatch', {
        offset: note.offset,
        field: 'ORIGIN.pieces',
        found: `${piece.length} bytes for ${piece.at}`,
        expected: `the bytes from ${end} on, inside the file of ${source.size} bytes`,
      });
    }
    end += piece.length;
  }
  if (end !== origin.size) {
    throw fail('writer/origin-mismatch', {
      offset: note.offset,
      field: 'ORIGIN.size',
      found: origin.size,
      expected: `${end}, the sum of its pieces`,
    });
  }
  return origin;
}
