import { fail } from './errors.js';

/**
 * Random access to a file, read lazily. `read` returns exactly `length` bytes at `offset` or throws bytes/past-end;
 * what it returns is only to be read (it may be a view of the source's own memory).
 */
export interface ByteSource {
  /** Bytes. */
  readonly size: number;
  read(offset: number, length: number): Uint8Array;
  /** Fills `target` from `offset` on, where a source can do that without a copy of its own; `readInto` does it with any. */
  readInto?(offset: number, target: Uint8Array): void;
}

/** Fills `target` with the bytes from `offset` on. Throws bytes/past-end. */
export function readInto(source: ByteSource, offset: number, target: Uint8Array): void {
  if (source.readInto === undefined) target.set(source.read(offset, target.length));
  else source.readInto(offset, target);
}

export function memorySource(input: Uint8Array): ByteSource {
  // A Buffer's slice() and its JSON are not those of a Uint8Array; from here on it is a plain one.
  const bytes = new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
  return {
    size: bytes.length,
    read(offset, length) {
      checkRange(bytes.length, offset, length);
      return bytes.subarray(offset, offset + length);
    },
  };
}

export const toSource = (input: Uint8Array | ByteSource): ByteSource =>
  input instanceof Uint8Array ? memorySource(input) : input;

/** A window of a source that looks like a file of its own. */
export function subSource(source: ByteSource, start: number, size: number): ByteSource {
  checkRange(source.size, start, size);
  return {
    size,
    read(offset, length) {
      checkRange(size, offset, length);
      return source.read(start + offset, length);
    },
    readInto(offset, target) {
      checkRange(size, offset, target.length);
      readInto(source, start + offset, target);
    },
  };
}

/** Throws bytes/past-end unless `[offset, offset + length)` lies inside `[0, size)`. */
export function checkRange(size: number, offset: number, length: number, field?: string): void {
  if (offset >= 0 && length >= 0 && offset + length <= size) return;
  throw fail('bytes/past-end', {
    offset,
    ...(field === undefined ? {} : { field }),
    found: `${length} bytes wanted at ${offset}`,
    expected: `a range inside the ${size} bytes of the file`,
    hint: 'the file looks cut short; compare its size with what the sender reported',
  });
}

/** A 64-bit wire value as a file offset or size. Throws bytes/too-large above 2^53 - 1. */
export function toNumber(value: bigint, field?: string): number {
  if (value >= 0n && value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  throw fail('bytes/too-large', { found: value, ...(field === undefined ? {} : { field }) });
}
