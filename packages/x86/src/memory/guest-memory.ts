import { LAYOUT, WAY } from './layout.js';
import { CheckedMemory } from './checked-memory.js';
import { type Memory } from './memory.js';
import { type MemoryDevice } from './physical.js';
import { type Access, RIGHT, rightsOf } from './ranges.js';
import { type Touch } from './touch-log.js';
import { ANY, Walk } from './walker.js';
import { type PhysicalRange, type Watch } from './watches.js';

export interface GuestMemoryOptions {
  /** Bytes of RAM from physical address 0 on: whole pages, at most RAM_MAX. */
  readonly ram: number;
  /** Outside RAM and devices: denied, or ones to read and nothing to write as on a bus. */
  readonly unmapped?: 'deny' | 'ones';
}

/** All but RAM and the state block: what `restore` takes. */
export interface MemorySnapshot {
  readonly ranges: readonly (PhysicalRange & { readonly access: Access })[];
  readonly a20: boolean;
  readonly pdptes: readonly number[];
  readonly touches: readonly Touch[];
}

const RIGHTS_KEYS = 32;

/**
 * The memory of a machine: the fast way (PlainMemory), the slow way (CheckedMemory), and here code, what makes tags and translations stale, and what
 * the owner of the machine can do: rights to the byte, devices, watches, an account of who touched what.
 */
export class GuestMemory extends CheckedMemory implements Memory {
  codeVersion = 0;
  /** A store, or `wroteRam`, hit a line of code in this physical page: its marks are gone, `codeVersion` is another. */
  onCodeWritten: (page: number) => void = () => undefined;

  private codeEpoch = 0;
  private mappingEpoch = 0;
  private readonly scratch = new Walk();

  constructor({ ram, unmapped = 'deny' }: GuestMemoryOptions) {
    super(ram, unmapped === 'ones');
    this.physical.onCodeWritten = (page) => {
      this.newCode();
      this.onCodeWritten(page);
    };
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

  fetched(lo: number, hi: number, length: number): boolean {
    let changes = false;
    this.split(lo, hi, length);
    const { here, nextLo, nextHi } = this;
    const page = this.codePage(lo, hi);
    const next = here === length ? 0 : this.codePage(nextLo, nextHi);
    if (page < 0 || next < 0) {
      this.access(lo, hi, length, RIGHT.fetch);
      changes = this.setBits(length);
    } else {
      this.at = page + (lo & 0xfff);
      this.next = next;
    }
    this.markCode(this.at, here);
    if (here < length) this.markCode(this.next, length - here);
    return changes;
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
    return this.fetchedPages.find(lo, hi, this.mappingVersion);
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
    // code stays where it is: 32-bit kernels map and unmap data all the time
    if (this.fetchedPages.mayHold(lo | 0, hi | 0)) this.newMapping();
  }

  rightsChanged(): void {
    const rights = this.walker.rights();
    if (rights === this.rights) return;
    this.rights = rights;
    this.tags.dropAll();
    this.codeVersion = this.codeEpoch | rights;
    this.mappingVersion = this.mappingEpoch | rights;
  }

  /** How WebAssembly may make pages plain (`handlers/easy-way.ts`): bits of WAY. */
  get way(): number {
    const isAsked = this.touches.onTouch !== undefined || !this.watches.isEmpty || this.points.isOnMemory;
    const way = isAsked || !this.physical.a20 ? 0 : this.walker.way;
    return this.tags.identity ? way | WAY.identity : way;
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

  protected forgetAll(): void {
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

  map({ start, length, access }: PhysicalRange & { readonly access: Access }): void {
    this.physical.setRights(start, length, rightsOf(access));
    this.forgetAll();
  }

  /** Who may do what where, without gaps. */
  get ranges(): MemorySnapshot['ranges'] {
    return [...this.physical.ranges];
  }

  /** A device may be read and written, whatever was mapped there; an earlier one wins. */
  mapDevice(start: number, length: number, device: MemoryDevice): void {
    this.physical.addDevice(start, length, device);
    this.forgetAll();
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
    this.watches.add(watch);
    this.forgetAll();
  }

  unwatch(watch: Watch): void {
    this.watches.delete(watch);
  }

  save(): MemorySnapshot {
    const { physical, walker, touches, ranges } = this;
    return { ranges, a20: physical.a20, pdptes: [...walker.pdptes], touches: touches.save() };
  }

  /** After RAM and the state block are what they were when `save` was called. Code that was marked before is reported as written. */
  restore({ ranges, a20, pdptes, touches }: MemorySnapshot): void {
    this.physical.a20 = a20;
    for (const { start, length, access } of ranges) this.physical.setRights(start, length, rightsOf(access));
    this.walker.pdptes.set(pdptes);
    this.touches.restore(touches);
    this.wroteRam(0, this.physical.size);
    this.rights = this.walker.rights();
    this.forgetAll();
  }
}
