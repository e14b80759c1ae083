import { crc32 } from 'node:zlib';
import { equalBytes, getU32 } from '@bzelf/bytes';
import { corrupt, guard, loadLibrary, plain, tooLarge, unsupported, type DecodeTask } from './decoder.js';
import { undoX86Bcj } from './x86-bcj.js';
import { walkXz, type XzBlock, type XzStream } from './xz-format.js';

/**
 * xz: container, x86 filter and integrity check are read here, the LZMA2 data by @napi-rs/lzma. (The library's own xz
 * reader refuses the x86 filter, which every x86 kernel has.) Multi-block streams of threaded xz are read, too.
 */
export async function unxz({ bytes, limit }: DecodeTask): Promise<Uint8Array> {
  const stream = walkXz(bytes);
  const size = stream.blocks.reduce((sum, block) => sum + block.size, 0);
  if (size > limit) throw tooLarge('xz', limit, size);
  const { lzma2 } = await loadLibrary('@napi-rs/lzma', async () => (await import('@napi-rs/lzma')).default);
  const decode = async (block: XzBlock) => {
    const data = bytes.subarray(block.data.offset, block.data.offset + block.data.length);
    return decodeBlock(bytes, stream, block, () => lzma2.decompressSync(data));
  };
  const [only] = stream.blocks;
  if (only !== undefined && stream.blocks.length === 1) return decode(only);
  const output = new Uint8Array(size);
  let at = 0;
  for (const block of stream.blocks) {
    output.set(await decode(block), at);
    at += block.size;
  }
  return output;
}

async function decodeBlock(
  bytes: Uint8Array,
  { check }: XzStream,
  block: XzBlock,
  lzma2: () => Uint8Array,
): Promise<Uint8Array> {
  const output = plain(guard('xz', lzma2));
  if (output.length !== block.size)
    throw corrupt('xz', `${output.length} bytes decoded in place of ${block.size}`, block.data.offset);
  if (block.bcj !== undefined) undoX86Bcj(output, block.bcj.start);
  await verifyCheck(output, check, bytes.subarray(block.checkOffset), block.checkOffset);
  return output;
}

/** Kernels use none or CRC32 (scripts/xz_wrap.sh: the kernel's decoder knows no other); SHA-256 costs us nothing. */
async function verifyCheck(output: Uint8Array, check: number, stored: Uint8Array, offset: number): Promise<void> {
  if (check === 0) return;
  if (check === 1) {
    if (stored.length >= 4 && crc32(output) === getU32(stored)) return;
  } else if (check === 10) {
    const { createHash } = await import('node:crypto');
    if (equalBytes(createHash('sha256').update(output).digest(), stored.subarray(0, 32))) return;
  } else {
    throw unsupported('xz', `integrity check ${check}`, 'none, CRC32 or SHA-256');
  }
  throw corrupt('xz', 'the data does not match its integrity check', offset);
}
