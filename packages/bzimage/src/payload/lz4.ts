import { getU32, setU32 } from '@bzelf/bytes';
import { corrupt, guard, loadLibrary, plain, tooLarge, type DecodeTask } from './decoder.js';

/** Every block but the last decodes to exactly this. Source: lz4 Frame format, "Legacy frame". */
const BLOCK = 8 << 20;
/** LZ4_compressBound: a longer block was not made by a compressor. */
const BLOCK_BOUND = BLOCK + Math.floor(BLOCK / 255) + 16;

type Uncompress = (prefixed: Uint8Array) => Uint8Array;

/**
 * LZ4 legacy frames (`lz4 -l`), block by block with lz4-napi. The format has no end mark: the stream ends where the
 * known size is reached, else where no block header is left.
 */
export async function unlz4({ bytes, size, limit }: DecodeTask): Promise<Uint8Array> {
  if (size !== undefined && size > limit) throw tooLarge('lz4', limit, size);
  const library = await loadLibrary('lz4-napi', async () => (await import('lz4-napi')).default);
  const uncompress: Uncompress = (prefixed) => library.uncompressSync(prefixed);
  // The library wants the room for its output before each block: it goes where the frame has the block's own size.
  const stream = new Uint8Array(bytes); // a copy, also of a Buffer, whose slice() is none
  return size === undefined ? ofUnknownSize(stream, limit, uncompress) : ofKnownSize(stream, size, uncompress);
}

function ofKnownSize(stream: Uint8Array, size: number, uncompress: Uncompress): Uint8Array {
  checkBlocks(stream, size);
  const output = new Uint8Array(size);
  let done = 0;
  for (let at = 4; done < size;) {
    const blockSize = readBlockSize(stream, at);
    const room = Math.min(BLOCK, size - done);
    const block = decodeBlock(stream, at, { blockSize, room, uncompress });
    if (block.length !== room) throw corrupt('lz4', `a block of ${block.length} bytes in place of ${room}`, at);
    output.set(block, done);
    done += block.length;
    at += 4 + blockSize;
  }
  return output;
}

/** A size that the blocks cannot fill is found before memory is taken for it. */
function checkBlocks(stream: Uint8Array, size: number): void {
  let at = 4;
  for (let left = size; left > 0; left -= BLOCK) at += 4 + readBlockSize(stream, at);
}

function ofUnknownSize(stream: Uint8Array, limit: number, uncompress: Uncompress): Uint8Array {
  const blocks: Uint8Array[] = [];
  let done = 0;
  for (let at = 4; at + 4 < stream.length;) {
    const blockSize = readBlockSize(stream, at);
    const block = decodeBlock(stream, at, { blockSize, room: BLOCK, uncompress });
    done += block.length;
    if (done > limit) throw tooLarge('lz4', limit, done);
    blocks.push(block);
    at += 4 + blockSize;
  }
  return plain(Buffer.concat(blocks));
}

function readBlockSize(stream: Uint8Array, at: number): number {
  if (at + 4 > stream.length) throw corrupt('lz4', 'the frame ends early', at);
  const blockSize = getU32(stream, at);
  if (blockSize === 0 || blockSize > BLOCK_BOUND) throw corrupt('lz4', `a block of ${blockSize} bytes`, at);
  if (at + 4 + blockSize > stream.length) throw corrupt('lz4', 'the last block is cut short', at);
  return blockSize;
}

function decodeBlock(
  stream: Uint8Array,
  at: number,
  { blockSize, room, uncompress }: { blockSize: number; room: number; uncompress: Uncompress },
): Uint8Array {
  setU32(stream, at, room);
  return guard('lz4', () => uncompress(stream.subarray(at, at + 4 + blockSize)));
}
