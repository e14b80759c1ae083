import { gunzipSync } from 'node:zlib';
import { getU32 } from '@bzelf/bytes';
import { guard, plain, tooLarge, type DecodeTask } from './decoder.js';

/** A deflate stream cannot grow more than this (zlib, "Technical Details"). */
const MAX_RATIO = 1032;

/** RFC 1952, by node:zlib. Checks gzip's own CRC and length. */
export async function gunzip({ bytes, size, limit }: DecodeTask): Promise<Uint8Array> {
  const expected = size ?? (bytes.length >= 4 ? getU32(bytes, bytes.length - 4) : 0);
  const room = Math.min(expected + 1, limit + 1, bytes.length * MAX_RATIO + 1);
  try {
    return plain(gunzipSync(bytes, { maxOutputLength: Math.max(1, limit), chunkSize: Math.max(64, room) }));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge('gzip', limit);
    return guard('gzip', () => {
      throw cause;
    });
  }
}
