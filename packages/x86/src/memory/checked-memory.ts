import { WORD } from '../cpu/state.js';
import { DebugPoints } from './debug-points.js';
import { FetchedPages } from './fetched-pages.js';
import { AccessDenied, MemoryFault, PAGE_FAULT } from './memory.js';
import { PhysicalMemory } from './physical.js';
import { isTagged, PlainMemory } from './plain-memory.js';
import { RIGHT } from './ranges.js';
import { TOUCH, TouchLog, type Where } from './touch-log.js';
import { IMPLICIT, Walk, Walker } from './walker.js';
import { Watches } from './watches.js';

const MODIFY = RIGHT.read | RIGHT.write;

/**
 * The slow way to memory: translate (walk), check the rights of every byte, then set A and D, log, and fill tags. So a tag stands only for a page
 * that all of this is settled for, and an access happens completely or not at all.
 */
export abstract class CheckedMemory extends PlainMemory {
  readonly touches: TouchLog;
  readonly points = new DebugPoints();
  readonly watches = new Watches();
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
  /** Changes when linear addresses may lead elsewhere, or rights may be others. Comes back to what it was when only CPL or AC do. */
  mappingVersion = 0;

  protected readonly physical: PhysicalMemory;
  protected readonly walker: Walker;
  protected readonly fetchedPages = new FetchedPages();
  /** What the tags are good for: `Walker.rights`. */
  protected rights = 0;
  private readonly fault = new MemoryFault();
  private readonly denied = new AccessDenied();

  // the access in hand: one page, or the last bytes of one and the first of the next. NaN: physical addresses may have more bits than small
  // integers, and V8 is to know that from the beginning
  private readonly first = new Walk();
  private readonly second = new Walk();
  protected at = NaN;
  protected here = 0;
  protected next = NaN;
  protected nextLo = 0;
  protected nextHi = 0;

  /** `ram`: bytes. `ones`: outside RAM and devices everything reads as ones; else it is denied. */
  constructor(ram: number, ones: boolean) {
    super(ram);
    this.touches = new TouchLog(
      this.buffer,
      ram / 4096,
      this.where,
      () => {
        this.locate();
      },
      () => {
        this.forgetAll();
      },
    );
    const deny = (physical: number, size: number, kind: AccessDenied['kind']) => this.deny(physical, size, kind);
    this.physical = new PhysicalMemory(this.buffer, ram, this.touches, deny, ones);
    this.walker = new Walker(this.words, this.physical);
    this.points.onChange = () => this.tags.dropAll();
  }

  /** Nothing that was derived from memory, rights or page tables is good any more. */
  protected abstract forgetAll(): void;

  protected loadSlowly(lo: number, hi: number, size: number, write: boolean): number {
    const isPlain = this.straddlesTagged(lo, hi, size, write) || this.access(lo, hi, size, write ? MODIFY : RIGHT.read);
    if (isPlain) return this.here < size ? this.loadAcross(size, true) : this.load(lo, hi, size, write);
    const value = this.loadPieces(size);
    if (this.points.isOnMemory) this.points.accessed(lo, hi, size, false);
    return value;
  }

  protected storeSlowly(lo: number, hi: number, size: number, valueLo: number, valueHi: number): void {
    const isPlain = this.straddlesTagged(lo, hi, size, true) || this.access(lo, hi, size, RIGHT.write);
    if (isPlain) {
      if (this.here < size) this.storeAcross(size, valueLo, valueHi, true);
      else this.store(lo, hi, size, valueLo, valueHi);
      return;
    }
    this.storePieces(size, valueLo, valueHi);
    if (this.points.isOnMemory) this.points.accessed(lo, hi, size, true);
  }

  protected makePlain(lo: number, hi: number, size: number, write: boolean): boolean {
    return this.access(lo, hi, size, write ? RIGHT.write : RIGHT.read);
  }

  /** Makes everything of an access but the access itself; true when its pages have all tags that it needs now. */
  protected access(lo: number, hi: number, size: number, needs: number): boolean {
    this.prepare(lo | 0, hi | 0, size, needs, this.asked(needs));
    return this.settle(lo | 0, hi | 0, size, needs, true);
  }

  /** The walks of the access of `size` bytes that was made last have set A or D. */
  protected setBits(size: number): boolean {
    return this.first.changes || (this.here < size && this.second.changes);
  }

  /** What is asked of paging, as bits of the error code. */
  protected asked(needs: number): number {
    return (
      (this.words[WORD.cpl] === 3 ? PAGE_FAULT.user : 0) |
      (needs & RIGHT.write ? PAGE_FAULT.write : 0) |
      (needs & RIGHT.fetch ? PAGE_FAULT.fetch : 0)
    );
  }

  /** Splits an access at the end of its page. Linear addresses wrap at 4 GiB outside of 64-bit code. */
  protected split(lo: number, hi: number, size: number): void {
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
  protected prepare(lo: number, hi: number, size: number, needs: number, asked: number): void {
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

  protected deny(physical: number, size: number, kind: AccessDenied['kind']): AccessDenied {
    this.locate();
    return this.denied.at(physical, size, kind);
  }

  /** Makes a prepared access count: A and D, the log, and tags. True: all that it needs is tagged now. */
  private settle(lo: number, hi: number, size: number, needs: number, fill: boolean): boolean {
    const isPlain = this.settlePage(this.first, lo, hi, needs, fill);
    if (this.here === size) return isPlain;
    return this.settlePage(this.second, this.nextLo, this.nextHi, needs, fill) && isPlain;
  }

  private settlePage(walk: Walk, lo: number, hi: number, needs: number, fill: boolean): boolean {
    const page = walk.physical / 4096;
    this.walker.commit(walk);
    if (needs & RIGHT.read) this.touches.touch(page, TOUCH.read);
    if (needs & RIGHT.write) this.touches.touch(page, TOUCH.write);
    if (needs & RIGHT.fetch) this.touches.touch(page, TOUCH.fetch);
    if (!fill || !this.physical.isUniform(walk.physical, needs)) {
      if (needs & RIGHT.fetch) this.fetchedPages.addOther();
      return false;
    }
    if (needs & RIGHT.fetch) this.fetchedPages.add(lo, hi, this.mappingVersion, walk.physical, walk.shift);
    if (!this.watches.isEmpty && this.watches.isInPage(walk.physical)) return false;
    if (this.points.isOnMemory && this.points.isInPage(lo, hi)) return false;
    const { tags } = this;
    if (needs & RIGHT.read) tags.fill(false, lo, hi, walk.physical, walk.global, walk.shift);
    if ((needs & RIGHT.write) === 0) return true;
    if (this.physical.lines.has(page)) return false;
    tags.fill(true, lo, hi, walk.physical, walk.global, walk.shift);
    return true;
  }

  private loadPieces(size: number): number {
    const { physical, here } = this;
    if (here < size) return this.loadAcross(size, false);
    const value = physical.load(this.at, size);
    this.high = physical.high;
    if (!this.watches.isEmpty) this.watches.accessed(this.at, size, false);
    return value;
  }

  private storePieces(size: number, lo: number, hi: number): void {
    const { physical, here, at } = this;
    if (here < size) {
      this.storeAcross(size, lo, hi, false);
      return;
    }
    physical.store(at, size, lo, hi);
    if (!this.watches.isEmpty) this.watches.accessed(at, size, true);
  }

  /** An access over the end of a page, byte by byte; `plain`: both pages are. */
  private loadAcross(size: number, plain: boolean): number {
    const { here, at: first, next } = this;
    let lo = 0;
    let hi = 0;
    for (let i = 0; i < size; i++) {
      const at = i < here ? first + i : next + i - here;
      const byte = plain ? (this.ram[at] as number) : this.physical.load(at, 1) & 0xff;
      if (i < 4) lo |= byte << (8 * i);
      else hi |= byte << (8 * (i - 4));
    }
    this.high = hi;
    if (!plain && !this.watches.isEmpty) this.tellBoth(size, false);
    return lo;
  }

  private storeAcross(size: number, lo: number, hi: number, plain: boolean): void {
    const { here, at: first, next } = this;
    for (let i = 0; i < size; i++) {
      const at = i < here ? first + i : next + i - here;
      const byte = (i < 4 ? lo >>> (8 * i) : hi >>> (8 * (i - 4))) & 0xff;
      if (plain) this.ram[at] = byte;
      else this.physical.store(at, 1, byte, 0);
    }
    if (!plain && !this.watches.isEmpty) this.tellBoth(size, true);
  }

  private tellBoth(size: number, write: boolean): void {
    this.watches.accessed(this.at, this.here, write);
    this.watches.accessed(this.next, size - this.here, write);
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
}
