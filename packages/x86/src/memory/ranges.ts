/** What may be done with bytes of physical memory; bits of a number inside. */
export type Access = '' | 'r' | 'w' | 'x' | 'rw' | 'rx' | 'wx' | 'rwx';

export const RIGHT = { read: 1, write: 2, fetch: 4, all: 7 } as const;
/** Physical addresses have at most 52 bits. Source: Intel SDM vol. 3A, 4.1.4. */
export const PHYSICAL_END = 2 ** 52;

export const rightsOf = (access: Access): number =>
  (access.includes('r') ? RIGHT.read : 0) |
  (access.includes('w') ? RIGHT.write : 0) |
  (access.includes('x') ? RIGHT.fetch : 0);

export const accessOf = (rights: number): Access =>
  `${rights & RIGHT.read ? 'r' : ''}${rights & RIGHT.write ? 'w' : ''}${rights & RIGHT.fetch ? 'x' : ''}` as Access;

/** Rights of every byte of physical memory: sorted, without gaps, neighbours differ. */
export class RangeMap {
  private starts: number[];
  private rights: number[];
  private last = 0;

  /** Everything below `end` may be done everything with, what lies above has `beyond`. */
  constructor(end: number, beyond: number) {
    this.starts = beyond === RIGHT.all ? [0] : [0, end];
    this.rights = beyond === RIGHT.all ? [RIGHT.all] : [RIGHT.all, beyond];
  }

  set(start: number, length: number, rights: number): void {
    const end = start + length;
    const starts: number[] = [];
    const all: number[] = [];
    const add = (at: number, own: number): void => {
      if (all.at(-1) === own) return;
      starts.push(at);
      all.push(own);
    };
    const after = this.at(Math.min(end, PHYSICAL_END - 1));
    this.starts.forEach((at, index) => {
      if (at < start) add(at, this.rights[index] as number);
    });
    add(start, rights);
    if (end < PHYSICAL_END) add(end, after);
    this.starts.forEach((at, index) => {
      if (at > end) add(at, this.rights[index] as number);
    });
    this.starts = starts;
    this.rights = all;
    this.last = 0;
  }

  /** The rights of one byte. */
  at(address: number): number {
    return this.rights[this.find(address)] as number;
  }

  /** The rights that all bytes have. */
  common(start: number, length: number): number {
    let index = this.find(start);
    let rights = this.rights[index] as number;
    while (this.end(index) < start + length) rights &= this.rights[++index] as number;
    return rights;
  }

  /** The rights of all bytes when they are the same, or -1. */
  uniform(start: number, length: number): number {
    const index = this.find(start);
    return this.end(index) >= start + length ? (this.rights[index] as number) : -1;
  }

  /** The first byte of a piece that lacks one of the rights, or -1. */
  firstWithout(start: number, length: number, rights: number): number {
    for (let index = this.find(start), at = start; at < start + length; index++) {
      if (((this.rights[index] as number) & rights) !== rights) return at;
      at = this.end(index);
    }
    return -1;
  }

  *[Symbol.iterator](): Generator<{ readonly start: number; readonly length: number; readonly access: Access }> {
    for (const [index, start] of this.starts.entries()) {
      yield { start, length: this.end(index) - start, access: accessOf(this.rights[index] as number) };
    }
  }

  private end(index: number): number {
    return this.starts[index + 1] ?? PHYSICAL_END;
  }

  private find(address: number): number {
    const { starts, last } = this;
    if (address >= (starts[last] as number) && address < this.end(last)) return last;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] as number) <= address) low = middle;
      else high = middle - 1;
    }
    this.last = low;
    return low;
  }
}
