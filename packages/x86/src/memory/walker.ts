import { CR0, CR4, EFER, WORD } from '../cpu/state.js';
import { WAY } from './layout.js';
import { PAGE_FAULT } from './memory.js';
import { type PhysicalMemory } from './physical.js';
import { RIGHT } from './ranges.js';

/** Bits of entries of all paging structures. Source: Intel SDM vol. 3A, 4.3 to 4.5. */
export const PRESENT = 1;
export const WRITABLE = 2;
export const USER = 4;
export const ACCESSED = 0x20;
export const DIRTY = 0x40;
export const LARGE = 0x80;
export const GLOBAL = 0x100;
/** Low word of a PDPTE of PAE paging: bits that have to be 0. */
const PDPTE_RESERVED = 0x1e6;
/** Low word of an entry that maps a page itself, by level: bits that have to be 0. No page of 512 GiB: there PS is reserved. */
const LEAF_RESERVED = [0, 0x1f_e000, 0x3fff_e000, LARGE] as const;
/** Low bits of the address that come from the linear one, by level. */
const OFFSET = [0xfff, 0x1f_ffff, 0x3fff_ffff, 0] as const;

const EFLAGS_AC = 1 << 18;

/** What is asked of an address: the bits of the error code of #PF that say so, and this one for what SMAP calls an implicit access. */
export const IMPLICIT = 0x100;

/** Where the page of a linear address lies, and the entries that led there. */
export class Walk {
  /** Of the first byte of its 4 KiB. */
  physical = NaN;
  global = false;
  /** Log2 of the size of the page. */
  shift = 12;
  /** Entries that were used, and the bits that the processor sets in them. */
  readonly entries = new Float64Array(4);
  readonly bits = new Int32Array(4);
  count = 0;
  /** Some of the bits are not there yet. */
  changes = false;

  use(at: number, entry: number, bits: number): void {
    this.entries[this.count] = at;
    this.bits[this.count++] = bits;
    if ((entry & bits) !== bits) this.changes = true;
  }
}

/** The processor's walk through its paging structures: 32-bit, PAE and 4-level. Registers are those of the state block. */
export class Walker {
  /** Width of physical addresses: what lies above is reserved in entries. */
  physicalBits = 40;
  /** Are there pages of 1 GiB? */
  gigabytePages = true;
  /** The PDPTE registers of PAE paging: 4 of 8 bytes. */
  readonly pdptes = new Int32Array(8);
  private quiet = false;

  constructor(
    private readonly state: Int32Array,
    private readonly physical: PhysicalMemory,
  ) {}

  private control(register: number): number {
    return this.state[WORD.cr + 2 * register] as number;
  }

  private get efer(): number {
    return this.state[WORD.efer] as number;
  }

  get paged(): boolean {
    return (this.control(0) & CR0.PG) !== 0;
  }

  /** What the easy way depends on (`handlers/easy-way.ts`), as bits of WAY; 0: there is none. */
  get way(): number {
    if (this.state[WORD.cpl] === 3) return 0;
    if (!this.paged) return WAY.easy;
    const cr4 = this.control(4);
    if ((this.efer & EFER.LMA) === 0) return 0;
    return (
      WAY.easy |
      WAY.paged |
      (cr4 & CR4.PGE ? WAY.global : 0) |
      (cr4 & CR4.SMAP ? WAY.smap : 0) |
      (this.efer & EFER.NXE ? WAY.noExecute : 0) |
      (this.gigabytePages ? WAY.gigabytes : 0)
    );
  }

  /** All that decides who may touch what, as a small number: tags are good for one. */
  rights(): number {
    const user = this.state[WORD.cpl] === 3;
    const ac = ((this.state[WORD.eflags] as number) & EFLAGS_AC) !== 0;
    const cr4 = this.control(4);
    return (
      (user ? 1 : 0) |
      (this.control(0) & CR0.WP ? 2 : 0) |
      (cr4 & CR4.SMAP ? (ac ? 4 : 8) : 0) |
      (cr4 & CR4.SMEP ? 16 : 0)
    );
  }

  /** The bits of the error code that a fetch has. */
  get fetchBit(): number {
    const cr4 = this.control(4);
    const tells = (cr4 & CR4.SMEP) !== 0 || ((cr4 & CR4.PAE) !== 0 && (this.efer & EFER.NXE) !== 0);
    return tells ? PAGE_FAULT.fetch : 0;
  }

  /** The PDPTEs that a value of CR3 names become the registers; false when one has a reserved bit set: then MOV to CR is #GP(0). Source: SDM vol. 3A, 4.4.1. */
  loadPdptes(cr3: number): boolean {
    const { pdptes } = this;
    const table = (cr3 & 0xffffffe0) >>> 0;
    const loaded = new Int32Array(8);
    let good = true;
    for (let i = 0; i < 4; i++) {
      const at = this.physical.gate(table + 8 * i);
      loaded[2 * i] = this.physical.entry(at, 8);
      loaded[2 * i + 1] = this.physical.high;
      good &&= this.goodPdpte(loaded[2 * i] as number, loaded[2 * i + 1] as number);
    }
    if (good) pdptes.set(loaded);
    return good;
  }

  private goodPdpte(lo: number, hi: number): boolean {
    return (lo & PRESENT) === 0 || ((lo & PDPTE_RESERVED) === 0 && (hi & this.reservedAbove(64)) === 0);
  }

  /** After a change of CR0, CR3, CR4 or EFER. */
  flush(): void {
    const pae = this.paged && (this.control(4) & CR4.PAE) !== 0 && (this.efer & EFER.LMA) === 0;
    if (pae) this.loadPdptes(this.control(3));
  }

  /**
   * Translates the page of an address that is asked for `access`. Returns the error code of the #PF, or -1. The entries are not changed yet,
   * `commit` does that; after a fault it is to be called too, for those that led to the faulting one.
   */
  walk(walk: Walk, lo: number, hi: number, access: number): number {
    walk.count = 0;
    walk.changes = false;
    walk.global = false;
    walk.shift = 12;
    if (!this.paged) {
      walk.physical = this.physical.gate((lo & -4096) >>> 0);
      return -1;
    }
    const fault = this.translate(walk, lo, hi, access);
    return fault < 0 ? -1 : fault | (access & (PAGE_FAULT.write | PAGE_FAULT.user)) | this.fetchOf(access);
  }

  /** The physical address of a byte whoever may touch it, -1 when there is none. Nobody notices. */
  peek(lo: number, hi: number, access: number, walk: Walk): number {
    this.quiet = true;
    const fault = this.walk(walk, lo, hi, access);
    this.quiet = false;
    return fault < 0 ? walk.physical + (lo & 0xfff) : -1;
  }

  private fetchOf(access: number): number {
    return access & PAGE_FAULT.fetch ? this.fetchBit : 0;
  }

  private translate(walk: Walk, lo: number, hi: number, access: number): number {
    const cr3 = this.control(3) >>> 0;
    if ((this.efer & EFER.LMA) !== 0) {
      const cr3Hi = this.state[WORD.cr + 7] as number;
      return this.descend(walk, this.baseOf(cr3, cr3Hi), 3, lo, hi, access);
    }
    if ((this.control(4) & CR4.PAE) === 0) return this.walk32(walk, (cr3 & 0xfffff000) >>> 0, lo, access);
    const index = lo >>> 30;
    const pdpteLo = this.pdptes[2 * index] as number;
    const pdpteHi = this.pdptes[2 * index + 1] as number;
    if ((pdpteLo & PRESENT) === 0) return 0;
    return this.descend(walk, this.baseOf(pdpteLo, pdpteHi), 1, lo, hi, access);
  }

  /** PAE from level 1, 4-level from 3: page tables are level 0. */
  private descend(walk: Walk, top: number, from: number, lo: number, hi: number, access: number): number {
    const reserved = this.reservedAbove(from === 3 ? 52 : 63) | (this.efer & EFER.NXE ? 0 : 0x80000000);
    let table = top;
    let rights = WRITABLE | USER;
    let noExecute = 0;
    for (let level = from; ; level--) {
      const at = this.physical.gate(table + 8 * indexOf(level, lo, hi));
      const entryLo = this.read(at, 8);
      const entryHi = this.physical.high;
      if ((entryLo & PRESENT) === 0) return 0;
      const leaf = level === 0 || (entryLo & LARGE) !== 0;
      if ((entryHi & reserved) !== 0 || (leaf && this.leafReserved(level, entryLo))) return RESERVED;
      rights &= entryLo;
      noExecute |= entryHi;
      if (!leaf) {
        walk.use(at, entryLo, ACCESSED);
        table = this.baseOf(entryLo, entryHi);
        continue;
      }
      const offset = OFFSET[level] as number;
      walk.shift = 12 + 9 * level;
      return this.leaf(
        walk,
        at,
        entryLo,
        rights,
        noExecute < 0,
        this.above(entryHi) + (((entryLo & ~offset) | (lo & offset & -4096)) >>> 0),
        access,
      );
    }
  }

  private leafReserved(level: number, entryLo: number): boolean {
    if (level === 2 && !this.gigabytePages) return true;
    return (entryLo & (LEAF_RESERVED[level] as number)) !== 0;
  }

  private walk32(walk: Walk, directory: number, lo: number, access: number): number {
    const at = this.physical.gate(directory + 4 * (lo >>> 22));
    const entry = this.read(at, 4);
    if ((entry & PRESENT) === 0) return 0;
    if ((entry & LARGE) !== 0 && (this.control(4) & CR4.PSE) !== 0) {
      // PSE-36: bits 32 to 39 of the address are at 13 to 20, as far as physical addresses reach
      const width = Math.min(this.physicalBits, 40) - 32;
      const reserved = 0x3f_e000 & ~(((1 << width) - 1) << 13);
      if ((entry & reserved) !== 0) return RESERVED;
      walk.shift = 22;
      const base = ((entry >>> 13) & 0xff) * 2 ** 32 + (((entry & 0xffc00000) | (lo & 0x3ff000)) >>> 0);
      return this.leaf(walk, at, entry, entry, false, base, access);
    }
    walk.use(at, entry, ACCESSED);
    const pageAt = this.physical.gate(((entry & 0xfffff000) >>> 0) + 4 * ((lo >>> 12) & 0x3ff));
    const page = this.read(pageAt, 4);
    if ((page & PRESENT) === 0) return 0;
    return this.leaf(walk, pageAt, page, page & entry, false, (page & 0xfffff000) >>> 0, access);
  }

  /** `rights` are those that all entries grant. */
  private leaf(
    walk: Walk,
    at: number,
    entry: number,
    rights: number,
    noExecute: boolean,
    physical: number,
    access: number,
  ): number {
    if (!this.allowed(rights, noExecute, access)) return PAGE_FAULT.present;
    walk.use(at, entry, access & PAGE_FAULT.write ? ACCESSED | DIRTY : ACCESSED);
    walk.global = (entry & GLOBAL) !== 0 && (this.control(4) & CR4.PGE) !== 0;
    walk.physical = this.physical.gate(physical);
    return -1;
  }

  /** Source: Intel SDM vol. 3A, 4.6.1. */
  private allowed(rights: number, noExecute: boolean, access: number): boolean {
    if ((access & ANY) !== 0) return true;
    const userPage = (rights & USER) !== 0;
    const write = (access & PAGE_FAULT.write) !== 0;
    const fetch = (access & PAGE_FAULT.fetch) !== 0;
    if (fetch && noExecute) return false;
    if ((access & PAGE_FAULT.user) !== 0) return userPage && (!write || (rights & WRITABLE) !== 0);
    const cr4 = this.control(4);
    if (fetch) return !userPage || (cr4 & CR4.SMEP) === 0;
    if (userPage && (cr4 & CR4.SMAP) !== 0) {
      const ac = ((this.state[WORD.eflags] as number) & EFLAGS_AC) !== 0;
      if (!ac || (access & IMPLICIT) !== 0) return false;
    }
    return !write || (rights & WRITABLE) !== 0 || (this.control(0) & CR0.WP) === 0;
  }

  /** Asks whether the processor may set A and D in the entries of a walk; throws AccessDenied. */
  checkCommit(walk: Walk): void {
    if (!walk.changes) return;
    for (let i = 0; i < walk.count; i++) {
      const at = walk.entries[i] as number;
      const bits = walk.bits[i] as number;
      if ((this.physical.peekEntry(at, 4) & bits) !== bits) this.physical.checkEntry(at, 4, RIGHT.write);
    }
  }

  /** Sets A and D in the entries of a walk. */
  commit(walk: Walk): void {
    if (!walk.changes) return;
    for (let i = 0; i < walk.count; i++) {
      const at = walk.entries[i] as number;
      const bits = walk.bits[i] as number;
      const entry = this.physical.peekEntry(at, 4);
      if ((entry & bits) !== bits) this.physical.store(at, 4, entry | bits, 0);
    }
  }

  private read(at: number, size: number): number {
    return this.quiet ? this.physical.peekEntry(at, size) : this.physical.entry(at, size);
  }

  /** Bits of the high word of an entry from the width of physical addresses up to `end`, which have to be 0. */
  private reservedAbove(end: number): number {
    const below = (1 << (this.physicalBits - 32)) - 1;
    return (end === 64 ? -1 : (1 << (end - 32)) - 1) & ~below;
  }

  private above(entryHi: number): number {
    return (entryHi & 0xfffff) * 2 ** 32;
  }

  private baseOf(entryLo: number, entryHi: number): number {
    return this.above(entryHi) + ((entryLo & 0xfffff000) >>> 0);
  }
}

/** Access that rights do not matter to. */
export const ANY = 0x200;
const RESERVED = PAGE_FAULT.present | PAGE_FAULT.reserved;

function indexOf(level: number, lo: number, hi: number): number {
  switch (level) {
    case 3:
      return (hi >>> 7) & 0x1ff;
    case 2:
      return ((hi & 0x7f) << 2) | (lo >>> 30);
    case 1:
      return (lo >>> 21) & 0x1ff;
    default:
      return (lo >>> 12) & 0x1ff;
  }
}
