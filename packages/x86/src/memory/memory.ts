/**
 * Linear memory as the interpreter sees it. Addresses are pairs of 32-bit words. An access that may not happen throws `MemoryFault`
 * before anything has changed. `load` returns the low word, zero-extended for 1 and 2 bytes, and leaves the high word of 8 in `high`.
 */
export interface Memory {
  high: number;
  /** Changes whenever bytes that `fetch` has given may have changed, or lie elsewhere. */
  readonly codeVersion: number;
  /** `write` says that a store to the same bytes follows, and asks for its permission now. */
  load(lo: number, hi: number, size: number, write: boolean): number;
  store(lo: number, hi: number, size: number, valueLo: number, valueHi: number): void;
  /** Copies up to `count` bytes of code, returns how many there are before the first that may not be executed. */
  fetch(lo: number, hi: number, bytes: Uint8Array, count: number): number;
}

/** Bits of the error code of #PF. Source: Intel SDM vol. 3A, 4.7. */
export const PAGE_FAULT = { present: 1, write: 2, user: 4, fetch: 0x10 } as const;

/** A denied access: a value with the place and the bits of the #PF that it becomes. Each memory throws its one object again. */
export class MemoryFault {
  lo = 0;
  hi = 0;
  errorCode = 0;

  at(lo: number, hi: number, errorCode: number): this {
    this.lo = lo;
    this.hi = hi;
    this.errorCode = errorCode;
    return this;
  }
}
