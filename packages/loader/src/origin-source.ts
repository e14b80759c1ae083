import type { ByteSource } from '@bzelf/bytes';
import { checkRange } from '@bzelf/bytes';
import type { OriginNote, OriginPiece } from '@bzelf/elf';
import { fail } from './errors.js';

/**
 * The original bzImage as a file of its own, read through the pieces of an ORIGIN note: nothing is copied until it is
 * asked for. Throws loader/bad-origin when the pieces do not cover the original or lie outside the file.
 */
export function originSource(source: ByteSource, { size, pieces }: OriginNote): ByteSource {
  checkPieces(source, size, pieces);
  return {
    size,
    read(offset, length) {
      checkRange(size, offset, length);
      const touched = pieces.filter((p) => p.at < offset + length && offset < p.at + p.length);
      const parts = touched.map((piece) => readPart(source, piece, offset, offset + length));
      if (parts.length === 1 && parts[0] !== undefined) return parts[0];
      const out = new Uint8Array(length);
      let at = 0;
      for (const part of parts) {
        out.set(part, at);
        at += part.length;
      }
      return out;
    },
  };
}

/** The bytes of one piece inside `[start, end)` of the original. */
function readPart(source: ByteSource, piece: OriginPiece, start: number, end: number): Uint8Array {
  const from = Math.max(start, piece.at) - piece.at;
  const to = Math.min(end, piece.at + piece.length) - piece.at;
  return piece.from === 'inline' ? piece.bytes.subarray(from, to) : source.read(piece.fileOffset + from, to - from);
}

function checkPieces(source: ByteSource, size: number, pieces: readonly OriginPiece[]): void {
  let at = 0;
  pieces.forEach((piece, index) => {
    const wrong = (found: string, expected: string) =>
      fail('loader/bad-origin', { field: `ORIGIN piece ${index}`, found, expected });
    if (piece.at !== at || piece.length < 0) throw wrong(`offset ${piece.at}`, `${at}, where the piece before ends`);
    if (piece.from === 'file' && (piece.fileOffset < 0 || piece.fileOffset + piece.length > source.size))
      throw wrong(
        `${piece.length} bytes at ${piece.fileOffset}`,
        `a range inside the ${source.size} bytes of the file`,
      );
    if (piece.from === 'inline' && piece.bytes.length !== piece.length)
      throw wrong(`${piece.bytes.length} bytes`, `${piece.length} bytes`);
    at += piece.length;
  });
  if (at !== size)
    throw fail('loader/bad-origin', { field: 'ORIGIN', found: `pieces of ${at} bytes`, expected: `${size} bytes` });
}
