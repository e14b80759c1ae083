import { carryOf } from '../cpu/carry.js';
import { type Cpu } from '../cpu/cpu.js';
import { WORD } from '../cpu/state.js';
import { LANE, SEG } from '../decode/lanes.js';
import { FORM_OP, OPERATIONS } from '../decode/tables.js';
import { type GuestMemory } from '../memory/guest-memory.js';
import { LAYOUT } from '../memory/layout.js';
import { modeOf } from '../translate/mode.js';
import { SEGMENT_USE } from '../translate/region.js';
import { MAX_REGIONS } from '../translate/region-table.js';
import { handlerBytes } from './packed.js';
import { EPOCH_BITS, LOOP, NO_HANDLER, PLACES, REPEATS, SLOT_WORDS, slotMode } from './slot.js';
import { placeOf, VARIANTS } from './variant.js';

interface Exports {
  readonly run: (budget: number, mode: number, version: number, hot: number, way: number, dispatch: number) => number;
  readonly flags: WebAssembly.ExportValue;
}

/** Who makes regions of hot code, for the loop that runs them. */
export interface Translation {
  /** Entries of a block, and multiples of them, at which `hotBlock` is asked. */
  readonly every: number;
  /** What the dispatcher is to look for: the key of the mode, or 0 when nothing translated may be executed. */
  prepare(): number;
  /** A block at rIP was entered so often. */
  hotBlock(lo: number, hi: number): void;
  /** The dispatcher does not know the entry at rIP. True: it does now. */
  enter(lo: number, hi: number): boolean;
}

/** V8 replaces the first, quick translation of a function only between two calls of it, so no call may take too long. */
const CHUNK = 1_000_000;
/** No slot has this mode. */
const NO_MODE = -1;

let compiled: { readonly module: WebAssembly.Module; readonly table: Uint16Array } | undefined;

function unpacked(): { readonly module: WebAssembly.Module; readonly table: Uint16Array } {
  const bytes = handlerBytes();
  const table = new Uint16Array(bytes.buffer, 0, VARIANTS * FORM_OP.length);
  return { module: new WebAssembly.Module(bytes.subarray(table.byteLength)), table };
}

/**
 * The interpreter's common instructions as WebAssembly, one function for all of a kind, made from the translator's lowerings when the package is
 * built. V8 makes machine code of them at their first call, and of the interpreter only in the course of a boot; what has no handler stays the
 * interpreter's, and so does an access to a page that cannot easily be made plain.
 */
export class Handlers {
  /** By place: the slot of the instruction that was decoded there, from 1 on. */
  readonly places: Int32Array;
  readonly slots: Int32Array;
  private readonly table: Uint16Array;
  /** The dispatcher's functions. */
  readonly regions = new WebAssembly.Table({ element: 'anyfunc', initial: MAX_REGIONS });
  readonly flags: WebAssembly.ExportValue;
  translation: Translation | undefined;
  private readonly loop: Exports;
  private mode = NO_MODE;
  private dispatch = 0;
  private identity = true;
  private mappingVersion = 0;

  constructor(
    private readonly cpu: Cpu,
    private readonly memory: GuestMemory,
  ) {
    compiled ??= unpacked();
    const { exports } = new WebAssembly.Instance(compiled.module, {
      h: { memory: memory.wasm, regions: this.regions },
    });
    this.loop = exports as unknown as Exports;
    this.flags = this.loop.flags;
    this.table = compiled.table;
    this.places = new Int32Array(memory.buffer, LAYOUT.places, PLACES);
    this.slots = new Int32Array(memory.buffer, LAYOUT.slots, SLOT_WORDS * (PLACES + 1));
  }

  /** The handler of a decoded instruction, which may repeat. */
  handlerOf(lanes: Int32Array, at: number, codeSize: number, repeats: boolean): number {
    const place = placeOf(lanes, at, codeSize);
    if (place < 0) return NO_HANDLER;
    return repeats ? repeaterOf(lanes[at + LANE.form] as number) : (this.table[place] as number);
  }

  /** Code of this page was fetched, and is known to be good. */
  isFetched(lo: number, hi: number): boolean {
    return this.memory.isFetched(lo, hi);
  }

  /** Looks at what no handler and no region changes. False: the CPU is in a state that neither of them knows. */
  look(epoch: number): boolean {
    this.identity = this.memory.identity;
    this.mappingVersion = this.memory.mappingVersion;
    this.mode = this.fits ? slotMode(this.cpu) | (epoch << (32 - EPOCH_BITS)) : NO_MODE;
    this.dispatch = this.translation?.prepare() ?? 0;
    return this.mode !== NO_MODE || this.dispatch !== 0;
  }

  /** An access has led elsewhere than any before, or a hook that was told of it has changed the mapping: it is to be looked at anew. */
  get isStale(): boolean {
    return this.identity !== this.memory.identity || this.mappingVersion !== this.memory.mappingVersion;
  }

  /** Flat segments, nothing that has to be looked at between two instructions. */
  private get fits(): boolean {
    const mode = modeOf(this.cpu, true);
    if (mode === undefined) return false;
    const { codeSize, segments } = mode;
    return codeSize === 64 || (segments[SEG.DS] === SEGMENT_USE.flat && segments[SEG.ES] === SEGMENT_USE.flat);
  }

  /** Executes from rIP on, to the instruction count `end`. Says whether that is reached, or why the interpreter has to execute an instruction: LOOP. */
  run(end: number): number {
    const { words } = this.cpu;
    for (;;) {
      const left = (end - (words[WORD.count] as number)) | 0;
      if (left === 0) return LOOP.budget;
      const status = this.go(left < CHUNK ? left : CHUNK, this.dispatch);
      const lo = words[WORD.rip] as number;
      const hi = words[WORD.rip + 1] as number;
      if (status === LOOP.hot) this.translation?.hotBlock(lo, hi);
      else if (status === LOOP.translated) {
        if (this.translation?.enter(lo, hi) !== true) return LOOP.leave;
      } else if (status !== LOOP.budget || left < CHUNK)
        return this.final(status === LOOP.budget ? this.finish(end) : status);
    }
  }

  /** No slot has NO_MODE, decoded or not: what is missing then is to be executed. */
  private final(status: number): number {
    return status === LOOP.missing && this.mode === NO_MODE ? LOOP.leave : status;
  }

  /** Without regions, which may be longer than what is left. */
  private finish(end: number): number {
    const left = (end - this.cpu.word(WORD.count)) | 0;
    return left === 0 ? LOOP.budget : this.go(left, 0);
  }

  private go(budget: number, dispatch: number): number {
    const { cpu, memory } = this;
    cpu.flags();
    if (dispatch !== 0) tellHorizon(cpu, budget);
    const hot = dispatch === 0 ? 0 : (this.translation?.every ?? 0);
    return this.loop.run(budget, this.mode, memory.codeVersion, hot, memory.way, dispatch);
  }
}

const [MOVS, STOS] = ['MOVS', 'STOS'].map((name) => OPERATIONS.indexOf(name));

function repeaterOf(form: number): number {
  const operation = FORM_OP[form];
  return operation === MOVS ? REPEATS.MOVS : operation === STOS ? REPEATS.STOS : NO_HANDLER;
}

/** For RDTSC, which has to know the count. */
function tellHorizon({ words }: Cpu, budget: number): void {
  const count = words[WORD.count] as number;
  const sum = (count + budget) | 0;
  words[WORD.horizon] = sum;
  words[WORD.horizon + 1] = ((words[WORD.count + 1] as number) + carryOf(sum, count)) | 0;
}
