import * as zlib from 'node:zlib';
import { corrupt, guard, loadLibrary, plain, tooLarge, type DecodeTask } from './decoder.js';
import { walkZstdFrame } from './zstd-frame.js';

/** node:zlib has zstd from 22.15 on; the types of Node 20 do not know it. */
interface ZstdOptions {
  maxOutputLength: number;
  chunkSize: number;
  params: Record<number, number>;
}
type ZstdDecompressSync = (bytes: Uint8Array, options: ZstdOptions) => Uint8Array;

const ZSTD_d_windowLogMax = 100;
/** 2 GiB is the format's ceiling for a decoder without --long; the output limit bounds the memory. */
const WINDOW_LOG_MAX = 31;

/** zstd by node:zlib where it has it, else by @toondepauw/node-zstd. The frame's end is found before it is decoded. */
export async function unzstd({ bytes, size, limit }: DecodeTask): Promise<Uint8Array> {
  const frame = walkZstdFrame(bytes);
  if (frame.least > limit) throw tooLarge('zstd', limit, frame.least);
  const stream = bytes.subarray(0, frame.length);
  const native = (zlib as { zstdDecompressSync?: ZstdDecompressSync }).zstdDecompressSync;
  return native === undefined
    ? byLibrary(stream, frame.most, limit)
    : byNode(native, stream, { size, most: frame.most, limit });
}

function byNode(
  decompress: ZstdDecompressSync,
  stream: Uint8Array,
  { size, most, limit }: { size: number | undefined; most: number; limit: number },
): Uint8Array {
  const chunkSize = Math.max(64, Math.min(size ?? most, most, limit) + 1);
  try {
    const params = { [ZSTD_d_windowLogMax]: WINDOW_LOG_MAX };
    return plain(decompress(stream, { maxOutputLength: limit, chunkSize, params }));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge('zstd', limit);
    return guard('zstd', () => {
      throw cause;
    });
  }
}

/** This decoder knows no limit, so a frame that may exceed it is refused: `most` is what its blocks can hold at most. */
async function byLibrary(stream: Uint8Array, most: number, limit: number): Promise<Uint8Array> {
  if (most > Math.max(limit, UNBOUNDED_MAX)) throw tooLarge('zstd', limit, most);
  const { Decoder } = await loadLibrary(
    '@toondepauw/node-zstd',
    async () => (await import('@toondepauw/node-zstd')).default,
  );
  const input = Buffer.from(stream.buffer, stream.byteOffset, stream.length);
  const output = guard('zstd', () => new Decoder().decodeSync(input));
  if (output.length > limit) throw tooLarge('zstd', limit, output.length);
  if (output.length > most) throw corrupt('zstd', 'more output than its blocks can hold');
  return plain(output);
}

/** Blocks are rarely full, so `most` is a rough bound; below this it is not worth refusing. */
const UNBOUNDED_MAX = 256 << 20;
