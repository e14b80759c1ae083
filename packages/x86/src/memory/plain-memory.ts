import { STATE_SIZE } from '../cpu/state.js';
import { LAYOUT, RAM_MAX, TOUCH_BYTES } from './layout.js';
import { Tags } from './tags.js';
import { TOUCH_KINDS } from './touch-log.js';

/**
 * RAM, state block and tag tables in one WebAssembly memory, and the fast way to it: `load` and `store` compare a tag and are done, as translated
 * code does. What has no tag goes the slow way.
 */
export abstract class PlainMemory {
  readonly wasm: WebAssembly.Memory;
  readonly buffer: ArrayBuffer;
  /** The state block, of which paging needs CR0, CR3, CR4, EFER, CPL and EFLAGS.AC. */
  readonly words: Int32Array;
  /** Guest physical memory for the host: nothing is checked or logged; `wroteRam` tells of changes. */
  readonly ram: Uint8Array;
  /** High word of what `load` has loaded. */
  high = 0;

  protected readonly tags: Tags;
  protected readonly readTags: Int32Array;
  protected readonly writeTags: Int32Array;
  protected readonly readAddends: Int32Array;
  protected readonly writeAddends: Int32Array;
  protected readonly bytes: Uint8Array;
  private readonly halves: Uint16Array;
  private readonly cells: Int32Array;
  private readonly view: DataView;

  /** `ram`: bytes. */
  constructor(ram: number) {
    if (!(Number.isInteger(ram / 4096) && ram > 0 && ram <= RAM_MAX)) {
      throw new RangeError(`RAM has to be whole pages of 4096 bytes, at most ${RAM_MAX}: ${ram}`);
    }
    const touchLog = (ram / 4096) * TOUCH_KINDS.length * TOUCH_BYTES;
    const pages = Math.ceil((LAYOUT.ram + ram + touchLog) / 0x10000);
    this.wasm = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.buffer = this.wasm.buffer as ArrayBuffer;
    this.words = new Int32Array(this.buffer, LAYOUT.state, STATE_SIZE / 4);
    this.ram = new Uint8Array(this.buffer, LAYOUT.ram, ram);
    this.bytes = new Uint8Array(this.buffer);
    this.halves = new Uint16Array(this.buffer);
    this.cells = new Int32Array(this.buffer);
    this.view = new DataView(this.buffer);
    this.tags = new Tags(this.buffer);
    const { tags } = this;
    this.readTags = tags.read;
    this.writeTags = tags.write;
    this.readAddends = tags.readAddends;
    this.writeAddends = tags.writeAddends;
  }

  protected abstract loadSlowly(lo: number, hi: number, size: number, write: boolean): number;
  protected abstract storeSlowly(lo: number, hi: number, size: number, valueLo: number, valueHi: number): void;
  /** What the slow way does in front of an access, faults and denials too. True: the page is plain now. */
  protected abstract makePlain(lo: number, hi: number, size: number, write: boolean): boolean;

  load(lo: number, hi: number, size: number, write: boolean): number {
    const at = (lo >>> 11) & 0x1fffe;
    const page = (lo + (size - 1)) & -4096;
    if (this.readTags[at] !== page || this.readTags[at + 1] !== hi) return this.loadSlowly(lo, hi, size, write);
    if (write && (this.writeTags[at] !== page || this.writeTags[at + 1] !== hi)) {
      return this.loadSlowly(lo, hi, size, write);
    }
    const host = hostAt(lo, this.readAddends[at >> 1] as number);
    switch (size) {
      case 1:
        return this.bytes[host] as number;
      case 2:
        return (host & 1) === 0 ? (this.halves[host >>> 1] as number) : this.view.getUint16(host, true);
      case 4:
        return (host & 3) === 0 ? (this.cells[host >>> 2] as number) : this.view.getInt32(host, true);
      default:
        if ((host & 3) === 0) {
          this.high = this.cells[(host >>> 2) + 1] as number;
          return this.cells[host >>> 2] as number;
        }
        this.high = this.view.getInt32(host + 4, true);
        return this.view.getInt32(host, true);
    }
  }

  store(lo: number, hi: number, size: number, valueLo: number, valueHi: number): void {
    const at = (lo >>> 11) & 0x1fffe;
    if (this.writeTags[at] !== ((lo + (size - 1)) & -4096) || this.writeTags[at + 1] !== hi) {
      this.storeSlowly(lo, hi, size, valueLo, valueHi);
      return;
    }
    const host = hostAt(lo, this.writeAddends[at >> 1] as number);
    switch (size) {
      case 1:
        this.bytes[host] = valueLo;
        return;
      case 2:
        if ((host & 1) === 0) this.halves[host >>> 1] = valueLo;
        else this.view.setUint16(host, valueLo, true);
        return;
      case 4:
        if ((host & 3) === 0) this.cells[host >>> 2] = valueLo;
        else this.view.setInt32(host, valueLo, true);
        return;
      default:
        if ((host & 3) === 0) {
          this.cells[host >>> 2] = valueLo;
          this.cells[(host >>> 2) + 1] = valueHi;
          return;
        }
        this.view.setInt32(host, valueLo, true);
        this.view.setInt32(host + 4, valueHi, true);
    }
  }

  move(toLo: number, toHi: number, fromLo: number, fromHi: number, size: number, count: number, down: boolean): number {
    // an element over the end of a page is read to its end before anything is written
    const inPages = Math.min(count, elementsToEdge(toLo, size, down), elementsToEdge(fromLo, size, down));
    if (inPages <= 0) return 0;
    const from = this.plainHost(fromLo, fromHi, size, false);
    if (from < 0) return 0;
    const to = this.plainHost(toLo, toHi, size, true);
    if (to < 0) return 0;
    // an element that is read after it was written is the end of a block move
    const distance = down ? from - to : to - from;
    const apart = distance > 0 ? Math.floor(distance / size) : Infinity;
    const elements = Math.min(inPages, apart);
    if (elements <= 0) return 0;
    const back = down ? (elements - 1) * size : 0;
    this.bytes.copyWithin(to - back, from - back, from - back + elements * size);
    return elements;
  }

  fill(lo: number, hi: number, size: number, count: number, down: boolean, valueLo: number, valueHi: number): number {
    const to = this.plainHost(lo, hi, size, true);
    const elements = to < 0 ? 0 : Math.min(count, elementsToEdge(lo, size, down));
    if (elements <= 0) return 0;
    const { bytes, view } = this;
    const start = down ? to - (elements - 1) * size : to;
    const end = start + elements * size;
    if (size === 1) bytes.fill(valueLo, start, end);
    else if (valueLo === 0 && (size < 8 || valueHi === 0)) bytes.fill(0, start, end);
    else
      for (let at = start; at < end; at += size) {
        if (size === 2) view.setUint16(at, valueLo, true);
        else view.setInt32(at, valueLo, true);
        if (size === 8) view.setInt32(at + 4, valueHi, true);
      }
    return elements;
  }

  /** Where an element lies in the WebAssembly memory when its page is plain for reads, or for writes, or can be made so, else -1. */
  private plainHost(lo: number, hi: number, size: number, write: boolean): number {
    if (!isTagged(write ? this.writeTags : this.readTags, lo, hi) && !this.makePlain(lo, hi, size, write)) return -1;
    const addends = write ? this.writeAddends : this.readAddends;
    return hostAt(lo, addends[(lo >>> 12) & 0xffff] as number);
  }
}

/** Each sum is cut to 32 bits at once: V8 would compile this anew for the first that is larger, when the kernel goes to its high addresses. */
const hostAt = (lo: number, addend: number): number => (((lo + addend) | 0) + LAYOUT.ram) >>> 0;

/** How many elements lie in the page from here on in one direction; none when the first lies over its end. */
const elementsToEdge = (lo: number, size: number, down: boolean): number => {
  const at = lo & 0xfff;
  if (!down) return Math.floor((0x1000 - at) / size);
  return at + size > 0x1000 ? 0 : Math.floor(at / size) + 1;
};

export const isTagged = (tags: Int32Array, lo: number, hi: number): boolean => {
  const at = (lo >>> 11) & 0x1fffe;
  return tags[at] === (lo & -4096) && tags[at + 1] === hi;
};
