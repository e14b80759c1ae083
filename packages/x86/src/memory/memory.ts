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
  /** Like `load` and `store`, as the processor itself reads and writes descriptor tables, TSS and IDT: as a supervisor, whatever CPL is. */
  loadSystem(lo: number, hi: number, size: number, write: boolean): number;
  storeSystem(lo: number, hi: number, size: number, valueLo: number, valueHi: number): void;
  /** CR3 was written, or something that CR0, CR4 or EFER say of paging has changed. Global pages stay unless `global`. */
  flush(global: boolean): void;
  /** INVLPG. */
  invalidate(lo: number, hi: number): void;
  /** CPL, EFLAGS.AC, CR0.WP or a bit of CR4 that decides who may touch what has changed. */
  rightsChanged(): void;
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
