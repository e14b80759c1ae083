/** Who executes a record: the interpreter over a flat memory, or its handlers or translated code over the memory of a machine, with page tables like a process's. */
import { Cpu, FlatMemory, GuestMemory, Interpreter, LANE, WORD, type Exit } from '../src/index';
import { FORMS, type Form } from '../src/isa';
import { LAYOUT } from '../src/memory/layout';
import { Engine, type Tier } from '../src/engine';
import { NO_HANDLER, PLACES, SLOT, SLOT_BYTES } from '../src/handlers/slot';
import { ALL_FEATURES, makeProfile } from '../src/system/profile';
import { CODE, START, WINDOW, WINDOW_SIZE } from './record';

export interface Player {
  readonly name: string;
  readonly cpu: Cpu;
  readonly window: Uint8Array;
  /** Puts an instruction, and int3 behind it, where records have theirs. */
  setCode(code: Uint8Array): void;
  /** Runs it from the state that `setState` makes, and tells which form it was. */
  play(setState: () => void): { readonly exit: Exit; readonly form: Form | undefined; readonly size: number };
}

/** Instructions that come with a feature are there. */
const PROFILE = makeProfile({ features: ALL_FEATURES });
/** Enough for any REP of a record, and a bound for what runs away. */
const BUDGET = 10_000;

export class FlatPlayer implements Player {
  readonly name = 'interpreter';
  readonly window = new Uint8Array(WINDOW_SIZE);
  private readonly code = new Uint8Array(WINDOW_SIZE).fill(0xcc);
  private readonly memory = new FlatMemory([
    { start: CODE, bytes: this.code, writable: false, executable: true },
    { start: WINDOW, bytes: this.window, writable: true, executable: false },
  ]);
  readonly cpu = new Cpu(this.memory);
  private readonly interpreter = new Interpreter(this.cpu, { deliver: false });

  constructor() {
    this.cpu.profile = PROFILE;
  }

  setCode(code: Uint8Array): void {
    this.code.fill(0xcc, START, START + 16).set(code, START);
    this.memory.codeVersion++;
  }

  play(setState: () => void) {
    setState();
    const first = this.interpreter.run(1);
    const form = FORMS[this.cpu.lane(LANE.form)];
    const size = this.cpu.lane(LANE.size0);
    return { exit: first.reason === 'budget' ? this.interpreter.run(BUDGET) : first, form, size };
  }
}

const TABLES = 0x1000;
const [PRESENT, WRITABLE, USER, ACCESSED, DIRTY] = [1, 2, 4, 0x20, 0x40];
const EFER_LME_LMA_NXE = 0xd00;

/** Interprets each instruction once, so that its pages are plain, and then executes it in a faster way. */
abstract class GuestPlayer implements Player {
  readonly name: string;
  readonly window: Uint8Array;
  readonly cpu: Cpu;
  /** Instructions that were really executed in that way. */
  fast = 0;
  protected readonly memory: GuestMemory;
  protected readonly engine: Engine;
  private readonly code: number;

  /** `moved`: the pages lie elsewhere than where they are mapped. */
  constructor(tier: Tier, name: string, moved: boolean) {
    this.name = moved ? `${name}, moved pages` : name;
    this.code = moved ? 0x10000 : CODE;
    const window = moved ? 0x20000 : WINDOW;
    this.memory = new GuestMemory({ ram: window + WINDOW_SIZE });
    this.cpu = new Cpu(this.memory, this.memory.buffer, LAYOUT.state);
    this.cpu.profile = PROFILE;
    this.engine = new Engine(this.cpu, this.memory, tier);
    this.cpu.delivers = false;
    this.window = this.memory.ram.subarray(window, window + WINDOW_SIZE);
    this.memory.ram.fill(0xcc, this.code, this.code + WINDOW_SIZE);
    this.mapPages(window);
  }

  /** Two pages of user memory and nothing else. */
  private mapPages(window: number): void {
    const { ram } = this.memory;
    const view = new DataView(ram.buffer, ram.byteOffset, ram.byteLength);
    const inner = PRESENT | WRITABLE | USER | ACCESSED;
    const [pml4, pdpt, directory, codeTable, windowTable] = [0, 1, 2, 3, 4].map((n) => TABLES + 0x1000 * n) as [number, number, number, number, number]; // prettier-ignore
    view.setUint32(pml4, pdpt | inner, true);
    view.setUint32(pdpt, directory | inner, true);
    view.setUint32(directory + 8 * (CODE >>> 21), codeTable | inner, true);
    view.setUint32(directory + 8 * (WINDOW >>> 21), windowTable | inner, true);
    view.setUint32(codeTable + 8 * ((CODE >>> 12) & 511), this.code | PRESENT | USER | ACCESSED, true);
    view.setUint32(windowTable + 8 * ((WINDOW >>> 12) & 511), window | inner | DIRTY, true);
    view.setUint32(windowTable + 8 * ((WINDOW >>> 12) & 511) + 4, 1 << 31, true);
    const { words } = this.cpu;
    words[WORD.cr + 6] = pml4;
    words[WORD.efer] = EFER_LME_LMA_NXE;
  }

  setCode(code: Uint8Array): void {
    const at = this.code + START;
    this.memory.ram.fill(0xcc, at, at + 16).set(code, at);
    this.memory.wroteRam(at, 16);
  }

  play(setState: () => void) {
    const { engine, cpu } = this;
    this.enter(setState);
    engine.interpreter.run(1);
    const form = FORMS[cpu.lane(LANE.form)];
    const size = cpu.lane(LANE.size0);
    this.prepare();
    this.enter(setState);
    const exit = engine.run(BUDGET);
    if (this.wasFast()) this.fast++;
    return { exit, form, size };
  }

  /** The instruction has been interpreted. */
  protected prepare(): void {}
  protected abstract wasFast(): boolean;

  private enter(setState: () => void): void {
    setState();
    this.cpu.words[WORD.efer] = EFER_LME_LMA_NXE;
    this.cpu.modeChanged();
    this.memory.rightsChanged();
  }
}

export class TranslatedPlayer extends GuestPlayer {
  private compiled = 0;

  constructor(moved: boolean) {
    super('translator', 'translated', moved);
  }

  /** The translator counts a block when it is asked to run it, and translates at the second time. */
  protected override prepare(): void {
    const { engine, cpu } = this;
    engine.forget();
    this.compiled = engine.translator?.compiled ?? 0;
    for (let times = 0; times < 2; times++) engine.translator?.blockStart(cpu.startLo, cpu.startHi);
  }

  protected wasFast(): boolean {
    return (this.engine.translator?.compiled ?? 0) > this.compiled;
  }
}

export class HandlersPlayer extends GuestPlayer {
  private readonly words = new Int32Array(this.memory.buffer);

  constructor(moved: boolean) {
    super('handlers', 'handlers', moved);
  }

  protected wasFast(): boolean {
    const place = (CODE + START) & (PLACES - 1);
    const slot = (LAYOUT.slots + SLOT_BYTES * (this.words[LAYOUT.places / 4 + place] as number)) / 4;
    return this.words[slot + SLOT.handler] !== NO_HANDLER;
  }
}
