import { LAYOUT, NO_TAG, TAG_COUNT, TALLY } from './layout.js';
import { RIGHT } from './ranges.js';

/** What is known of a filled place: which of its tags are global, by the right that they give, and that it is in `filled`. */
const GLOBAL_READ = RIGHT.read;
const GLOBAL_WRITE = RIGHT.write;
export const LISTED = 4;
const SMALLEST = 12;

/** The tag tables of `layout.ts`: the TLB of the machine. They are shared with translated code, so everything that is dropped is dropped at once. */
export class Tags {
  readonly read: Int32Array;
  readonly write: Int32Array;
  readonly readAddends: Int32Array;
  readonly writeAddends: Int32Array;
  /** Every page that was filled so far lay where its linear address says. */
  identity = true;
  /** Places that may hold a tag; TALLY.filled of them. */
  private readonly filled: Uint16Array;
  private readonly notes: Uint8Array;
  private readonly tallies: Int32Array;

  constructor(buffer: ArrayBuffer) {
    this.read = new Int32Array(buffer, LAYOUT.readTags, 2 * TAG_COUNT);
    this.write = new Int32Array(buffer, LAYOUT.writeTags, 2 * TAG_COUNT);
    this.readAddends = new Int32Array(buffer, LAYOUT.readAddends, TAG_COUNT);
    this.writeAddends = new Int32Array(buffer, LAYOUT.writeAddends, TAG_COUNT);
    this.filled = new Uint16Array(buffer, LAYOUT.filled, TAG_COUNT);
    this.notes = new Uint8Array(buffer, LAYOUT.tagNotes, TAG_COUNT);
    this.tallies = new Int32Array(buffer, LAYOUT.tallies, TALLY.words);
    this.largest = SMALLEST;
    // Memory begins as zeros, and 0 is the tag of page 0. It belongs at the first place, and an access that begins at the last one may
    // end there; nowhere else is it ever asked for. So a start does not touch the megabyte that the tables have.
    for (const place of [0, TAG_COUNT - 1]) {
      this.read[2 * place] = NO_TAG;
      this.write[2 * place] = NO_TAG;
    }
  }

  /** How many places may hold a tag. */
  get size(): number {
    return this.tallies[TALLY.filled] as number;
  }

  private set size(count: number) {
    this.tallies[TALLY.filled] = count;
  }

  /** Log2 of the largest page that tags were filled from since all were dropped: INVLPG drops all of a page. */
  private get largest(): number {
    return this.tallies[TALLY.largest] as number;
  }

  private set largest(shift: number) {
    this.tallies[TALLY.largest] = shift;
  }

  /** Lets the page at a linear address be read, or written, by plain accesses. `shift` is log2 of the size of the page that maps it. */
  fill(write: boolean, lo: number, hi: number, physical: number, global: boolean, shift: number): void {
    const place = (lo >>> 12) & (TAG_COUNT - 1);
    const page = lo & -4096;
    const addend = (physical - page) | 0;
    if (addend !== 0 || hi !== 0) this.identity = false;
    const tags = write ? this.write : this.read;
    tags[2 * place] = page;
    tags[2 * place + 1] = hi;
    (write ? this.writeAddends : this.readAddends)[place] = addend;
    const bit = write ? GLOBAL_WRITE : GLOBAL_READ;
    const note = this.notes[place] as number;
    if ((note & LISTED) === 0) this.filled[this.size++] = place;
    this.notes[place] = (global ? note | bit : note & ~bit) | LISTED;
    if (shift > this.largest) this.largest = shift;
  }

  dropAll(): void {
    const { read, write, filled, notes, size } = this;
    for (let i = 0; i < size; i++) {
      const place = filled[i] as number;
      read[2 * place] = NO_TAG;
      write[2 * place] = NO_TAG;
      notes[place] = 0;
    }
    this.size = 0;
    this.largest = SMALLEST;
  }

  /** Drops all that did not come from a global page. */
  dropLocal(): void {
    const { read, write, filled, notes, size } = this;
    let kept = 0;
    for (let i = 0; i < size; i++) {
      const place = filled[i] as number;
      const note = notes[place] as number;
      if ((note & GLOBAL_READ) === 0) read[2 * place] = NO_TAG;
      if ((note & GLOBAL_WRITE) === 0) write[2 * place] = NO_TAG;
      if ((note & (GLOBAL_READ | GLOBAL_WRITE)) === 0) notes[place] = 0;
      else filled[kept++] = place;
    }
    this.size = kept;
    if (kept === 0) this.largest = SMALLEST;
  }

  /** Drops what came from the page, of whatever size, that maps a linear address. */
  dropPage(lo: number, hi: number): void {
    const shift = this.largest;
    if (shift >= 28) {
      this.dropAll();
      return;
    }
    const pages = 1 << (shift - 12);
    const first = (lo >>> 12) & (TAG_COUNT - 1) & -pages;
    for (let place = first; place < first + pages; place++) {
      this.dropIf(this.read, place, lo, hi, shift);
      this.dropIf(this.write, place, lo, hi, shift);
    }
  }

  private dropIf(tags: Int32Array, place: number, lo: number, hi: number, shift: number): void {
    if (((tags[2 * place] as number) ^ lo) >>> shift === 0 && tags[2 * place + 1] === hi) tags[2 * place] = NO_TAG;
  }

  /** Drops the write tags that lead to a page of physical memory. */
  dropWrites(physical: number): void {
    const { write, writeAddends, filled, size } = this;
    const at = physical | 0;
    for (let i = 0; i < size; i++) {
      const place = filled[i] as number;
      const tag = write[2 * place] as number;
      if (tag !== NO_TAG && ((tag + (writeAddends[place] as number)) | 0) === at) write[2 * place] = NO_TAG;
    }
  }
}
