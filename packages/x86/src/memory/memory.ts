import { type DebugPoints } from './debug-points.js';

/**
 * Linear memory as the interpreter sees it. Addresses are pairs of 32-bit words. An access that may not happen throws `MemoryFault`
 * before anything has changed. `load` returns the low word, zero-extended for 1 and 2 bytes, and leaves the high word of 8 in `high`.
 */
export interface Memory {
  high: number;
  /** Data breakpoints: told of every access of an instruction to a page that has one. */
  readonly points: DebugPoints;
  /** Changes whenever bytes that `fetch` has given may have changed, or lie elsewhere. */
  readonly codeVersion: number;
  /** `write` says that a store to the same bytes follows, and asks for its permission now. */
  load(lo: number, hi: number, size: number, write: boolean): number;
  store(lo: number, hi: number, size: number, valueLo: number, valueHi: number): void;
  /**
   * Copies up to `count` bytes of code, returns how many there are before the first that may not be executed. Nobody notices: bytes that turn
   * out to be no part of the instruction are not touched.
   */
  fetch(lo: number, hi: number, bytes: Uint8Array, count: number): number;
  /**
   * An instruction of `length` bytes was decoded there: its bytes count as fetched and hold code from now on. To be called after each decoding,
   * not when an instruction is known from before: whatever makes its fetch count again, such as clearing the touch log, changes `codeVersion`.
   * True: the walk to it has set bits in memory, so that it may be another instruction now.
   */
  fetched(lo: number, hi: number, length: number): boolean;
  /** Throws what the fetch of the byte there ends with; it is one that `fetch` did not give. */
  fetchFault(lo: number, hi: number): never;
  /** Like `load` and `store`, as the processor itself reads and writes descriptor tables, TSS and IDT: as a supervisor, whatever CPL is. */
  loadSystem(lo: number, hi: number, size: number, write: boolean): number;
  storeSystem(lo: number, hi: number, size: number, valueLo: number, valueHi: number): void;
  /**
   * Up to `count` elements of `size` bytes from one place to another, as many iterations of MOVS would, downwards when `down`. Returns how many were
   * moved: none when an access would have to be looked at, or an element lies over the end of a page.
   */
  move(toLo: number, toHi: number, fromLo: number, fromHi: number, size: number, count: number, down: boolean): number;
  /** The same for STOS. */
  fill(lo: number, hi: number, size: number, count: number, down: boolean, valueLo: number, valueHi: number): number;
  /** CR3 was written, or something that CR0, CR4 or EFER say of paging has changed. Global pages stay unless `global`. */
  flush(global: boolean): void;
  /** PAE paging: takes the PDPTEs that a value of CR3 names; false when one has a reserved bit set, then MOV to CR is #GP(0). To be called before `flush`. */
  loadPdptes(cr3: number): boolean;
  /** INVLPG. */
  invalidate(lo: number, hi: number): void;
  /** CPL, EFLAGS.AC, CR0.WP or a bit of CR4 that decides who may touch what has changed. */
  rightsChanged(): void;
}

/** Bits of the error code of #PF. Source: Intel SDM vol. 3A, 4.7. */
export const PAGE_FAULT = { present: 1, write: 2, user: 4, reserved: 8, fetch: 0x10 } as const;

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

/**
 * An access that the owner of the machine has not allowed, at its first byte that may not be touched so. Nothing has changed. Thrown and caught
 * like a MemoryFault, but no guest sees it. Each memory throws its one object again.
 */
export class AccessDenied {
  physical = 0;
  /** Linear address of that byte; of a walk, the one that is being translated. */
  lo = 0;
  hi = 0;
  /** Of the whole access. */
  size = 0;
  kind: 'read' | 'write' | 'fetch' | 'walk' = 'read';

  at(physical: number, size: number, kind: 'read' | 'write' | 'fetch' | 'walk'): this {
    this.physical = physical;
    this.size = size;
    this.kind = kind;
    return this;
  }
}
