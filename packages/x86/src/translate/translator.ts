import { type Cpu } from '../cpu/cpu.js';
import { ATTRIBUTE, NMI, SEGMENT, WORD } from '../cpu/state.js';
import { SEG } from '../decode/lanes.js';
import { IF, RF, TF, VM } from '../isa/flags.js';
import { type GuestMemory } from '../memory/guest-memory.js';
import { LAYOUT } from '../memory/layout.js';
import { compile, type Compiled } from './compile.js';
import { type Site } from './emitter.js';
import { STATUS } from './locals.js';
import { Former, MAX_DISTANCE } from './former.js';
import { NOT_TRANSLATABLE, Profile, TRANSLATED } from './profile.js';
import { linearAt, SEGMENT_USE, type Mode, type Region } from './region.js';
import { DISPATCH, dispatchIndex, FLAGS_PLACE, runtimeModule } from './runtime.js';

/** A region that has become a function. */
interface Translated {
  readonly region: Region;
  readonly sites: readonly Site[];
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

/** Why translated code came back. */
export const LEFT = { leave: STATUS.leave, budget: STATUS.budget, miss: STATUS.miss } as const;

/** Regions at most: V8 keeps each in memory, and the dispatcher's table has so many places. */
const MAX_REGIONS = 1 << DISPATCH.slotBits;
/** V8 replaces the first, quick translation of a function only between two calls of it, so no call may take too long. */
const CHUNK = 1_000_000;
/** Entries of a block before it is translated, and before its neighbours take it along: a region that is complete at once need not be made anew. */
const HOT = 64;
const WARM = 1;
/** A block inside a region is so much hotter before it becomes an entry. */
const INSIDE = 16;
/** So often a region waits for its pages. */
const PATIENCE = 32;
/** So often a region is made anew, each time at a count four times as high. */
const GENERATIONS = 3;

/** No page begins there. */
const NO_PAGE = 1;

/** Regions that share what they import. */
const IMPORTERS = 256;

interface Runtime {
  readonly run: (mode: number) => number;
  readonly settle: () => void;
}

let runtime: WebAssembly.Module | undefined;

/** Tier 1: regions of hot code as WebAssembly functions, and the way in and out of them. */
export class Translator {
  private readonly profile = new Profile();
  private readonly former: Former;
  private readonly table: WebAssembly.Table;
  private readonly runtime: Runtime;
  private readonly flags: WebAssembly.ExportValue | undefined;
  private imports: WebAssembly.Imports;
  /** By mode and entry. */
  private readonly entries = new Map<number, Map<number, { translated: Translated; label: number }>>();
  /** The beginnings of all blocks, by mode. */
  private readonly blocks = new Map<number, Map<number, Translated>>();
  private readonly byPage = new Map<number, Set<Translated>>();
  private slots: (Translated | undefined)[] = [];
  private free: number[] = [];
  /** Places of the dispatcher's table that are taken. */
  private dispatched: number[] = [];
  private mappingVersion: number;
  private readonly dispatch: Int32Array;
  /** Budget of the call in hand, and the count at its beginning. */
  private granted = 0;
  private countLo = 0;
  private countHi = 0;
  private hot = HOT;
  private warm = WARM;
  /** Pages whose code only the interpreter may execute, by the linear address of any byte in them. */
  private isBarred: (lo: number, hi: number) => boolean = () => false;
  /** Mode of the region that is being formed, and the one whose place it takes. */
  private forming = 0;
  private replaced: Translated | undefined;
  /** The page of code that was looked at last. */
  private pageLo = NO_PAGE;
  private pageHi = 0;
  private page = -1;
  /** Statistics. */
  compiled = 0;
  compiledInstructions = 0;

  constructor(
    private readonly cpu: Cpu,
    private readonly memory: GuestMemory,
  ) {
    this.mappingVersion = memory.mappingVersion;
    this.dispatch = new Int32Array(memory.buffer, LAYOUT.dispatch, (DISPATCH.entries * DISPATCH.bytes) / 4);
    this.table = new WebAssembly.Table({ element: 'anyfunc', initial: MAX_REGIONS });
    runtime ??= new WebAssembly.Module(runtimeModule(STATUS.miss));
    const { exports } = new WebAssembly.Instance(runtime, {
      h: { memory: memory.wasm, table: this.table },
    });
    this.runtime = exports as unknown as Runtime;
    this.flags = exports.flags;
    this.imports = this.freshImports();
    this.former = new Former({
      peek: (lo, hi, bytes, count) => this.peek(lo, hi, bytes, count),
      seen: (lo, hi) => {
        const count = this.profile.count(lo, hi);
        return count >= this.warm || count < 0;
      },
      taken: (lo, hi) => {
        const found = this.entryAt(this.forming, lo, hi);
        return found !== undefined && found.translated !== this.replaced;
      },
    });
    memory.onCodeWritten = (page) => this.dropPage(page);
  }

  // modes

  /** What translated code would take for granted now; undefined when only the interpreter can go on. */
  mode(): Mode | undefined {
    const { cpu, memory } = this;
    const codeSize = cpu.word(WORD.codeSize);
    const flags = cpu.word(WORD.eflags);
    if (codeSize === 16 || flags & (TF | RF | VM) || cpu.word(WORD.shadow) !== 0 || cpu.hasCodeBreakpoints)
      return undefined;
    if (cpu.word(WORD.nmi) === NMI.waits) return undefined;
    if (flags & IF && cpu.interrupts.line) return undefined;
    if (cpu.checksAlignment) return undefined;
    const paged = !memory.identity;
    if (codeSize === 64) return paged ? LONG_PAGED : LONG;
    const segments = [0, 1, 2, 3, 4, 5].map((segment) => this.segmentUse(segment));
    if (segments[SEG.CS] !== SEGMENT_USE.flat || segments[SEG.SS] !== SEGMENT_USE.flat || !this.isBig(SEG.SS))
      return undefined;
    const key = segments.reduce((sum, use) => 3 * sum + use, 0) * 4 + (paged ? 2 : 0) + 1;
    return { codeSize: 32, paged, segments, key };
  }

  private isBig(segment: number): boolean {
    return (this.cpu.word(WORD.segments + SEGMENT.words * segment + SEGMENT.attributes) & ATTRIBUTE.big) !== 0;
  }

  private segmentUse(segment: number): number {
    const { cpu } = this;
    const at = WORD.segments + SEGMENT.words * segment;
    const attributes = cpu.word(at + SEGMENT.attributes);
    const isCode = (attributes & ATTRIBUTE.code) !== 0;
    const usable =
      (attributes & ATTRIBUTE.present) !== 0 &&
      (segment === SEG.CS
        ? isCode
        : !isCode && (attributes & (ATTRIBUTE.writable | ATTRIBUTE.expandDown)) === ATTRIBUTE.writable);
    if (!usable || cpu.word(at + SEGMENT.limit) !== -1) return SEGMENT_USE.other;
    return cpu.word(at + SEGMENT.baseLo) === 0 ? SEGMENT_USE.flat : SEGMENT_USE.based;
  }

  /** Everything is translated when it is met for the second time. */
  translateAtOnce(): void {
    this.hot = 2;
    this.warm = 1;
  }

  /** Pages that are not to be translated from now on. */
  bar(isBarred: (lo: number, hi: number) => boolean): void {
    this.isBarred = isBarred;
    this.profile.forget(NOT_TRANSLATABLE);
    for (const translated of this.slots)
      if (translated?.pages.some(({ lo, hi }) => isBarred(lo, hi)) === true) this.drop(translated);
  }

  // choosing and making regions

  /** The interpreter is at the beginning of a block. True: there is translated code for it. */
  blockStart(lo: number, hi: number): boolean {
    const count = this.profile.note(lo, hi);
    if (count === TRANSLATED) return true;
    // all counts that matter are multiples of it
    return count % this.hot === 0 && this.translate(lo, hi, count);
  }

  private entryAt(key: number, lo: number, hi: number): { translated: Translated; label: number } | undefined {
    return this.entries.get(key)?.get(keyOf(lo, hi));
  }

  /** A block was entered `count` times. True: there is translated code for it now. */
  private translate(lo: number, hi: number, count: number): boolean {
    const mode = this.mode();
    if (mode === undefined) return false;
    this.checkMapping();
    if (this.entryAt(mode.key, lo, hi) !== undefined) {
      this.profile.mark(lo, hi, TRANSLATED);
      return true;
    }
    const around = this.blocks.get(mode.key)?.get(keyOf(lo, hi));
    // a region has this block, but is entered elsewhere: the interpreter is on its way there after it had to help
    if (around !== undefined && count < INSIDE * this.hot) return false;
    const { calledLo, calledHi } = this.cpu;
    const own = around ?? this.entryAt(mode.key, calledLo, calledHi)?.translated;
    if (own !== undefined && own.generation < GENERATIONS) {
      if (count < this.hot << (2 * own.generation)) return false;
      if (this.formAround(own.region.baseLo, own.region.baseHi, lo, hi, mode, own)) return true;
    } else if (
      own === undefined &&
      isWithin(distance(calledLo, calledHi, lo, hi)) &&
      this.formAround(calledLo, calledHi, lo, hi, mode)
    )
      return true;
    if (this.formAround(lo, hi, lo, hi, mode)) return true;
    this.profile.mark(lo, hi, NOT_TRANSLATABLE);
    return false;
  }

  /** The region of an address, entered there and at a hot block; in place of an old one, with the blocks that have been seen since. */
  private formAround(rootLo: number, rootHi: number, lo: number, hi: number, mode: Mode, old?: Translated): boolean {
    const count = this.profile.count(rootLo, rootHi);
    const inside = distance(rootLo, rootHi, lo, hi);
    if (!Number.isSafeInteger(inside) || Math.abs(inside) > MAX_DISTANCE || (count < this.warm && count >= 0))
      return false;
    const kept = old?.entries.map((entry) => distance(rootLo, rootHi, entry.lo, entry.hi)) ?? [];
    this.forming = mode.key;
    this.replaced = old;
    this.pageLo = NO_PAGE;
    const region = this.former.form(rootLo, rootHi, mode, inside, kept);
    this.replaced = undefined;
    if (region === undefined) return false;
    if (old !== undefined) this.drop(old);
    if (this.slots.length >= MAX_REGIONS && this.free.length === 0) this.dropAll();
    const slot = this.free.pop() ?? this.slots.length;
    this.install(region, compile(region, slot), slot, old === undefined ? 0 : old.generation + 1);
    return true;
  }

  /** What regions import, with a table that is used for a few of them only: before Node 24, V8 keeps all importers of a table as long as one lives. */
  private freshImports(): WebAssembly.Imports {
    const functions = new WebAssembly.Table({ element: 'anyfunc', initial: 1 });
    functions.set(FLAGS_PLACE, this.flags);
    return { m: { m: this.memory.wasm, t: functions } };
  }

  private install(region: Region, { module, labels, sites }: Compiled, slot: number, generation: number): void {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(module), this.imports);
    this.table.set(slot, instance.exports.r as WebAssembly.ExportValue);
    const entries = region.entries.map((number) => {
      const [lo, hi] = linearAt(region, region.blocks[number]?.start ?? 0);
      return { lo, hi, label: labels.get(number) ?? 0 };
    });
    const translated = {
      region,
      sites,
      slot,
      refusals: 0,
      generation,
      entries,
      pages: this.pagesOf(region),
    };
    this.slots[slot] = translated;
    const { key } = region.mode;
    const byEntry = this.entries.get(key) ?? new Map<number, { translated: Translated; label: number }>();
    this.entries.set(key, byEntry);
    for (const { lo, hi, label } of entries) {
      if (byEntry.has(keyOf(lo, hi))) continue;
      byEntry.set(keyOf(lo, hi), { translated, label });
      this.profile.mark(lo, hi, TRANSLATED);
      this.enterDispatch(lo, hi, key, slot, label);
    }
    const blocks = this.blocks.get(key) ?? new Map<number, Translated>();
    this.blocks.set(key, blocks);
    for (const { start } of region.blocks) {
      const place = keyOf(...linearAt(region, start));
      if (!blocks.has(place)) blocks.set(place, translated);
    }
    for (const { physical } of translated.pages) {
      const page = physical >>> 12;
      const set = this.byPage.get(page) ?? new Set();
      this.byPage.set(page, set.add(translated));
    }
    if (++this.compiled % IMPORTERS === 0) this.imports = this.freshImports();
    this.compiledInstructions += region.offsets.length;
  }

  /** The pages of the region's code, marked so that stores to them are noticed. */
  private pagesOf(region: Region): Translated['pages'] {
    const pages = new Map<number, { lo: number; hi: number; physical: number }>();
    for (const { start, next } of region.blocks)
      for (let offset = start; offset < next;) {
        const [lo, hi] = linearAt(region, offset);
        const length = Math.min(next - offset, 0x1000 - (lo & 0xfff));
        const physical = this.memory.physicalOfCode(lo, hi);
        if (physical >= 0) {
          this.memory.markCode(physical, length);
          pages.set(keyOf(lo & -0x1000, hi), { lo: lo & -0x1000, hi, physical: physical - (physical % 0x1000) });
        }
        offset += length;
      }
    return [...pages.values()];
  }

  private peek(lo: number, hi: number, bytes: Uint8Array, count: number): number {
    const { ram } = this.memory;
    for (let done = 0; done < count;) {
      const at = (lo >>> 0) + done;
      const page = this.codePage(at & -0x1000, at > 0xffffffff ? (hi + 1) | 0 : hi);
      if (page < 0) return done;
      const start = page + (at & 0xfff);
      const end = Math.min(start + count - done, page + 0x1000);
      for (let i = start; i < end; i++) bytes[done++] = ram[i] as number;
    }
    return count;
  }

  /** Where in RAM a page of code is that may be translated, else -1. The last one is remembered while a region is formed. */
  private codePage(lo: number, hi: number): number {
    if (lo === this.pageLo && hi === this.pageHi) return this.page;
    const { memory } = this;
    const physical = this.isBarred(lo, hi) || !memory.isFetched(lo, hi) ? -1 : memory.physicalOfCode(lo, hi);
    this.page = physical < memory.ram.length ? physical : -1;
    this.pageLo = lo;
    this.pageHi = hi;
    return this.page;
  }

  // dropping

  private dropPage(page: number): void {
    for (const translated of this.byPage.get(page) ?? []) this.drop(translated);
  }

  private drop(translated: Translated): void {
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
    this.table.set(slot, null);
  }

  /** As if nothing had ever been executed. */
  dropAll(): void {
    this.clearDispatch();
    for (let slot = 0; slot < this.slots.length; slot++) this.table.set(slot, null);
    this.entries.clear();
    this.blocks.clear();
    this.byPage.clear();
    this.slots = [];
    this.free = [];
    this.profile.clear();
  }

  private clearPlace(place: number): void {
    this.dispatch[place + 2] = -1;
  }

  private clearDispatch(): void {
    for (const place of this.dispatched) this.clearPlace(place);
    this.dispatched = [];
  }

  private enterDispatch(lo: number, hi: number, key: number, slot: number, label: number): void {
    const place = 4 * dispatchIndex(lo);
    this.dispatch[place] = lo;
    this.dispatch[place + 1] = hi;
    this.dispatch[place + 2] = key;
    this.dispatch[place + 3] = slot | (label << DISPATCH.slotBits);
    this.dispatched.push(place);
  }

  /** After a change of the mapping the dispatcher's table is empty; entries come back when their code lies where it lay. */
  private checkMapping(): void {
    if (this.memory.mappingVersion === this.mappingVersion) return;
    this.mappingVersion = this.memory.mappingVersion;
    this.clearDispatch();
  }

  /**
   * The code of a region lies where it lay, and the interpreter has fetched from all of its pages since the mapping has changed: what a fetch does
   * beside (A bits, the log, faults) is its business. A region of which that does not come true is made anew.
   */
  private isThere(translated: Translated): boolean {
    const { memory } = this;
    const isSame = translated.pages.every(({ lo, hi, physical }) => memory.physicalOfCode(lo, hi) === physical);
    if (isSame && translated.pages.every(({ lo, hi }) => memory.isFetched(lo, hi))) return true;
    if (!isSame || ++translated.refusals > PATIENCE) this.drop(translated);
    return false;
  }

  // running

  /** Runs translated code from rIP on, for at most `budget` instructions; LEFT says why it came back. The count and all flags are true then. */
  run(budget: number): number {
    const mode = this.mode();
    if (mode === undefined) return LEFT.miss;
    const { cpu } = this;
    const { words } = cpu;
    this.checkMapping();
    cpu.flags();
    this.countLo = cpu.word(WORD.count);
    this.countHi = cpu.word(WORD.count + 1);
    let left = budget;
    for (;;) {
      this.granted = left < CHUNK ? left : CHUNK;
      words[WORD.left] = this.granted;
      this.setHorizon();
      const status = this.runtime.run(mode.key);
      if (status === LEFT.leave) this.finishAtSite();
      const done = this.granted - cpu.word(WORD.left);
      left -= done;
      this.addToCount(done);
      if (status === LEFT.miss && this.enter(mode)) continue;
      if (status === LEFT.budget && left > this.granted - done) continue;
      this.runtime.settle();
      return status;
    }
  }

  /** For RDTSC, which has to know the count. */
  private setHorizon(): void {
    const { words, profile } = this.cpu;
    const sum = (this.countLo >>> 0) + this.granted;
    words[WORD.horizon] = sum | 0;
    words[WORD.horizon + 1] = this.countHi + (sum > 0xffffffff ? 1 : 0);
    words[WORD.tscFactor] = profile.tscPerInstruction;
    words[WORD.tscFactor + 1] = 0;
  }

  /** The region was left before an instruction: rIP and the budget are what they were there. */
  private finishAtSite(): void {
    const { words } = this.cpu;
    const { region, sites } = this.slots[this.cpu.word(WORD.region)] as Translated;
    const { offset, rest } = sites[this.cpu.word(WORD.site)] as Site;
    const [lo, hi] = linearAt(region, offset);
    words[WORD.rip] = lo;
    words[WORD.rip + 1] = hi;
    words[WORD.left] = this.cpu.word(WORD.left) + rest;
  }

  private addToCount(done: number): void {
    const sum = (this.countLo >>> 0) + done;
    this.countLo = sum | 0;
    if (sum > 0xffffffff) this.countHi++;
    this.cpu.words[WORD.count] = this.countLo;
    this.cpu.words[WORD.count + 1] = this.countHi;
  }

  /** The dispatcher knows nothing of rIP: an entry that lost its place there comes back, hot code is translated. */
  private enter(mode: Mode): boolean {
    const { cpu } = this;
    const lo = cpu.word(WORD.rip);
    const hi = cpu.word(WORD.rip + 1);
    const found = this.entryAt(mode.key, lo, hi);
    if (found === undefined) {
      if (!this.blockStart(lo, hi)) return false;
      if (this.entryAt(mode.key, lo, hi) !== undefined) return true;
      // translated, but for another mode
      this.profile.mark(lo, hi, 0);
      return false;
    }
    const { translated } = found;
    if (!this.isThere(translated)) return false;
    this.enterDispatch(lo, hi, mode.key, found.translated.slot, found.label);
    return true;
  }
}

const LONG: Mode = { codeSize: 64, paged: false, segments: [], key: 4 };
const LONG_PAGED: Mode = { codeSize: 64, paged: true, segments: [], key: 6 };

/** Canonical addresses differ in their low 53 bits. */
const keyOf = (lo: number, hi: number): number => (hi & 0x1f_ffff) * 0x1_0000_0000 + (lo >>> 0);

/** No function that is worth it is larger: a block further away is not of the one that was called last. */
const isWithin = (offset: number): boolean => offset > 0 && offset < 0x4000;
const distance = (fromLo: number, fromHi: number, lo: number, hi: number): number =>
  (hi - fromHi) * 0x1_0000_0000 + ((lo >>> 0) - (fromLo >>> 0));
