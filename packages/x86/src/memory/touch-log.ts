/** How a page of physical memory was touched; `walk` is the processor at its page tables. */
export type TouchKind = 'fetch' | 'read' | 'write' | 'walk';

export const TOUCH = { fetch: 0, read: 1, write: 2, walk: 3 } as const;
export const TOUCH_KINDS = ['fetch', 'read', 'write', 'walk'] as const satisfies readonly TouchKind[];

/** Where the instruction in hand is: what is retired so far, and its linear address. */
export interface Where {
  countLo: number;
  countHi: number;
  ripLo: number;
  ripHi: number;
}

/** The first touch of a page in one way. */
export interface Touch {
  /** Physical address divided by 4096. */
  readonly page: number;
  readonly kind: TouchKind;
  /** Instructions retired before the one that did it. */
  readonly count: bigint;
  readonly rip: bigint;
}

/** Pages outside RAM are few in a sane guest, and an insane one may not take the host's memory. */
const OUTSIDE_MAX = 0x10000;
const WORDS = 4;

/** Who touched which physical page first, by kind. */
export class TouchLog {
  /** Pages outside RAM that were not noted because there were too many. */
  dropped = 0;
  /** Told of every first touch, when it has been noted. */
  onTouch: ((touch: Touch) => void) | undefined;
  private readonly seen: Uint8Array;
  private columns: (Int32Array | undefined)[] = [];
  private outside = new Map<number, (Touch | undefined)[]>();
  private readonly counts = [0, 0, 0, 0];
  /** Pages of RAM that were touched in any way. */
  private inside = 0;

  constructor(
    /** Of RAM; they are kept in arrays, others in a map. */
    readonly pages: number,
    /** Filled by `locate` when a touch is new. */
    private readonly where: Where,
    private readonly locate: () => void,
    private readonly cleared: () => void,
  ) {
    this.seen = new Uint8Array(pages);
  }

  touch(page: number, kind: number): void {
    if (page < this.pages) {
      if (((this.seen[page] as number) & (1 << kind)) === 0) this.note(page, kind);
    } else this.noteOutside(page, kind);
  }

  has(page: number, kind: TouchKind): boolean {
    return this.isSeen(page, TOUCH[kind]);
  }

  first(page: number, kind: TouchKind): Touch | undefined {
    return this.touchOf(page, TOUCH[kind]);
  }

  /** How many pages were touched, in one way or in any. */
  count(kind?: TouchKind): number {
    if (kind !== undefined) return this.counts[TOUCH[kind]] as number;
    return this.inside + this.outside.size;
  }

  /** In the order of pages, those of RAM first. */
  *[Symbol.iterator](): Generator<Touch> {
    for (let page = 0; page < this.pages; page++) {
      if (this.seen[page] !== 0) yield* this.ofPage(page);
    }
    for (const page of [...this.outside.keys()].sort((a, b) => a - b)) yield* this.ofPage(page);
  }

  /** What was touched counts as new again. */
  clear(): void {
    this.seen.fill(0);
    this.counts.fill(0);
    this.inside = 0;
    this.columns = [];
    this.outside = new Map();
    this.dropped = 0;
    this.cleared();
  }

  /** A copy that `restore` takes. */
  save(): readonly Touch[] {
    return [...this];
  }

  restore(touches: Iterable<Touch>): void {
    this.clear();
    for (const touch of touches) {
      const kind = TOUCH[touch.kind];
      if (touch.page < this.pages) this.write(touch.page, kind, touch.count, touch.rip);
      else this.writeOutside(touch.page, kind, touch);
    }
  }

  private *ofPage(page: number): Generator<Touch> {
    for (const kind of TOUCH_KINDS) {
      const touch = this.touchOf(page, TOUCH[kind]);
      if (touch !== undefined) yield touch;
    }
  }

  private isSeen(page: number, kind: number): boolean {
    if (page < this.pages) return ((this.seen[page] as number) & (1 << kind)) !== 0;
    return this.outside.get(page)?.[kind] !== undefined;
  }

  private touchOf(page: number, kind: number): Touch | undefined {
    if (page >= this.pages) return this.outside.get(page)?.[kind];
    const column = this.columns[kind];
    if (!this.isSeen(page, kind) || column === undefined) return undefined;
    const at = WORDS * page;
    const count = pair(column[at] as number, column[at + 1] as number);
    const rip = pair(column[at + 2] as number, column[at + 3] as number);
    return { page, kind: TOUCH_KINDS[kind] as TouchKind, count, rip };
  }

  private note(page: number, kind: number): void {
    const { where } = this;
    this.locate();
    const column = this.column(kind);
    const at = WORDS * page;
    column[at] = where.countLo;
    column[at + 1] = where.countHi;
    column[at + 2] = where.ripLo;
    column[at + 3] = where.ripHi;
    this.see(page, kind);
    this.tell(page, kind);
  }

  private noteOutside(page: number, kind: number): void {
    if (this.isSeen(page, kind)) return;
    const { where } = this;
    this.locate();
    const count = pair(where.countLo, where.countHi);
    const rip = pair(where.ripLo, where.ripHi);
    this.writeOutside(page, kind, { page, kind: TOUCH_KINDS[kind] as TouchKind, count, rip });
    this.tell(page, kind);
  }

  private tell(page: number, kind: number): void {
    if (this.onTouch === undefined) return;
    const touch = this.touchOf(page, kind);
    if (touch !== undefined) this.onTouch(touch);
  }

  private write(page: number, kind: number, count: bigint, rip: bigint): void {
    const words = new BigInt64Array([BigInt.asIntN(64, count), BigInt.asIntN(64, rip)]);
    this.column(kind).set(new Int32Array(words.buffer), WORDS * page);
    this.see(page, kind);
  }

  private writeOutside(page: number, kind: number, touch: Touch): void {
    const kinds = this.outside.get(page);
    if (kinds === undefined && this.outside.size >= OUTSIDE_MAX) {
      this.dropped++;
      return;
    }
    const own = kinds ?? [undefined, undefined, undefined, undefined];
    own[kind] = touch;
    this.outside.set(page, own);
    this.counts[kind] = (this.counts[kind] as number) + 1;
  }

  private see(page: number, kind: number): void {
    const seen = this.seen[page] as number;
    if (seen === 0) this.inside++;
    this.seen[page] = seen | (1 << kind);
    this.counts[kind] = (this.counts[kind] as number) + 1;
  }

  private column(kind: number): Int32Array {
    return (this.columns[kind] ??= new Int32Array(WORDS * this.pages));
  }
}

const pair = (lo: number, hi: number): bigint => (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
