import { NO_PAGE } from './layout.js';

interface FetchedPage {
  /** Of the mapping, then. */
  readonly version: number;
  /** Where it begins. */
  readonly physical: number;
}

/** Pages that code was fetched from, by their linear address: the part of the TLB that is for code. */
export class FetchedPages {
  private readonly pages = new Map<number, FetchedPage>();
  /** Log2 of the size of the largest page that mapped one of them, and the aligned ranges of that size that they lie in. */
  private largest = 12;
  private readonly ranges = new Set<number>();
  /** Code was fetched where a page cannot be kept: rights differ within it, or it is no RAM. */
  private hasOthers = false;
  /** The one that was asked for last. */
  private lastLo = NO_PAGE;
  private lastHi = 0;
  private last: FetchedPage | undefined;

  /** Where the page of a linear address begins in physical memory, when code was fetched from it under this version of the mapping, else -1. */
  find(lo: number, hi: number, version: number): number {
    const page = lo & -0x1000;
    if (page !== this.lastLo || hi !== this.lastHi) {
      this.last = this.pages.get(keyOf(lo, hi));
      this.lastLo = page;
      this.lastHi = hi;
    }
    return this.last?.version === version ? this.last.physical : -1;
  }

  /** `shift` is log2 of the size of the page that maps it. */
  add(lo: number, hi: number, version: number, physical: number, shift: number): void {
    const key = keyOf(lo, hi);
    this.pages.set(key, { version, physical });
    this.lastLo = NO_PAGE;
    if (shift > this.largest) {
      this.largest = shift;
      this.ranges.clear();
      for (const own of this.pages.keys()) this.ranges.add(this.rangeOf(own));
    } else this.ranges.add(this.rangeOf(key));
  }

  addOther(): void {
    this.hasOthers = true;
  }

  /** Code may have been fetched from the page, of whatever size, that maps a linear address. */
  mayHold(lo: number, hi: number): boolean {
    return this.hasOthers || this.ranges.has(this.rangeOf(keyOf(lo, hi)));
  }

  private rangeOf(key: number): number {
    return Math.floor(key / 2 ** (this.largest - 12));
  }

  clear(): void {
    this.pages.clear();
    this.ranges.clear();
    this.largest = 12;
    this.hasOthers = false;
    this.lastLo = NO_PAGE;
  }
}

/** Canonical addresses differ in their low 53 bits. */
const keyOf = (lo: number, hi: number): number => (hi & 0x1f_ffff) * 0x10_0000 + (lo >>> 12);
