/** One address, or all from `start` up to `end`, which is not in it. Linear. */
export type Address = bigint | number | { readonly start: bigint | number; readonly end: bigint | number };

interface Span {
  readonly start: bigint;
  readonly end: bigint;
}

const LOW = 0xffff_ffffn;

/** Linear addresses before which a run stops. Asked before every instruction while there are any, so single ones are found by their low word. */
export class Breakpoints {
  /** Changes with every change, for who has code that was made without them. */
  version = 0;
  /** Single addresses by their low word. */
  private readonly single = new Map<number, bigint[]>();
  /** How many of them lie in a page, by its number. */
  private readonly pages = new Map<number, number>();
  private ranges: Span[] = [];

  get size(): number {
    let size = this.ranges.length;
    for (const own of this.single.values()) size += own.length;
    return size;
  }

  add(address: Address): this {
    this.addNew(address);
    return this;
  }

  /** False when it was there before. */
  addNew(address: Address): boolean {
    const span = spanOf(address);
    if (span.end <= span.start)
      throw new RangeError(`a range of addresses ends behind its start: ${span.start} to ${span.end}`);
    const isSingle = span.end - span.start === 1n;
    if (isSingle ? this.isSingle(span.start) : this.ranges.some((own) => isSame(own, span))) return false;
    if (isSingle) this.addSingle(span.start);
    else this.ranges.push(span);
    this.version++;
    return true;
  }

  /** False when there was none. */
  delete(address: Address): boolean {
    const span = spanOf(address);
    const bucket = this.bucket(span.start);
    const at = span.end - span.start === 1n ? bucket.indexOf(span.start) : -1;
    if (at >= 0) {
      bucket.splice(at, 1);
      this.countPage(span.start, -1);
    }
    if (bucket.length === 0) this.single.delete(Number(span.start & LOW));
    const kept = this.ranges.filter((own) => !isSame(own, span));
    const found = at >= 0 || kept.length < this.ranges.length;
    this.ranges = kept;
    if (found) this.version++;
    return found;
  }

  clear(): void {
    if (this.size === 0) return;
    this.single.clear();
    this.pages.clear();
    this.ranges = [];
    this.version++;
  }

  /** Is there one at this address? */
  has(lo: number, hi: number): boolean {
    const bucket = this.single.get(lo >>> 0);
    if (bucket === undefined && this.ranges.length === 0) return false;
    const address = linear(lo, hi);
    return (
      bucket?.includes(address) === true || this.ranges.some(({ start, end }) => start <= address && address < end)
    );
  }

  /** Is there one in the page of 4096 bytes that holds this address? Such pages are for the interpreter alone. */
  hasPage(lo: number, hi: number): boolean {
    if (this.pages.size > 0 && this.pages.has((hi >>> 0) * 2 ** 20 + (lo >>> 12))) return true;
    if (this.ranges.length === 0) return false;
    const first = linear(lo & -4096, hi);
    const last = first + 4096n;
    return this.ranges.some(({ start, end }) => start < last && first < end);
  }

  private addSingle(address: bigint): void {
    this.bucket(address).push(address);
    this.countPage(address, 1);
  }

  private countPage(address: bigint, change: number): void {
    const page = Number(address >> 12n);
    const count = (this.pages.get(page) ?? 0) + change;
    if (count === 0) this.pages.delete(page);
    else this.pages.set(page, count);
  }

  private isSingle(address: bigint): boolean {
    return this.single.get(Number(address & LOW))?.includes(address) === true;
  }

  private bucket(address: bigint): bigint[] {
    const key = Number(address & LOW);
    const own = this.single.get(key) ?? [];
    this.single.set(key, own);
    return own;
  }
}

const isSame = (one: Span, other: Span): boolean => one.start === other.start && one.end === other.end;

const TOP = 1n << 64n;
const unsigned = (address: bigint | number): bigint => BigInt.asUintN(64, BigInt(address));

/** A range may end with the address space. */
function spanOf(address: Address): Span {
  if (typeof address !== 'object') return { start: unsigned(address), end: unsigned(address) + 1n };
  const { start, end } = address;
  return { start: unsigned(start), end: BigInt(end) === TOP ? TOP : unsigned(end) };
}

/** A 64-bit address of two words. */
export const linear = (lo: number, hi: number): bigint => (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
