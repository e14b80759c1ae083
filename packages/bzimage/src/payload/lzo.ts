import { crc32 } from 'node:zlib';
import { concat, viewOf } from '@bzelf/bytes';
import { corrupt, tooLarge, unsupported, type DecodeTask } from './decoder.js';
import { decodeLzo1x } from './lzo1x.js';

const F_ADLER32_D = 0x001;
const F_ADLER32_C = 0x002;
const F_CRC32_D = 0x100;
const F_CRC32_C = 0x200;
const F_H_FILTER = 0x800;
/** lzop's own block size is 256 KiB; the format allows 64 MiB (lzop, MAX_BLOCK_SIZE). */
const BLOCK_MAX = 64 << 20;

/** The lzop container, big-endian, with LZO1X blocks. Source: lib/decompress_unlzo.c; lzop 1.04, src/lzop.c. */
export async function unlzo({ bytes, limit }: DecodeTask): Promise<Uint8Array> {
  const { flags, end } = readHeader(bytes);
  const view = viewOf(bytes);
  const blocks: Uint8Array[] = [];
  let total = 0;
  for (let at = end; ;) {
    const size = u32(view, at);
    if (size === 0) return concat(blocks);
    const packed = u32(view, at + 4);
    if (size > BLOCK_MAX || packed > size || packed === 0)
      throw corrupt('lzo', `a block of ${packed} to ${size} bytes`, at);
    total += size;
    if (total > limit) throw tooLarge('lzo', limit, total);
    const start = at + 8 + checksumBytes(flags, packed < size);
    if (start + packed > bytes.length) throw corrupt('lzo', 'the last block is cut short', at);
    const block = decodeBlock(bytes.subarray(start, start + packed), size, start);
    verify(block, flags, { view, at: at + 8 });
    blocks.push(block);
    at = start + packed;
  }
}

function decodeBlock(packed: Uint8Array, size: number, offset: number): Uint8Array {
  if (packed.length === size) return packed;
  const output = new Uint8Array(size);
  const problem = decodeLzo1x(packed, output);
  if (problem !== undefined) throw corrupt('lzo', problem.what, offset + problem.at);
  return output;
}

/** The checksum of the decompressed data comes first; lzop writes Adler-32 unless told otherwise. */
function verify(block: Uint8Array, flags: number, { view, at }: { view: DataView; at: number }): void {
  const computed = (flags & F_ADLER32_D) !== 0 ? adler32(block) : (flags & F_CRC32_D) !== 0 ? crc32(block) : undefined;
  if (computed !== undefined && computed !== u32(view, at))
    throw corrupt('lzo', 'the data does not match its checksum', at);
}

/** RFC 1950, 8.2. Sums stay below 2^32 for 5552 bytes between two reductions. */
function adler32(bytes: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (let at = 0; at < bytes.length;) {
    for (const end = Math.min(at + 5552, bytes.length); at < end; at++) {
      a += bytes[at] ?? 0;
      b += a;
    }
    a %= 65521;
    b %= 65521;
  }
  return b * 65536 + a;
}

/** Checksums of the decompressed data, then of the compressed data unless the block is stored. */
function checksumBytes(flags: number, compressed: boolean): number {
  const bytes = (flag: number) => ((flags & flag) === 0 ? 0 : 4);
  return bytes(F_ADLER32_D) + bytes(F_CRC32_D) + (compressed ? bytes(F_ADLER32_C) + bytes(F_CRC32_C) : 0);
}

function readHeader(bytes: Uint8Array): { flags: number; end: number } {
  const view = viewOf(bytes);
  if (bytes.length < 40) throw corrupt('lzo', 'the header is cut short', bytes.length);
  const version = view.getUint16(9, false);
  const modern = version >= 0x0940;
  const methodAt = modern ? 15 : 13;
  const method = view.getUint8(methodAt);
  if (method < 1 || method > 3) throw unsupported('lzo', `method ${method}`, 'LZO1X, methods 1 to 3');
  const flagsAt = methodAt + (modern ? 2 : 1);
  const flags = view.getUint32(flagsAt, false);
  if ((flags & F_H_FILTER) !== 0) throw unsupported('lzo', 'a filter', 'no filter');
  // mode and mtime, from 0.940 on the high half of mtime, then the name with its length, then the header's checksum
  const nameAt = flagsAt + 4 + 4 + 4 + (modern ? 4 : 0);
  return { flags, end: nameAt + 1 + view.getUint8(nameAt) + 4 };
}

function u32(view: DataView, at: number): number {
  if (at + 4 > view.byteLength) throw corrupt('lzo', 'the stream ends early', at);
  return view.getUint32(at, false);
}
