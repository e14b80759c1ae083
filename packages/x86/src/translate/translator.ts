import { carryOf } from '../cpu/carry.js';
import { type Cpu } from '../cpu/cpu.js';
import { WORD } from '../cpu/state.js';
import { formsOf } from '../decode/feature-forms.js';
import { type Translation } from '../handlers/handlers.js';
import { type GuestMemory } from '../memory/guest-memory.js';
import { LAYOUT, NO_PAGE } from '../memory/layout.js';
import { compile, type Compiled } from './compile.js';
import { Former, MAX_DISTANCE } from './former.js';
import { modeOf } from './mode.js';
import { NOT_TRANSLATABLE, Profile, TRANSLATED } from './profile.js';
import { linearAt, type Mode, type Region } from './region.js';
import { keyOf, RegionTable, type Translated } from './region-table.js';
import { FLAGS_PLACE } from './runtime.js';
import { systemRights } from './system-rights.js';

/** Entries of a block before it is translated, and before its neighbours take it along: a region that is complete at once need not be made anew. */
const HOT = 256;
const WARM = 1;
/** Code of other regions with no more instructions than this is had twice: the way from one region to another costs more (xz: a tenth of the time). */
const SMALL = 80;
/** A block inside a region is so much hotter before it becomes an entry. */
const INSIDE = 4;
/** So often a region waits for its pages. */
const PATIENCE = 32;
/** So often a region is made anew, each time at a count four times as high. */
const GENERATIONS = 3;

/** Regions that share what they import. */
const IMPORTERS = 256;

/** Tier 1: regions of hot code as WebAssembly functions. */
export class Translator implements Translation {
  private readonly profile: Profile;
  private readonly former: Former;
  private readonly regions: RegionTable;
  private imports: WebAssembly.Imports;
  private mappingVersion: number;
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
  private page = NaN;
  /** Statistics. */
  compiled = 0;
  compiledInstructions = 0;

  constructor(
    private readonly cpu: Cpu,
    private readonly memory: GuestMemory,
    /** Where regions go, and what they call. */
    private readonly home: { readonly regions: WebAssembly.Table; readonly flags: WebAssembly.ExportValue },
  ) {
    this.mappingVersion = memory.mappingVersion;
    this.profile = new Profile(memory.buffer, LAYOUT.profile);
    this.regions = new RegionTable(memory.buffer, this.profile, home.regions);
    this.imports = this.freshImports();
    this.former = new Former({
      get forms() {
        return formsOf(cpu.profile.features);
      },
      peek: (lo, hi, bytes, count) => this.peek(lo, hi, bytes, count),
      seen: (lo, hi) => {
        const count = this.profile.count(lo, hi);
        return count >= this.warm || count < 0;
      },
      taken: (lo, hi) => {
        const found = this.regions.entryAt(this.forming, lo, hi);
        return found !== undefined && found.translated !== this.replaced && !isSmall(found.translated.region);
      },
    });
    memory.onCodeWritten = (page) => {
      this.regions.dropPage(page);
    };
  }

  /** What translated code would take for granted now; undefined when only the interpreter can go on. */
  mode(): Mode | undefined {
    return modeOf(this.cpu, !this.memory.identity);
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
    this.regions.dropWhere(({ pages }) => pages.some(({ lo, hi }) => isBarred(lo, hi)));
  }

  // choosing and making regions

  /** The interpreter is at the beginning of a block. True: there is translated code for it. */
  blockStart(lo: number, hi: number): boolean {
    const count = this.profile.note(lo, hi);
    if (count === TRANSLATED) return true;
    // all counts that matter are multiples of it
    return count % this.hot === 0 && this.translate(lo, hi, count);
  }

  get every(): number {
    return this.hot;
  }

  hotBlock(lo: number, hi: number): void {
    this.translate(lo, hi, this.profile.count(lo, hi));
  }

  /** A block was entered `count` times. True: there is translated code for it now. */
  private translate(lo: number, hi: number, count: number): boolean {
    const mode = this.mode();
    if (mode === undefined) return false;
    this.checkMapping();
    if (this.regions.entryAt(mode.key, lo, hi) !== undefined) {
      this.profile.mark(lo, hi, TRANSLATED);
      return true;
    }
    const around = this.regions.around(mode.key, lo, hi);
    // a region has this block, but is entered elsewhere: the interpreter is on its way there after it had to help
    if (around !== undefined && count < INSIDE * this.hot) return false;
    const calledLo = this.cpu.word(WORD.called);
    const calledHi = this.cpu.word(WORD.called + 1);
    const own = around ?? this.regions.entryAt(mode.key, calledLo, calledHi)?.translated;
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
    if (old !== undefined) this.regions.drop(old);
    const slot = this.regions.takeSlot();
    this.install(region, compile(region), slot, old === undefined ? 0 : old.generation + 1);
    return true;
  }

  /** What regions import, with a table that is used for a few of them only: before Node 24, V8 keeps all importers of a table as long as one lives. */
  private freshImports(): WebAssembly.Imports {
    const functions = new WebAssembly.Table({ element: 'anyfunc', initial: 1 });
    functions.set(FLAGS_PLACE, this.home.flags);
    return { m: { m: this.memory.wasm, t: functions } };
  }

  private install(region: Region, { module, labels }: Compiled, slot: number, generation: number): void {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(module), this.imports);
    const entries = region.entries.map((number) => {
      const [lo, hi] = linearAt(region, region.blocks[number]?.start ?? 0);
      return { lo, hi, label: labels.get(number) ?? 0 };
    });
    const translated = { region, slot, refusals: 0, generation, entries, pages: this.pagesOf(region) };
    this.regions.add(translated, instance.exports.r as WebAssembly.ExportValue);
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
      const at = (lo + done) | 0;
      const page = this.codePage(at & -0x1000, (hi + carryOf(at, lo)) | 0);
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

  /** As if nothing had ever been executed. */
  dropAll(): void {
    this.regions.dropAll();
  }

  /** After a change of the mapping the dispatcher's table is empty; entries come back when their code lies where it lay. */
  private checkMapping(): void {
    if (this.memory.mappingVersion === this.mappingVersion) return;
    this.mappingVersion = this.memory.mappingVersion;
    this.regions.clearDispatch();
  }

  /**
   * The code of a region lies where it lay, and the interpreter has fetched from all of its pages since the mapping has changed: what a fetch does
   * beside (A bits, the log, faults) is its business. A region of which that does not come true is made anew.
   */
  private isThere(translated: Translated): boolean {
    const { memory } = this;
    const isSame = translated.pages.every(({ lo, hi, physical }) => memory.physicalOfCode(lo, hi) === physical);
    if (isSame && translated.pages.every(({ lo, hi }) => memory.isFetched(lo, hi))) return true;
    if (!isSame || ++translated.refusals > PATIENCE) this.regions.drop(translated);
    return false;
  }

  // running

  prepare(): number {
    const mode = this.mode();
    if (mode === undefined) return 0;
    this.checkMapping();
    const { words, profile } = this.cpu;
    words[WORD.tscFactor] = profile.tscPerInstruction;
    words[WORD.tscFactor + 1] = 0;
    words[WORD.rights] = systemRights(this.cpu);
    return mode.key;
  }

  /** An entry that lost its place in the dispatcher's table comes back. */
  enter(lo: number, hi: number): boolean {
    const mode = this.mode();
    const found = mode && this.regions.entryAt(mode.key, lo, hi);
    if (found === undefined) {
      // translated, but for another mode
      this.profile.mark(lo, hi, 0);
      return false;
    }
    if (!this.isThere(found.translated)) return false;
    this.regions.enterDispatch(lo, hi, found);
    return true;
  }
}

const isSmall = ({ offsets }: Region): boolean => offsets.length <= SMALL;

/** No function that is worth it is larger: a block further away is not of the one that was called last. */
const isWithin = (offset: number): boolean => offset > 0 && offset < 0x4000;
const distance = (fromLo: number, fromHi: number, lo: number, hi: number): number =>
  (hi - fromHi) * 0x1_0000_0000 + ((lo >>> 0) - (fromLo >>> 0));
