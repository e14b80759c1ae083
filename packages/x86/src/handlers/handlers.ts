import { type Cpu } from '../cpu/cpu.js';
import { SEG } from '../decode/lanes.js';
import { FORM_OP } from '../decode/tables.js';
import { type GuestMemory } from '../memory/guest-memory.js';
import { LAYOUT } from '../memory/layout.js';
import { modeOf } from '../translate/mode.js';
import { SEGMENT_USE } from '../translate/region.js';
import { handlerBytes } from './packed.js';
import { EPOCH_BITS, NO_HANDLER, PLACES, SLOT_WORDS, slotMode } from './slot.js';
import { placeOf, VARIANTS } from './variant.js';

interface Loop {
  readonly run: (budget: number, mode: number, version: number, hot: number, way: number) => number;
}

let compiled: { readonly module: WebAssembly.Module; readonly table: Uint16Array } | undefined;

function unpacked(): { readonly module: WebAssembly.Module; readonly table: Uint16Array } {
  const bytes = handlerBytes();
  const table = new Uint16Array(bytes.buffer, 0, VARIANTS * FORM_OP.length);
  return { module: new WebAssembly.Module(bytes.subarray(table.byteLength)), table };
}

/**
 * The interpreter's common instructions as WebAssembly, one function for all of a kind, made from the translator's lowerings when the package is
 * built. V8 makes machine code of them at their first call, and of the interpreter only in the course of a boot; what has no handler, and each
 * access to a page that is not plain, stays the interpreter's.
 */
export class Handlers {
  /** By place: the slot of the instruction that was decoded there, from 1 on. */
  readonly places: Int32Array;
  readonly slots: Int32Array;
  private readonly table: Uint16Array;
  private readonly loop: Loop;

  constructor(
    private readonly cpu: Cpu,
    private readonly memory: GuestMemory,
  ) {
    compiled ??= unpacked();
    const { exports } = new WebAssembly.Instance(compiled.module, { h: { memory: memory.wasm } });
    this.loop = exports as unknown as Loop;
    this.table = compiled.table;
    this.places = new Int32Array(memory.buffer, LAYOUT.places, PLACES);
    this.slots = new Int32Array(memory.buffer, LAYOUT.slots, SLOT_WORDS * (PLACES + 1));
  }

  /** The handler of a decoded instruction. */
  handlerOf(lanes: Int32Array, at: number, codeSize: number): number {
    const place = placeOf(lanes, at, codeSize);
    return place < 0 ? NO_HANDLER : (this.table[place] as number);
  }

  /** Whether the CPU is in a state that handlers know: flat segments, nothing that has to be looked at between two instructions. */
  get fits(): boolean {
    const mode = modeOf(this.cpu, true);
    if (mode === undefined) return false;
    const { codeSize, segments } = mode;
    return codeSize === 64 || (segments[SEG.DS] === SEGMENT_USE.flat && segments[SEG.ES] === SEGMENT_USE.flat);
  }

  /** Executes from rIP on; LOOP says why it came back. */
  run(budget: number, epoch: number, hot: number): number {
    const { cpu } = this;
    cpu.flags();
    const mode = slotMode(cpu) | (epoch << (32 - EPOCH_BITS));
    return this.loop.run(budget, mode, this.memory.codeVersion, hot, this.memory.way);
  }
}
