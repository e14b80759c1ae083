import { toSource, type ByteSource } from '@bzelf/bytes';

/** A source that keeps account of what was asked of it. */
export interface CountingSource extends ByteSource {
  /** Every read so far, in order. */
  readonly reads: readonly { readonly offset: number; readonly length: number }[];
  /** Bytes asked for so far; the same byte counts each time. */
  readonly bytesRead: number;
}

/** For tests that a reader touches only what it needs. */
export function countingSource(input: Uint8Array | ByteSource): CountingSource {
  const source = toSource(input);
  const reads: { offset: number; length: number }[] = [];
  return {
    size: source.size,
    reads,
    get bytesRead() {
      return reads.reduce((sum, { length }) => sum + length, 0);
    },
    read(offset, length) {
      reads.push({ offset, length });
      return source.read(offset, length);
    },
  };
}
