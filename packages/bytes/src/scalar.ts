import { viewOf } from './struct.js';

/** Single little-endian values, for the few places that have no struct around them. */
export const getU16 = (bytes: Uint8Array, at = 0): number => viewOf(bytes).getUint16(at, true);
export const getU32 = (bytes: Uint8Array, at = 0): number => viewOf(bytes).getUint32(at, true);
export const getU64 = (bytes: Uint8Array, at = 0): bigint => viewOf(bytes).getBigUint64(at, true);
export const setU16 = (bytes: Uint8Array, at: number, value: number): void => viewOf(bytes).setUint16(at, value, true);
export const setU32 = (bytes: Uint8Array, at: number, value: number): void => viewOf(bytes).setUint32(at, value, true);
export const setU64 = (bytes: Uint8Array, at: number, value: bigint): void =>
  viewOf(bytes).setBigUint64(at, value, true);

/** An unsigned little-endian number of 0 to 8 bytes. */
export function fromLe(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] ?? 0);
  return value;
}

/** `value` in `size` little-endian bytes. */
export function le(value: bigint | number, size: number): Uint8Array {
  let rest = BigInt(value);
  return Uint8Array.from({ length: size }, () => {
    const byte = Number(rest & 0xffn);
    rest >>= 8n;
    return byte;
  });
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Kernels are tens of megabytes, so what lies alike in its memory is compared four bytes at a time. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  const head = Math.min(-a.byteOffset & 3, a.length);
  if (a.length < 64 || ((a.byteOffset ^ b.byteOffset) & 3) !== 0) return equalRange(a, b, 0, a.length);
  const words = (a.length - head) >>> 2;
  const tail = head + 4 * words;
  return (
    equalRange(a, b, 0, head) &&
    equalRange(wordsOf(a, head, words), wordsOf(b, head, words), 0, words) &&
    equalRange(a, b, tail, a.length)
  );
}

const wordsOf = ({ buffer, byteOffset }: Uint8Array, at: number, count: number): Int32Array =>
  new Int32Array(buffer, byteOffset + at, count);

function equalRange(a: Uint8Array | Int32Array, b: Uint8Array | Int32Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (a[i] !== b[i]) return false;
  return true;
}

const encoder = new TextEncoder();
// A byte order mark is a character like any other: the owner of a note is compared as it stands.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** UTF-8 bytes of a string, NUL-terminated. */
export const asciz = (text: string): Uint8Array => encoder.encode(`${text}\0`);

/** The text before the first NUL, or all of it. */
export function readAsciz(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decoder.decode(end === -1 ? bytes : bytes.subarray(0, end));
}
