interface FetchedPage {
  /** Of the mapping, then. */
  readonly version: number;
  /** Where it begins. */
  readonly physical: number;
}

/** Pages that code was fetched from, by their linear address: the part of the TLB that is for code. */
export class FetchedPages {
  private readonly pages = new Map<number, FetchedPage>();
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

  add(lo: number, hi: number, version: number, physical: number): void {
    this.pages.set(keyOf(lo, hi), { version, physical });
    this.lastLo = NO_PAGE;
  }

  clear(): void {
    this.pages.clear();
    this.lastLo = NO_PAGE;
  }
}

/** No page begins there. */
const NO_PAGE = 1;

/** Canonical addresses differ in their low 53 bits. */
const keyOf = (lo: number, hi: number): number => (hi & 0x1f_ffff) * 0x10_0000 + (lo >>> 12);
