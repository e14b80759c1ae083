import { LAYOUT } from '../memory/layout.js';
import { type Profile, TRANSLATED } from './profile.js';
import { linearAt, type Region } from './region.js';
import { DISPATCH, dispatchIndex } from './runtime.js';

/** A region that has become a function. */
export interface Translated {
  readonly region: Region;
  readonly slot: number;
  /** How often it could not be entered because not all of its pages were fetched. */
  refusals: number;
  /** How often the region was made anew, with more code. */
  readonly generation: number;
  /** Entries: addresses and labels. */
  readonly entries: readonly { readonly lo: number; readonly hi: number; readonly label: number }[];
  /** Where its code lay when it was translated. */
  readonly pages: readonly { readonly lo: number; readonly hi: number; readonly physical: number }[];
}

/** A way into translated code. */
export interface Entry {
  readonly translated: Translated;
  readonly label: number;
}

/** Regions at most: V8 keeps each in memory, and the dispatcher's table has so many places. */
export const MAX_REGIONS = 1 << DISPATCH.slotBits;

/** All translated regions, found by entry, by block, and by the page that their code lies in; the functions of the dispatcher, and its table. */
export class RegionTable {
  /** By mode and entry. */
  private readonly entries = new Map<number, Map<number, Entry>>();
  /** The beginnings of all blocks, by mode. */
  private readonly blocks = new Map<number, Map<number, Translated>>();
  private readonly byPage = new Map<number, Set<Translated>>();
  private slots: (Translated | undefined)[] = [];
  private free: number[] = [];
  private readonly dispatch: Int32Array;
  /** Places of the dispatcher's table that are taken. */
  private dispatched: number[] = [];

  constructor(
    buffer: ArrayBuffer,
    private readonly profile: Profile,
    /** Where the dispatcher finds them. */
    private readonly functions: WebAssembly.Table,
  ) {
    this.dispatch = new Int32Array(buffer, LAYOUT.dispatch, (DISPATCH.entries * DISPATCH.bytes) / 4);
  }

  /** `key`: of the mode. */
  entryAt(key: number, lo: number, hi: number): Entry | undefined {
    return this.entries.get(key)?.get(keyOf(lo, hi));
  }

  /** The region that has a block there. */
  around(key: number, lo: number, hi: number): Translated | undefined {
    return this.blocks.get(key)?.get(keyOf(lo, hi));
  }

  /** A slot for a new region; when there is none, all begins anew. */
  takeSlot(): number {
    if (this.slots.length >= MAX_REGIONS && this.free.length === 0) this.dropAll();
    return this.free.pop() ?? this.slots.length;
  }

  add(translated: Translated, run: WebAssembly.ExportValue): void {
    const { region, slot, entries, pages } = translated;
    this.functions.set(slot, run);
    this.slots[slot] = translated;
    const { key } = region.mode;
    const byEntry = this.entries.get(key) ?? new Map<number, Entry>();
    this.entries.set(key, byEntry);
    for (const { lo, hi, label } of entries) {
      if (byEntry.has(keyOf(lo, hi))) continue;
      byEntry.set(keyOf(lo, hi), { translated, label });
      this.profile.mark(lo, hi, TRANSLATED);
      this.enterDispatch(lo, hi, { translated, label });
    }
    const blocks = this.blocks.get(key) ?? new Map<number, Translated>();
    this.blocks.set(key, blocks);
    for (const { start } of region.blocks) {
      const place = keyOf(...linearAt(region, start));
      if (!blocks.has(place)) blocks.set(place, translated);
    }
    for (const { physical } of pages) {
      const page = physical >>> 12;
      const set = this.byPage.get(page) ?? new Set();
      this.byPage.set(page, set.add(translated));
    }
  }

  // dropping

  dropPage(page: number): void {
    for (const translated of this.byPage.get(page) ?? []) this.drop(translated);
  }

  dropWhere(isWanted: (translated: Translated) => boolean): void {
    for (const translated of this.slots) if (translated !== undefined && isWanted(translated)) this.drop(translated);
  }

  drop(translated: Translated): void {
    const { region, slot, entries, pages } = translated;
    if (this.slots[slot] !== translated) return;
    const byEntry = this.entries.get(region.mode.key);
    for (const { lo, hi } of entries) {
      if (byEntry?.get(keyOf(lo, hi))?.translated !== translated) continue;
      byEntry.delete(keyOf(lo, hi));
      this.profile.mark(lo, hi, 0);
    }
    for (const place of this.dispatched)
      if (((this.dispatch[place + 3] as number) & (MAX_REGIONS - 1)) === slot) this.clearPlace(place);
    const blocks = this.blocks.get(region.mode.key);
    for (const { start } of region.blocks) {
      const key = keyOf(...linearAt(region, start));
      if (blocks?.get(key) === translated) blocks.delete(key);
    }
    for (const { physical } of pages) this.byPage.get(physical >>> 12)?.delete(translated);
    this.slots[slot] = undefined;
    this.free.push(slot);
    this.functions.set(slot, null);
  }

  /** As if nothing had ever been executed. */
  dropAll(): void {
    this.clearDispatch();
    for (let slot = 0; slot < this.slots.length; slot++) this.functions.set(slot, null);
    this.entries.clear();
    this.blocks.clear();
    this.byPage.clear();
    this.slots = [];
    this.free = [];
    this.profile.clear();
  }

  // the dispatcher's table

  enterDispatch(lo: number, hi: number, { translated, label }: Entry): void {
    const place = 4 * dispatchIndex(lo);
    if (!this.isTaken(place)) this.dispatched.push(place);
    this.dispatch[place] = lo;
    this.dispatch[place + 1] = hi;
    this.dispatch[place + 2] = translated.region.mode.key;
    this.dispatch[place + 3] = translated.slot | (label << DISPATCH.slotBits);
  }

  clearDispatch(): void {
    for (const place of this.dispatched) this.clearPlace(place);
    this.dispatched = [];
  }

  private isTaken(place: number): boolean {
    return (this.dispatch[place + 2] as number) > 0;
  }

  private clearPlace(place: number): void {
    this.dispatch[place + 2] = -1;
  }
}

/** A linear address as one number: canonical ones differ in their low 53 bits. */
export const keyOf = (lo: number, hi: number): number => (hi & 0x1f_ffff) * 0x1_0000_0000 + (lo | 0);
