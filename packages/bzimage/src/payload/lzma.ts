import { getU64, setU64 } from '@bzelf/bytes';
import { fail } from '../errors.js';
import { corrupt, guard, loadLibrary, plain, tooLarge, type DecodeTask } from './decoder.js';

/** u8 properties, u32 dictionary size, u64 decompressed size (all ones: unknown, the stream has an end mark). */
const HEADER_SIZE = 13;
const UNKNOWN = 0xffff_ffff_ffff_ffffn;

/**
 * The "lzma alone" format by @napi-rs/lzma. The decoder knows no limit of its own, so the size is put into the
 * stream's header, where it stops at; `lzma -9` leaves it open (scripts/Makefile.lib, cmd_lzma).
 */
export async function unlzma({ bytes, size, limit }: DecodeTask): Promise<Uint8Array> {
  if (bytes.length < HEADER_SIZE) throw corrupt('lzma', 'the header is cut short', bytes.length);
  const own = getU64(bytes, 5);
  const expected = own === UNKNOWN ? size : Number(own);
  if (expected === undefined)
    throw fail('bzimage/payload-size-unknown', {
      field: 'lzma stream',
      hint: 'give the size; kernels append it as a u32',
    });
  if (expected > limit) throw tooLarge('lzma', limit, expected);
  const { lzma } = await loadLibrary('@napi-rs/lzma', async () => (await import('@napi-rs/lzma')).default);
  const stream = new Uint8Array(bytes);
  setU64(stream, 5, BigInt(expected));
  return plain(guard('lzma', () => lzma.decompressSync(stream)));
}
