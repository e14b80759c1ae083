/** Who executes a record: the interpreter over a flat memory, or the two tiers over the memory of a machine, with page tables like a process's. */
import { Cpu, FlatMemory, GuestMemory, Interpreter, LANE, WORD, type Exit } from '../src/index';
import { FORMS, type Form } from '../src/isa';
import { LAYOUT } from '../src/memory/layout';
import { Engine } from '../src/engine';
import { FULL_FEATURES, makeProfile } from '../src/system/profile';
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
const PROFILE = makeProfile({ features: FULL_FEATURES });
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

/** Interprets each instruction once, and then executes it translated. */
export class TranslatedPlayer implements Player {
  readonly name: string;
  readonly window: Uint8Array;
  readonly cpu: Cpu;
  /** Instructions that translated code has really executed. */
  translated = 0;
  private readonly memory: GuestMemory;
  private readonly engine: Engine;
  private readonly code: number;

  /** `moved`: the pages lie elsewhere than where they are mapped. */
  constructor(moved: boolean) {
    this.name = moved ? 'translated, moved pages' : 'translated';
    this.code = moved ? 0x10000 : CODE;
    const window = moved ? 0x20000 : WINDOW;
    this.memory = new GuestMemory({ ram: window + WINDOW_SIZE });
    this.cpu = new Cpu(this.memory, this.memory.buffer, LAYOUT.state);
    this.cpu.profile = PROFILE;
    this.engine = new Engine(this.cpu, this.memory, 'translator');
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
    const { compiled } = engine.translator ?? { compiled: 0 };
    engine.forget();
    this.enter(setState);
    engine.interpreter.run(1);
    const form = FORMS[cpu.lane(LANE.form)];
    const size = cpu.lane(LANE.size0);
    // the translator counts a block when it is asked to run it, and translates at the second time
    for (let times = 0; times < 2; times++) engine.translator?.blockStart(cpu.startLo, cpu.startHi);
    this.enter(setState);
    const exit = engine.run(BUDGET);
    if ((engine.translator?.compiled ?? 0) > compiled) this.translated++;
    return { exit, form, size };
  }

  private enter(setState: () => void): void {
    setState();
    this.cpu.words[WORD.efer] = EFER_LME_LMA_NXE;
    this.cpu.modeChanged();
    this.memory.rightsChanged();
  }
}
