import { corrupt } from './decoder.js';

export interface ZstdFrame {
  /** Bytes of the frame; what follows is not part of it. */
  length: number;
  /** Bounds of the decompressed size, from the frame and block headers alone. */
  least: number;
  most: number;
}

/** RFC 8878, 3.1.1.2.3: no block holds more, whatever the window. */
const BLOCK_MAX = 128 << 10;

/** Walks the headers of one frame without decoding. Throws bzimage/payload-corrupt. Source: RFC 8878, 3.1.1. */
export function walkZstdFrame(bytes: Uint8Array): ZstdFrame {
  if (bytes.length < 6) throw corrupt('zstd', 'the frame header is cut short', bytes.length);
  const descriptor = bytes[4] ?? 0;
  const singleSegment = (descriptor & 0x20) !== 0;
  const checksum = (descriptor & 0x04) !== 0 ? 4 : 0;
  const dictionaryId = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const contentSizeBytes = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  const contentSizeAt = 5 + (singleSegment ? 0 : 1) + dictionaryId;
  let at = contentSizeAt + contentSizeBytes;
  const content = readContentSize(bytes, contentSizeAt, contentSizeBytes);

  let least = 0;
  let most = 0;
  for (let last = false; !last;) {
    if (at + 3 > bytes.length) throw corrupt('zstd', 'the frame ends early', at);
    const header = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
    last = (header & 1) !== 0;
    const type = (header >> 1) & 3;
    const size = header >> 3;
    if (type === 3) throw corrupt('zstd', 'a block of the reserved type', at);
    if (size > BLOCK_MAX) throw corrupt('zstd', 'a block larger than 128 KiB', at);
    least += type === 2 ? 0 : size;
    most += type === 2 ? BLOCK_MAX : size;
    at += 3 + (type === 1 ? 1 : size);
  }
  at += checksum;
  if (at > bytes.length) throw corrupt('zstd', 'the frame ends early', bytes.length);
  if (content === undefined) return { length: at, least, most };
  if (content < least || content > most)
    throw corrupt('zstd', 'a content size that its blocks cannot hold', contentSizeAt);
  return { length: at, least: content, most: content };
}

function readContentSize(bytes: Uint8Array, at: number, size: number): number | undefined {
  if (size === 0) return undefined;
  let value = size === 2 ? 256 : 0;
  for (let i = 0; i < size; i++) value += (bytes[at + i] ?? 0) * 2 ** (8 * i);
  return value;
}
