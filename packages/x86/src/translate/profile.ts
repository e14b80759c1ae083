/** How often blocks were entered, by address: a direct-mapped table of addresses and counts, from which regions are chosen. */
export const ENTRIES = 0x8000;
export const ENTRY_SHIFT = 15;
const WORDS = 3;
export const ENTRY_BYTES = 4 * WORDS;

/** Counts that are none. */
export const TRANSLATED = -1;
/** A region that begins here would be empty. */
export const NOT_TRANSLATABLE = -2;

export class Profile {
  /** lo, hi, count. */
  private readonly table: Int32Array;

  constructor(buffer: ArrayBuffer, at: number) {
    this.table = new Int32Array(buffer, at, WORDS * ENTRIES);
  }

  private at(lo: number): number {
    return WORDS * ((lo ^ (lo >>> ENTRY_SHIFT)) & (ENTRIES - 1));
  }

  /** Counts an entry and returns how many there were, or what `mark` has put there. */
  note(lo: number, hi: number): number {
    const { table } = this;
    const at = this.at(lo);
    if (table[at] !== lo || table[at + 1] !== hi) {
      // whoever comes later takes the place
      table[at] = lo;
      table[at + 1] = hi;
      table[at + 2] = 1;
      return 1;
    }
    const count = table[at + 2] as number;
    if (count < 0) return count;
    table[at + 2] = count + 1;
    return count + 1;
  }

  count(lo: number, hi: number): number {
    const at = this.at(lo);
    return this.table[at] === lo && this.table[at + 1] === hi ? (this.table[at + 2] as number) : 0;
  }

  mark(lo: number, hi: number, value: number): void {
    const at = this.at(lo);
    this.table[at] = lo;
    this.table[at + 1] = hi;
    this.table[at + 2] = value;
  }

  /** Counts that are `value` begin anew. */
  forget(value: number): void {
    for (let at = 2; at < this.table.length; at += WORDS) if (this.table[at] === value) this.table[at] = 0;
  }

  clear(): void {
    this.table.fill(0);
  }
}
