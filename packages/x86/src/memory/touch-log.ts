import { LAYOUT, PAGE, TALLY, TOUCH_BYTES } from './layout.js';

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
const WORDS = TOUCH_BYTES / 4;

/** Who touched which physical page first, by kind. */
export class TouchLog {
  /** Pages outside RAM that were not noted because there were too many. */
  dropped = 0;
  /** Told of every first touch, when it has been noted. */
  onTouch: ((touch: Touch) => void) | undefined;
  /** PAGE of each page of RAM. */
  private readonly notes: Uint8Array;
  private readonly columns: readonly Int32Array[];
  private readonly tallies: Int32Array;
  private outside = new Map<number, (Touch | undefined)[]>();

  constructor(
    buffer: ArrayBuffer,
    /** Of RAM; they are kept in arrays behind it, others in a map. */
    readonly pages: number,
    /** Filled by `locate` when a touch is new. */
    private readonly where: Where,
    private readonly locate: () => void,
    private readonly cleared: () => void,
  ) {
    this.notes = new Uint8Array(buffer, LAYOUT.pages, pages);
    this.tallies = new Int32Array(buffer, LAYOUT.tallies, TALLY.words);
    this.tallies[TALLY.ram] = 4096 * pages;
    const start = LAYOUT.ram + 4096 * pages;
    this.columns = TOUCH_KINDS.map(
      (_, kind) => new Int32Array(buffer, start + kind * TOUCH_BYTES * pages, WORDS * pages),
    );
  }

  touch(page: number, kind: number): void {
    if (page < this.pages) {
      if (((this.notes[page] as number) & (1 << kind)) === 0) this.note(page, kind);
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
    if (kind !== undefined) return this.tallies[TALLY.touched + TOUCH[kind]] as number;
    return (this.tallies[TALLY.inside] as number) + this.outside.size;
  }

  /** In the order of pages, those of RAM first. */
  *[Symbol.iterator](): Generator<Touch> {
    for (let page = 0; page < this.pages; page++) {
      if ((this.notes[page] as number) & PAGE.touched) yield* this.ofPage(page);
    }
    for (const page of [...this.outside.keys()].sort((a, b) => a - b)) yield* this.ofPage(page);
  }

  /** What was touched counts as new again. */
  clear(): void {
    const { notes } = this;
    for (let page = 0; page < notes.length; page++) notes[page] = (notes[page] as number) & ~PAGE.touched;
    this.tallies.fill(0, TALLY.touched, TALLY.inside + 1);
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
    if (page < this.pages) return ((this.notes[page] as number) & (1 << kind)) !== 0;
    return this.outside.get(page)?.[kind] !== undefined;
  }

  private touchOf(page: number, kind: number): Touch | undefined {
    if (page >= this.pages) return this.outside.get(page)?.[kind];
    if (!this.isSeen(page, kind)) return undefined;
    const column = this.column(kind);
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
    this.tally(kind);
  }

  private see(page: number, kind: number): void {
    const note = this.notes[page] as number;
    if ((note & PAGE.touched) === 0) this.tally(TALLY.inside);
    this.notes[page] = note | (1 << kind);
    this.tally(kind);
  }

  private tally(word: number): void {
    this.tallies[word] = (this.tallies[word] as number) + 1;
  }

  private column(kind: number): Int32Array {
    return this.columns[kind] as Int32Array;
  }
}

const pair = (lo: number, hi: number): bigint => (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
