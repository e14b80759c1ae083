import { type Cpu } from '../cpu/cpu.js';
import { type Exit } from '../cpu/exit.js';
import { MSR_SLOTS, NMI, WORD } from '../cpu/state.js';
import { IF } from '../isa/flags.js';
import { type AccessDenied } from '../memory/memory.js';
import { type Address, linear } from './breakpoints.js';
import { type MachineBus } from './bus.js';
import { type Denied, type ReasonOnly, type WatchHit } from './exit.js';

/** The interpreter alone, or the two tiers together. */
export interface Executor {
  /** Executes until `budget` instructions have retired, `cpu.attention` is set, or something else ends it: at the same instruction, whoever does it. */
  run(budget: number): Exit;
}

/** How long a run goes on; without anything, until the guest ends it. */
export interface RunOptions {
  /**
   * Linear addresses before which to stop, or a function that is asked after each access to a port and every 65536 instructions: at the same
   * points in every run, whatever executes.
   */
  readonly until?: Address | readonly Address[] | (() => boolean);
  /** Whole instructions that may retire. */
  readonly budget?: bigint | number;
  /** Milliseconds of the host's time, looked at now and then. */
  readonly deadline?: number;
}

/** A run comes back from the engine at least this often: V8 replaces code only when it is entered anew. */
const SLICE = 1 << 20;
/** The same with a function as `until`. */
const ASKING_SLICE = 1 << 16;
/** A halted machine whose devices reach this many deadlines and ask for nothing will not wake up. */
const SLEEPS = 10_000;
const BUDGET_OVER: ReasonOnly = { reason: 'budget' };

/** Executes slice by slice: to the next deadline of a device, to the end of the budget, to whatever a device or the host wants. */
export class RunLoop {
  /** HLT has retired and no interrupt has come since. */
  halted = false;
  /** Deadlines that have passed since HLT without an interrupt. */
  private sleeps = 0;
  private hit: WatchHit | undefined;
  private stops = false;

  constructor(
    private readonly cpu: Cpu,
    private readonly bus: MachineBus,
    private readonly tscPerInstruction: number,
    private readonly bytesAtRip: () => Uint8Array,
  ) {
    bus.onAttention = () => {
      cpu.attention = true;
    };
  }

  get count(): number {
    return (this.cpu.word(WORD.count + 1) >>> 0) * 2 ** 32 + (this.cpu.word(WORD.count) >>> 0);
  }

  /** A watched range was touched: the run ends behind this instruction. */
  watched(hit: WatchHit): void {
    this.hit ??= hit;
    this.cpu.attention = true;
  }

  /** A non-maskable interrupt comes before the next instruction, unless one is being served. */
  nmi(): void {
    this.cpu.words[WORD.nmi] = this.cpu.word(WORD.nmi) | NMI.waits;
    this.cpu.attention = true;
  }

  /** Ends the run behind the instruction in hand. */
  stop(): void {
    this.stops = true;
    this.cpu.attention = true;
  }

  /** `stopReason` says which kind of address the engine has stopped at. */
  run(engine: Executor, options: RunOptions, stopReason: () => 'breakpoint' | 'until'): ReasonOnly {
    const end = this.count + instructionsOf(options.budget);
    const over = options.deadline === undefined ? Infinity : performance.now() + options.deadline;
    const asked = typeof options.until === 'function' ? options.until : undefined;
    this.stops = false;
    this.bus.asksAtPorts = asked !== undefined;
    for (;;) {
      this.bus.advance();
      const exit =
        this.attend() ?? (this.count >= end ? BUDGET_OVER : this.slice(engine, end, asked ? ASKING_SLICE : SLICE));
      if (exit !== undefined) return exit.reason === 'breakpoint' ? { reason: stopReason() } : exit;
      if (asked?.() === true) return { reason: 'until' };
      // what was asked for in the last slice is not lost
      if (performance.now() >= over) return this.attend() ?? { reason: 'deadline' };
    }
  }

  /** What a device or a watch has asked for. */
  private attend(): ReasonOnly | undefined {
    const { bus, hit, stops } = this;
    const { ended } = bus;
    this.cpu.attention = false;
    bus.ended = undefined;
    this.hit = undefined;
    this.stops = false;
    return ended ?? (hit && { reason: 'watch', hit }) ?? (stops ? { reason: 'until' } : undefined);
  }

  /** Nothing when the run goes on. */
  private slice(engine: Executor, end: number, length: number): ReasonOnly | undefined {
    const { bus, cpu } = this;
    const sleeps = this.halted && cpu.word(WORD.nmi) !== NMI.waits;
    if (sleeps && (cpu.flags() & IF) === 0) return { reason: 'halt', interrupts: 'off' };
    if (sleeps && !bus.line) return this.sleep();
    this.halted = false;
    this.sleeps = 0;
    // slices end at the same counts in every run
    const budget = Math.min(end - this.count, bus.toDeadline, length - (this.count % length));
    bus.until = bus.ticks + budget;
    const exit = engine.run(budget);
    bus.until = Infinity;
    if (exit.reason === 'halt') this.halted = true;
    return this.outcome(exit);
  }

  /** Nothing happens until a device has its deadline. The time-stamp counter counts on, as it does when it is invariant. */
  private sleep(): ReasonOnly | undefined {
    const { cpu, bus } = this;
    if (bus.deadline === Infinity || ++this.sleeps > SLEEPS) return { reason: 'halt', interrupts: 'on' };
    const at = WORD.msrs + 2 * MSR_SLOTS.tscOffset;
    const offset = linear(cpu.word(at), cpu.word(at + 1)) + BigInt(bus.skipToDeadline() * this.tscPerInstruction);
    cpu.words[at] = Number(BigInt.asIntN(32, offset));
    cpu.words[at + 1] = Number(BigInt.asIntN(32, offset >> 32n));
    return undefined;
  }

  private outcome(exit: Exit): ReasonOnly | undefined {
    switch (exit.reason) {
      case 'block':
        return { reason: 'until' };
      case 'budget':
      case 'halt':
        return undefined;
      case 'denied':
        return { reason: 'denied', access: accessOf(exit.denied) };
      case 'unimplemented':
        return { reason: 'unimplemented', name: exit.name, bytes: this.bytesAtRip() };
      default:
        return exit;
    }
  }
}

/** The memory throws one object again and again; a report keeps its own. */
const accessOf = ({ physical, lo, hi, size, kind }: AccessDenied): Denied => ({
  physical,
  linear: linear(lo, hi),
  size,
  kind,
});

/** Whole instructions; Infinity without a budget. Throws RangeError when it is no number. */
function instructionsOf(budget: bigint | number | undefined): number {
  const instructions = Math.floor(Number(budget ?? Infinity));
  if (Number.isNaN(instructions)) throw new RangeError(`a budget is a number of instructions, not ${budget}`);
  return instructions;
}

/** The addresses of `until`. */
export function addressesOf(until: RunOptions['until']): readonly Address[] {
  if (until === undefined || typeof until === 'function') return [];
  return Array.isArray(until) ? (until as readonly Address[]) : [until as Address];
}
