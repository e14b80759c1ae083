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
    if (isSingle) this.bucket(span.start).push(span.start);
    else this.ranges.push(span);
    this.version++;
    return true;
  }

  /** False when there was none. */
  delete(address: Address): boolean {
    const span = spanOf(address);
    const bucket = this.bucket(span.start);
    const at = span.end - span.start === 1n ? bucket.indexOf(span.start) : -1;
    if (at >= 0) bucket.splice(at, 1);
    if (bucket.length === 0) this.single.delete(Number(span.start & LOW));
    const kept = this.ranges.filter((own) => !isSame(own, span));
    const found = at >= 0 || kept.length < this.ranges.length;
    this.ranges = kept;
    if (found) this.version++;
    return found;
  }

  clear(): void {
    this.single.clear();
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

  /** Is there one in the 4096 bytes that begin at this address? Such pages are for the interpreter alone. */
  hasPage(lo: number, hi: number): boolean {
    const first = linear(lo & -4096, hi);
    const last = first + 4096n;
    if (this.ranges.some(({ start, end }) => start < last && first < end)) return true;
    for (const own of this.single.values()) if (own.some((address) => first <= address && address < last)) return true;
    return false;
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

function spanOf(address: Address): Span {
  const { start, end } = typeof address === 'object' ? address : { start: address, end: BigInt(address) + 1n };
  return { start: BigInt.asUintN(64, BigInt(start)), end: BigInt.asUintN(64, BigInt(end)) };
}

/** A 64-bit address of two words. */
export const linear = (lo: number, hi: number): bigint => (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
