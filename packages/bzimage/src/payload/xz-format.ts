import { crc32 } from 'node:zlib';
import { getU32 } from '@bzelf/bytes';
import { corrupt, unsupported } from './decoder.js';

/** One block of an xz stream, found from its headers alone. Offsets count from the stream's first byte. */
export interface XzBlock {
  /** The x86 filter, if any, and where its addresses start. */
  bcj?: { start: number };
  /** The LZMA2 chunks with their end mark. */
  data: { offset: number; length: number };
  size: number;
  checkOffset: number;
}

export interface XzStream {
  check: number;
  blocks: XzBlock[];
}

const FILTER_X86 = 0x04;
const FILTER_LZMA2 = 0x21;
const STREAM_HEADER_SIZE = 12;
/** Bytes of the integrity check by its id. Source: xz file format 2.1.1.2. */
const CHECK_SIZES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];

/** Walks stream header, blocks and LZMA2 chunks up to the index. Source: The .xz File Format 1.1.0. */
export function walkXz(bytes: Uint8Array): XzStream {
  if (bytes.length < STREAM_HEADER_SIZE) throw corrupt('xz', 'the stream header is cut short', bytes.length);
  if (crc32(bytes.subarray(6, 8)) !== getU32(bytes, 8))
    throw corrupt('xz', 'the stream flags do not match their CRC', 8);
  const check = (bytes[7] ?? 0) & 0x0f;
  if (bytes[6] !== 0 || (bytes[7] ?? 0) > 0x0f) throw unsupported('xz', 'unknown stream flags', 'flags 00 0N');
  const checkSize = CHECK_SIZES[check] ?? 0;
  const blocks: XzBlock[] = [];
  let at = STREAM_HEADER_SIZE;
  while (bytes[at] !== 0) {
    const { bcj, headerSize } = readBlockHeader(bytes, at);
    const chunks = walkLzma2(bytes, at + headerSize);
    const data = { offset: at + headerSize, length: chunks.end - (at + headerSize) };
    const checkOffset = Math.ceil(chunks.end / 4) * 4;
    blocks.push({ ...(bcj === undefined ? {} : { bcj }), data, size: chunks.size, checkOffset });
    at = checkOffset + checkSize;
    if (at >= bytes.length) throw corrupt('xz', 'the stream ends early', bytes.length);
  }
  return { check, blocks };
}

/** Format 3.1: size, flags, optional sizes, one or two filters, padding, CRC. */
function readBlockHeader(bytes: Uint8Array, at: number) {
  const headerSize = ((bytes[at] ?? 0) + 1) * 4;
  if (at + headerSize > bytes.length) throw corrupt('xz', 'the stream ends early', bytes.length);
  const end = at + headerSize - 4;
  if (crc32(bytes.subarray(at, end)) !== getU32(bytes, end))
    throw corrupt('xz', 'a block header does not match its CRC', at);
  const flags = bytes[at + 1] ?? 0;
  const cursor = { at: at + 2, end };
  if ((flags & 0x40) !== 0) readMultibyte(bytes, cursor);
  if ((flags & 0x80) !== 0) readMultibyte(bytes, cursor);
  const filters = Array.from({ length: (flags & 3) + 1 }, () => readFilter(bytes, cursor));
  const last = filters.at(-1);
  const first = filters.length === 2 ? filters[0] : undefined;
  const known = filters.length <= 2 && last?.id === FILTER_LZMA2 && (first === undefined || first.id === FILTER_X86);
  if (!known || (flags & 0x3c) !== 0)
    throw unsupported(
      'xz',
      filters.map((f) => `filter 0x${f.id.toString(16)}`).join(', '),
      'LZMA2, with or without x86 BCJ before it',
    );
  if (first === undefined) return { bcj: undefined, headerSize };
  return { bcj: { start: first.properties.length === 4 ? getU32(first.properties) : 0 }, headerSize };
}

function readFilter(bytes: Uint8Array, cursor: { at: number; end: number }) {
  const id = readMultibyte(bytes, cursor);
  const size = readMultibyte(bytes, cursor);
  if (cursor.at + size > cursor.end) throw corrupt('xz', 'filter properties run past the block header', cursor.at);
  const properties = bytes.subarray(cursor.at, cursor.at + size);
  cursor.at += size;
  return { id, properties };
}

/** Format 1.2: seven bits a byte, little end first, at most nine bytes. */
function readMultibyte(bytes: Uint8Array, cursor: { at: number; end: number }): number {
  let value = 0;
  for (let i = 0; i < 9; i++) {
    if (cursor.at >= cursor.end) break;
    const byte = bytes[cursor.at++] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if ((byte & 0x80) === 0) return value;
  }
  throw corrupt('xz', 'a malformed number in a block header', cursor.at);
}

/**
 * Every LZMA2 chunk says how much it decodes to, so the exact size is known before anything is decoded.
 * Source: lib/xz/xz_dec_lzma2.c, xz_dec_lzma2_run.
 */
function walkLzma2(bytes: Uint8Array, start: number): { end: number; size: number } {
  let at = start;
  let size = 0;
  for (;;) {
    const control = bytes[at];
    if (control === undefined || at + 6 > bytes.length + (control === 0 ? 6 : 0))
      throw corrupt('xz', 'the LZMA2 data ends early', at);
    if (control === 0) return { end: at + 1, size };
    const low = ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    if (control >= 0x80) {
      size += (((control & 0x1f) << 16) | low) + 1;
      const packed = (((bytes[at + 3] ?? 0) << 8) | (bytes[at + 4] ?? 0)) + 1;
      at += (control >= 0xc0 ? 6 : 5) + packed;
    } else if (control <= 2) {
      size += low + 1;
      at += 3 + low + 1;
    } else {
      throw corrupt('xz', `an LZMA2 chunk with control byte 0x${control.toString(16)}`, at);
    }
    if (at >= bytes.length) throw corrupt('xz', 'the LZMA2 data ends early', bytes.length);
  }
}
