import { STATE_SIZE, WORD } from '../cpu/state.js';
import { DebugPoints } from './debug-points.js';
import { LAYOUT, RAM_MAX } from './layout.js';
import { AccessDenied, MemoryFault, PAGE_FAULT, type Memory } from './memory.js';
import { PhysicalMemory, type MemoryDevice } from './physical.js';
import { type Access, RIGHT, rightsOf } from './ranges.js';
import { Tags } from './tags.js';
import { TOUCH, TouchLog, type Touch, type Where } from './touch-log.js';
import { ANY, IMPLICIT, Walk, Walker } from './walker.js';

/** Bytes of guest physical memory. */
export interface PhysicalRange {
  readonly start: number;
  readonly length: number;
}

export interface GuestMemoryOptions {
  /** Bytes of RAM from physical address 0 on: whole pages, at most RAM_MAX. */
  readonly ram: number;
  /** Outside RAM and devices: denied, or ones to read and nothing to write as on a bus. */
  readonly unmapped?: 'deny' | 'ones';
}

/** A range whose accesses are told. */
export interface Watch extends PhysicalRange {
  readonly access: 'r' | 'w' | 'rw';
}

/** All but RAM and the state block: what `restore` takes. */
export interface MemorySnapshot {
  readonly ranges: readonly (PhysicalRange & { readonly access: Access })[];
  readonly a20: boolean;
  readonly pdptes: readonly number[];
  readonly touches: readonly Touch[];
}

const RIGHTS_KEYS = 32;
const MODIFY = RIGHT.read | RIGHT.write;

/**
 * The memory of a machine: RAM, state block and tag tables in one WebAssembly memory, paging, rights to the byte, and an account of who touched what.
 *
 * `load` and `store` compare a tag and are done. All else goes one slow way: translate (walk), check the rights of every byte, then set A and D,
 * log, and fill tags. So a tag stands only for a page that all of this is settled for, and an access happens completely or not at all.
 */
export class GuestMemory implements Memory {
  readonly wasm: WebAssembly.Memory;
  readonly buffer: ArrayBuffer;
  /** The state block, of which paging needs CR0, CR3, CR4, EFER, CPL and EFLAGS.AC. */
  readonly words: Int32Array;
  /** Guest physical memory for the host: nothing is checked or logged; `wroteRam` tells of changes. */
  readonly ram: Uint8Array;
  readonly touches: TouchLog;
  /** Filled by `locate`. */
  readonly where: Where = { countLo: 0, countHi: 0, ripLo: 0, ripHi: 0 };
  /** Says in `where` which instruction is at work; called at new touches and denials only. */
  locate: () => void = () => {
    const { where, words } = this;
    where.countLo = words[WORD.count] as number;
    where.countHi = words[WORD.count + 1] as number;
    where.ripLo = words[WORD.rip] as number;
    where.ripHi = words[WORD.rip + 1] as number;
  };
  /** High word of what `load` has loaded. */
  high = 0;
  codeVersion = 0;
  readonly points = new DebugPoints();
  /** Changes when linear addresses may lead elsewhere, or rights may be others. Comes back to what it was when only CPL or AC do. */
  mappingVersion = 0;
  /** A store, or `wroteRam`, hit a line of code in this physical page: its marks are gone, `codeVersion` is another. */
  onCodeWritten: (page: number) => void = () => undefined;
  /** `identity` has become false. */
  onAddends: () => void = () => undefined;
  /** An access that was made has touched a watched range. */
  onWatch: (watch: Watch, physical: number, size: number, write: boolean) => void = () => undefined;

  private readonly readTags: Int32Array;
  private readonly writeTags: Int32Array;
  private readonly readAddends: Int32Array;
  private readonly writeAddends: Int32Array;
  private readonly bytes: Uint8Array;
  private readonly halves: Uint16Array;
  private readonly cells: Int32Array;
  private readonly view: DataView;

  private readonly physical: PhysicalMemory;
  private readonly walker: Walker;
  private readonly tags: Tags;
  private readonly fault = new MemoryFault();
  private readonly denied = new AccessDenied();
  private readonly watches: Watch[] = [];
  private codeEpoch = 0;
  private mappingEpoch = 0;
  /** What the tags are good for: `Walker.rights`. */
  private rights = 0;

  // the access in hand: one page, or the last bytes of one and the first of the next
  private readonly first = new Walk();
  private readonly second = new Walk();
  private readonly scratch = new Walk();
  private at = 0;
  private here = 0;
  private next = 0;
  private nextLo = 0;
  private nextHi = 0;

  /** Pages that code was fetched from, by their linear address: the part of the TLB that is for code. */
  private readonly fetchedPages = new Map<number, FetchedPage>();

  constructor({ ram, unmapped = 'deny' }: GuestMemoryOptions) {
    if (!(Number.isInteger(ram / 4096) && ram > 0 && ram <= RAM_MAX)) {
      throw new RangeError(`RAM has to be whole pages of 4096 bytes, at most ${RAM_MAX}: ${ram}`);
    }
    const pages = Math.ceil((LAYOUT.ram + ram) / 0x10000);
    this.wasm = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.buffer = this.wasm.buffer as ArrayBuffer;
    this.words = new Int32Array(this.buffer, LAYOUT.state, STATE_SIZE / 4);
    this.ram = new Uint8Array(this.buffer, LAYOUT.ram, ram);
    this.touches = new TouchLog(
      ram / 4096,
      this.where,
      () => {
        this.locate();
      },
      () => {
        this.forgetAll();
      },
    );
    this.physical = new PhysicalMemory(
      this.buffer,
      ram,
      this.touches,
      (physical, size, kind) => this.deny(physical, size, kind),
      unmapped === 'ones',
    );
    this.physical.onCodeWritten = (page) => {
      this.newCode();
      this.onCodeWritten(page);
    };
    this.tags = new Tags(this.buffer, () => {
      this.onAddends();
    });
    this.walker = new Walker(this.words, this.physical);
    this.points.onChange = () => this.tags.dropAll();
    const { tags, physical } = this;
    this.readTags = tags.read;
    this.writeTags = tags.write;
    this.readAddends = tags.readAddends;
    this.writeAddends = tags.writeAddends;
    this.bytes = physical.bytes;
    this.halves = physical.halves;
    this.cells = physical.words;
    this.view = physical.view;
  }

  // the fast way

  load(lo: number, hi: number, size: number, write: boolean): number {
    const at = (lo >>> 11) & 0x1fffe;
    const page = (lo + size - 1) & -4096;
    if (this.readTags[at] !== page || this.readTags[at + 1] !== hi) return this.loadSlowly(lo, hi, size, write);
    if (write && (this.writeTags[at] !== page || this.writeTags[at + 1] !== hi)) {
      return this.loadSlowly(lo, hi, size, write);
    }
    const host = (lo + (this.readAddends[at >> 1] as number) + LAYOUT.ram) >>> 0;
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
    if (this.writeTags[at] !== ((lo + size - 1) & -4096) || this.writeTags[at + 1] !== hi) {
      this.storeSlowly(lo, hi, size, valueLo, valueHi);
      return;
    }
    const host = (lo + (this.writeAddends[at >> 1] as number) + LAYOUT.ram) >>> 0;
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
    const to = this.plainHost(this.writeTags, this.writeAddends, toLo, toHi);
    const from = this.plainHost(this.readTags, this.readAddends, fromLo, fromHi);
    if (to < 0 || from < 0) return 0;
    // an element that is read after it was written is the end of a block move
    const distance = down ? from - to : to - from;
    const apart = distance > 0 ? Math.floor(distance / size) : Infinity;
    const elements = Math.min(count, apart, elementsToEdge(toLo, size, down), elementsToEdge(fromLo, size, down));
    if (elements <= 0) return 0;
    const back = down ? (elements - 1) * size : 0;
    this.bytes.copyWithin(to - back, from - back, from - back + elements * size);
    return elements;
  }

  fill(lo: number, hi: number, size: number, count: number, down: boolean, valueLo: number, valueHi: number): number {
    const to = this.plainHost(this.writeTags, this.writeAddends, lo, hi);
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

  /** Where the byte lies in the WebAssembly memory when its page is plain, else -1. */
  private plainHost(tags: Int32Array, addends: Int32Array, lo: number, hi: number): number {
    if (!isTagged(tags, lo, hi)) return -1;
    return (lo + (addends[(lo >>> 12) & 0xffff] as number) + LAYOUT.ram) >>> 0;
  }

  // the slow way

  private loadSlowly(lo: number, hi: number, size: number, write: boolean): number {
    if (!this.straddlesTagged(lo, hi, size, write)) this.access(lo, hi, size, write ? MODIFY : RIGHT.read);
    const value = this.loadPieces(size);
    if (this.points.isOnMemory) this.points.accessed(lo, hi, size, false);
    return value;
  }

  private storeSlowly(lo: number, hi: number, size: number, valueLo: number, valueHi: number): void {
    if (!this.straddlesTagged(lo, hi, size, true)) this.access(lo, hi, size, RIGHT.write);
    this.storePieces(size, valueLo, valueHi);
    if (this.points.isOnMemory) this.points.accessed(lo, hi, size, true);
  }

  private access(lo: number, hi: number, size: number, needs: number): void {
    this.prepare(lo | 0, hi | 0, size, needs, this.asked(needs));
    this.settle(lo | 0, hi | 0, size, needs, true);
  }

  /** What is asked of paging, as bits of the error code. */
  private asked(needs: number): number {
    return (
      (this.words[WORD.cpl] === 3 ? PAGE_FAULT.user : 0) |
      (needs & RIGHT.write ? PAGE_FAULT.write : 0) |
      (needs & RIGHT.fetch ? PAGE_FAULT.fetch : 0)
    );
  }

  /** Splits an access at the end of its page. Linear addresses wrap at 4 GiB outside of 64-bit code. */
  private split(lo: number, hi: number, size: number): void {
    const room = 4096 - (lo & 0xfff);
    this.here = size <= room ? size : room;
    this.nextLo = ((lo & -4096) + 4096) | 0;
    const wide = this.words[WORD.codeSize] === 64 || hi !== 0;
    this.nextHi = this.nextLo === 0 && wide ? (hi + 1) | 0 : hi;
  }

  /** An access over the end of a page, when both pages are tagged. */
  private straddlesTagged(lo: number, hi: number, size: number, write: boolean): boolean {
    if ((lo & 0xfff) + size <= 4096) return false;
    this.split(lo, hi, size);
    const { nextLo, nextHi } = this;
    if (write && !(isTagged(this.writeTags, lo, hi) && isTagged(this.writeTags, nextLo, nextHi))) return false;
    const tags = write ? this.writeTags : this.readTags;
    if (!(isTagged(tags, lo, hi) && isTagged(tags, nextLo, nextHi))) return false;
    if (write && !(isTagged(this.readTags, lo, hi) && isTagged(this.readTags, nextLo, nextHi))) return false;
    const addends = write ? this.writeAddends : this.readAddends;
    this.at = (lo + (addends[(lo >>> 12) & 0xffff] as number)) >>> 0;
    this.next = (nextLo + (addends[(nextLo >>> 12) & 0xffff] as number)) >>> 0;
    return true;
  }

  /** Finds the bytes of an access, and that it may be made; throws otherwise. But for A bits on the way to a fault nothing changes. */
  private prepare(lo: number, hi: number, size: number, needs: number, asked: number): void {
    this.split(lo, hi, size);
    this.translate(this.first, lo, hi, asked);
    this.at = this.first.physical + (lo & 0xfff);
    if (this.here < size) {
      this.translate(this.second, this.nextLo, this.nextHi, asked);
      this.next = this.second.physical;
    }
    this.check(this.at, this.here, lo, hi, size, needs);
    if (this.here < size) this.check(this.next, size - this.here, this.nextLo, this.nextHi, size, needs);
    this.walker.checkCommit(this.first);
    if (this.here < size) this.walker.checkCommit(this.second);
  }

  private translate(walk: Walk, lo: number, hi: number, asked: number): void {
    this.denied.lo = lo;
    this.denied.hi = hi;
    const errorCode = this.walker.walk(walk, lo, hi, asked);
    if (errorCode < 0) return;
    this.walker.checkCommit(walk);
    this.walker.commit(walk);
    throw this.fault.at(walk === this.first ? lo : lo & -4096, hi, errorCode);
  }

  private check(physical: number, length: number, lo: number, hi: number, size: number, needs: number): void {
    const at = this.physical.ranges.firstWithout(physical, length, needs);
    if (at < 0) return;
    const lacks = needs & ~this.physical.ranges.at(at);
    this.denied.lo = (lo + (at - physical)) | 0;
    this.denied.hi = hi;
    throw this.deny(at, size, lacks & RIGHT.fetch ? 'fetch' : lacks & RIGHT.read ? 'read' : 'write');
  }

  private deny(physical: number, size: number, kind: AccessDenied['kind']): AccessDenied {
    this.locate();
    return this.denied.at(physical, size, kind);
  }

  /** Makes a prepared access count: A and D, the log, and tags. */
  private settle(lo: number, hi: number, size: number, needs: number, fill: boolean): void {
    this.settlePage(this.first, lo, hi, needs, fill);
    if (this.here < size) this.settlePage(this.second, this.nextLo, this.nextHi, needs, fill);
  }

  private settlePage(walk: Walk, lo: number, hi: number, needs: number, fill: boolean): void {
    const page = walk.physical / 4096;
    this.walker.commit(walk);
    if (needs & RIGHT.read) this.touches.touch(page, TOUCH.read);
    if (needs & RIGHT.write) this.touches.touch(page, TOUCH.write);
    if (needs & RIGHT.fetch) this.touches.touch(page, TOUCH.fetch);
    if (!fill || !this.isUniform(walk.physical, needs)) return;
    if (needs & RIGHT.fetch) this.fillCode(lo, hi, walk.physical);
    if (this.watches.length > 0 && this.isWatched(walk.physical)) return;
    if (this.points.isOnMemory && this.points.isInPage(lo, hi)) return;
    const { tags } = this;
    if (needs & RIGHT.read) tags.fill(false, lo, hi, walk.physical, walk.global, walk.shift);
    if (needs & RIGHT.write && !this.physical.lines.has(page)) {
      tags.fill(true, lo, hi, walk.physical, walk.global, walk.shift);
    }
  }

  /** Is all of a page RAM with the same rights, these among them? */
  private isUniform(page: number, needs: number): boolean {
    if (!this.physical.isRam(page, 4096)) return false;
    const rights = this.physical.ranges.uniform(page, 4096);
    return rights >= 0 && (rights & needs) === needs;
  }

  private loadPieces(size: number): number {
    const { physical, here } = this;
    if (here === size) {
      const value = physical.load(this.at, size);
      this.high = physical.high;
      if (this.watches.length > 0) this.tellWatches(this.at, size, false);
      return value;
    }
    let lo = 0;
    let hi = 0;
    for (let i = 0; i < size; i++) {
      const byte = physical.load(i < here ? this.at + i : this.next + i - here, 1) & 0xff;
      if (i < 4) lo |= byte << (8 * i);
      else hi |= byte << (8 * (i - 4));
    }
    this.high = hi;
    if (this.watches.length > 0) this.tellBoth(size, false);
    return lo;
  }

  private storePieces(size: number, lo: number, hi: number): void {
    const { physical, here, at, next } = this;
    if (here === size) {
      physical.store(at, size, lo, hi);
      if (this.watches.length > 0) this.tellWatches(at, size, true);
      return;
    }
    for (let i = 0; i < size; i++) {
      const byte = (i < 4 ? lo >>> (8 * i) : hi >>> (8 * (i - 4))) & 0xff;
      physical.store(i < here ? at + i : next + i - here, 1, byte, 0);
    }
    if (this.watches.length > 0) this.tellBoth(size, true);
  }

  // as the processor itself

  loadSystem(lo: number, hi: number, size: number, write: boolean): number {
    if (this.tagsAreSystems) return this.load(lo, hi, size, write);
    this.system(lo | 0, hi | 0, size, write ? MODIFY : RIGHT.read);
    return this.loadPieces(size);
  }

  storeSystem(lo: number, hi: number, size: number, valueLo: number, valueHi: number): void {
    if (this.tagsAreSystems) {
      this.store(lo, hi, size, valueLo, valueHi);
      return;
    }
    this.system(lo | 0, hi | 0, size, RIGHT.write);
    this.storePieces(size, valueLo, valueHi);
  }

  /** Neither user mode nor EFLAGS.AC has put pages into the tags, or kept them out, that an implicit access sees otherwise. */
  private get tagsAreSystems(): boolean {
    return (this.rights & 5) === 0 && !this.points.isOnMemory;
  }

  private system(lo: number, hi: number, size: number, needs: number): void {
    this.prepare(lo, hi, size, needs, IMPLICIT | (needs & RIGHT.write ? PAGE_FAULT.write : 0));
    this.settle(lo, hi, size, needs, false);
  }

  // code

  fetch(lo: number, hi: number, bytes: Uint8Array, count: number): number {
    this.split(lo, hi, count);
    const { here, nextLo, nextHi } = this;
    const got = this.fetchPage(lo, hi, bytes, 0, here);
    return got < here || here === count ? got : got + this.fetchPage(nextLo, nextHi, bytes, got, count - here);
  }

  private fetchPage(lo: number, hi: number, bytes: Uint8Array, to: number, count: number): number {
    const known = this.codePage(lo, hi);
    if (known >= 0) {
      const at = LAYOUT.ram + known + (lo & 0xfff);
      for (let i = 0; i < count; i++) bytes[to + i] = this.bytes[at + i] as number;
      return count;
    }
    const { physical } = this;
    const start = this.walker.peek(lo, hi, this.asked(RIGHT.fetch), this.scratch);
    if (start < 0) return 0;
    const denied = physical.ranges.firstWithout(start, count, RIGHT.fetch);
    const end = denied < 0 ? start + count : denied;
    for (let at = start; at < end; at++) {
      const byte = physical.peekByte(at);
      if (byte < 0) return at - start;
      bytes[to + at - start] = byte;
    }
    return end - start;
  }

  fetched(lo: number, hi: number, length: number): void {
    this.split(lo, hi, length);
    const { here, nextLo, nextHi } = this;
    const page = this.codePage(lo, hi);
    const next = here === length ? 0 : this.codePage(nextLo, nextHi);
    if (page < 0 || next < 0) {
      this.access(lo, hi, length, RIGHT.fetch);
    } else {
      this.at = page + (lo & 0xfff);
      this.next = next;
    }
    this.markCode(this.at, here);
    if (here < length) this.markCode(this.next, length - here);
  }

  fetchFault(lo: number, hi: number): never {
    this.prepare(lo | 0, hi | 0, 1, RIGHT.fetch, this.asked(RIGHT.fetch));
    throw this.deny(this.at, 1, 'fetch');
  }

  /** Bytes of RAM hold code that was decoded or translated: `onCodeWritten` tells when a line of them changes. */
  markCode(physical: number, length: number): void {
    const { lines, size } = this.physical;
    for (let at = physical; at < physical + length && at < size;) {
      const page = Math.floor(at / 4096);
      const end = Math.min((page + 1) * 4096, physical + length);
      if (!lines.has(page)) this.tags.dropWrites(page * 4096);
      lines.mark(page, at % 4096, end - at);
      at = end;
    }
  }

  private codePage(lo: number, hi: number): number {
    const page = this.fetchedPages.get(pageKey(lo, hi));
    return page?.version === this.mappingVersion ? page.physical : -1;
  }

  /**
   * Code of this page was fetched since linear addresses last changed their meaning, so that executing more of it touches nothing new: what
   * translated code has to be sure of.
   */
  isFetched(lo: number, hi: number): boolean {
    return this.codePage(lo, hi) >= 0;
  }

  /** Like `physicalOf`, of code: where it was fetched, it stays until that is flushed, whatever the page tables say by now. */
  physicalOfCode(lo: number, hi: number): number {
    const page = this.codePage(lo, hi);
    return page < 0 ? this.physicalOf(lo, hi) : page + (lo & 0xfff);
  }

  private fillCode(lo: number, hi: number, physical: number): void {
    this.fetchedPages.set(pageKey(lo, hi), { version: this.mappingVersion, physical });
  }

  // what the tags depend on

  flush(global: boolean): void {
    this.walker.flush();
    const rights = this.walker.rights();
    if (global || rights !== this.rights) this.tags.dropAll();
    else this.tags.dropLocal();
    this.rights = rights;
    this.newMapping();
  }

  invalidate(lo: number, hi: number): void {
    this.tags.dropPage(lo | 0, hi | 0);
    this.newMapping();
  }

  rightsChanged(): void {
    const rights = this.walker.rights();
    if (rights === this.rights) return;
    this.rights = rights;
    this.tags.dropAll();
    this.codeVersion = this.codeEpoch | rights;
    this.mappingVersion = this.mappingEpoch | rights;
  }

  /** The PDPTEs that a value of CR3 names become those of PAE paging, unless one has a reserved bit set: false, and MOV to CR is #GP(0). */
  loadPdptes(cr3: number): boolean {
    return this.walker.loadPdptes(cr3);
  }

  get a20(): boolean {
    return this.physical.a20;
  }

  set a20(on: boolean) {
    if (on === this.physical.a20) return;
    this.physical.a20 = on;
    this.forgetAll();
  }

  /** Width of physical addresses. */
  get physicalBits(): number {
    return this.walker.physicalBits;
  }

  set physicalBits(bits: number) {
    this.walker.physicalBits = bits;
    this.forgetAll();
  }

  /** Are there pages of 1 GiB? */
  get gigabytePages(): boolean {
    return this.walker.gigabytePages;
  }

  set gigabytePages(are: boolean) {
    this.walker.gigabytePages = are;
    this.forgetAll();
  }

  private forgetAll(): void {
    this.tags.dropAll();
    this.newMapping();
  }

  private newMapping(): void {
    this.fetchedPages.clear();
    this.mappingEpoch = (this.mappingEpoch + RIGHTS_KEYS) | 0;
    this.mappingVersion = this.mappingEpoch | this.rights;
    this.newCode();
  }

  private newCode(): void {
    this.codeEpoch = (this.codeEpoch + RIGHTS_KEYS) | 0;
    this.codeVersion = this.codeEpoch | this.rights;
  }

  // for the owner of the machine

  /** All pages that were made plain so far lie at their linear address. */
  get identity(): boolean {
    return this.tags.identity;
  }

  /** How many places of the tag tables may be filled. */
  get tagged(): number {
    return this.tags.size;
  }

  map({ start, length, access }: PhysicalRange & { readonly access: Access }): void {
    if (length > 0) this.physical.ranges.set(start, length, rightsOf(access));
    this.forgetAll();
  }

  /** Who may do what where, without gaps. */
  get ranges(): MemorySnapshot['ranges'] {
    return [...this.physical.ranges];
  }

  /** A device may be read and written, whatever was mapped there; an earlier one wins. */
  mapDevice(start: number, length: number, device: MemoryDevice): void {
    this.physical.devices.push({ start, end: start + length, device });
    this.map({ start, length, access: 'rw' });
  }

  /** The host changed RAM: what was derived from code there is stale. */
  wroteRam(start: number, length: number): void {
    this.physical.wrote(start, Math.min(length, this.physical.size - start));
  }

  /** Where a linear address leads, whoever asks; -1 when it leads nowhere. Nothing is logged or set. */
  physicalOf(lo: number, hi: number): number {
    return this.walker.peek(lo | 0, hi | 0, ANY, this.scratch);
  }

  watch(watch: Watch): void {
    this.watches.push(watch);
    this.forgetAll();
  }

  unwatch(watch: Watch): void {
    const at = this.watches.indexOf(watch);
    if (at >= 0) this.watches.splice(at, 1);
  }

  private isWatched(page: number): boolean {
    return this.watches.some((own) => overlaps(own, page, 4096));
  }

  private tellBoth(size: number, write: boolean): void {
    this.tellWatches(this.at, this.here, write);
    this.tellWatches(this.next, size - this.here, write);
  }

  private tellWatches(physical: number, size: number, write: boolean): void {
    for (const watch of [...this.watches]) {
      if (!overlaps(watch, physical, size) || !watch.access.includes(write ? 'w' : 'r')) continue;
      this.onWatch(watch, physical, size, write);
    }
  }

  save(): MemorySnapshot {
    const { physical, walker, touches, ranges } = this;
    return { ranges, a20: physical.a20, pdptes: [...walker.pdptes], touches: touches.save() };
  }

  /** After RAM and the state block are what they were when `save` was called. Code that was marked before is reported as written. */
  restore({ ranges, a20, pdptes, touches }: MemorySnapshot): void {
    this.physical.a20 = a20;
    for (const { start, length, access } of ranges) this.physical.ranges.set(start, length, rightsOf(access));
    this.walker.pdptes.set(pdptes);
    this.touches.restore(touches);
    this.wroteRam(0, this.physical.size);
    this.rights = this.walker.rights();
    this.forgetAll();
  }
}

interface FetchedPage {
  /** `mappingVersion` then. */
  readonly version: number;
  /** Where it begins. */
  readonly physical: number;
}

/** How many elements lie in the page from here on in one direction; none when the first lies over its end. */
const elementsToEdge = (lo: number, size: number, down: boolean): number => {
  const at = lo & 0xfff;
  if (!down) return Math.floor((0x1000 - at) / size);
  return at + size > 0x1000 ? 0 : Math.floor(at / size) + 1;
};

/** Canonical addresses differ in their low 53 bits. */
const pageKey = (lo: number, hi: number): number => (hi & 0x1f_ffff) * 0x10_0000 + (lo >>> 12);

const isTagged = (tags: Int32Array, lo: number, hi: number): boolean => {
  const at = (lo >>> 11) & 0x1fffe;
  return tags[at] === (lo & -4096) && tags[at + 1] === hi;
};

const overlaps = (range: PhysicalRange, start: number, length: number): boolean =>
  start < range.start + range.length && range.start < start + length;
