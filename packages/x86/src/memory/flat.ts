import { DebugPoints } from './debug-points.js';
import { MemoryFault, PAGE_FAULT, type Memory } from './memory.js';

/** A range of linear memory below 4 GiB. */
export interface FlatRange {
  readonly start: number;
  readonly bytes: Uint8Array;
  readonly writable: boolean;
  readonly executable: boolean;
}

/** A few ranges of memory and nothing between them, with page faults as a user process gets them. Who
 * changes code behind its back has to change `codeVersion`. For tests, small programs and records. */
export class FlatMemory implements Memory {
  high = 0;
  /** Not told of anything: programs cannot set any. */
  readonly points = new DebugPoints();
  codeVersion = 0;
  private readonly fault = new MemoryFault();
  private last: FlatRange;

  constructor(readonly ranges: readonly FlatRange[]) {
    const [first] = ranges;
    if (first === undefined) throw new Error('a memory without ranges');
    this.last = first;
  }

  load(lo: number, hi: number, size: number, write: boolean): number {
    const { bytes, start } = this.check(lo, hi, size, write);
    const at = (lo >>> 0) - start;
    switch (size) {
      case 1:
        return bytes[at] as number;
      case 2:
        return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
      case 4:
        return word(bytes, at);
      default:
        this.high = word(bytes, at + 4);
        return word(bytes, at);
    }
  }

  store(lo: number, hi: number, size: number, valueLo: number, valueHi: number): void {
    const { bytes, start, executable } = this.check(lo, hi, size, true);
    const at = (lo >>> 0) - start;
    if (executable) this.codeVersion++;
    for (let i = 0; i < size && i < 4; i++) bytes[at + i] = valueLo >>> (8 * i);
    for (let i = 4; i < size; i++) bytes[at + i] = valueHi >>> (8 * (i - 4));
  }

  fetch(lo: number, hi: number, bytes: Uint8Array, wanted: number): number {
    const range = hi === 0 ? this.find(lo >>> 0) : undefined;
    if (range?.executable !== true) return 0;
    const at = (lo >>> 0) - range.start;
    const count = Math.min(wanted, range.bytes.length - at);
    bytes.set(range.bytes.subarray(at, at + count));
    return count;
  }

  fetched(): boolean {
    return false;
  }

  fetchFault(lo: number, hi: number): never {
    throw this.fault.at(lo, hi, PAGE_FAULT.user | PAGE_FAULT.fetch);
  }

  loadSystem(lo: number, hi: number, size: number, write: boolean): number {
    return this.load(lo, hi, size, write);
  }

  storeSystem(lo: number, hi: number, size: number, valueLo: number, valueHi: number): void {
    this.store(lo, hi, size, valueLo, valueHi);
  }

  // elements are moved one by one here

  move(): number {
    return 0;
  }

  fill(): number {
    return 0;
  }

  // nothing is derived from paging or privilege here

  loadPdptes(): boolean {
    return true;
  }

  flush(): void {
    this.codeVersion++;
  }

  invalidate(): void {
    this.codeVersion++;
  }

  rightsChanged(): void {
    this.codeVersion++;
  }

  /** The range of an access; on a fault the address is that of the first byte that may not be touched. */
  private check(lo: number, hi: number, size: number, write: boolean): FlatRange {
    const address = lo >>> 0;
    const range = hi === 0 ? this.find(address) : undefined;
    const error = PAGE_FAULT.user | (write ? PAGE_FAULT.write : 0);
    if (range === undefined) throw this.fault.at(lo, hi, error);
    if (write && !range.writable) throw this.fault.at(lo, hi, error | PAGE_FAULT.present);
    const end = range.start + range.bytes.length;
    if (address + size > end) throw this.fault.at(end | 0, hi, error);
    return range;
  }

  private find(address: number): FlatRange | undefined {
    const { start, bytes } = this.last;
    if (address >= start && address < start + bytes.length) return this.last;
    const range = this.ranges.find((own) => address >= own.start && address < own.start + own.bytes.length);
    if (range !== undefined) this.last = range;
    return range;
  }
}

const word = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) |
  ((bytes[at + 1] as number) << 8) |
  ((bytes[at + 2] as number) << 16) |
  ((bytes[at + 3] as number) << 24);
