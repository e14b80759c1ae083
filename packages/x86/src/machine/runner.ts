import { type Cpu } from '../cpu/cpu.js';
import { WORD } from '../cpu/state.js';
import { type Engine } from '../engine.js';
import { linear } from './breakpoints.js';
import { type MachineExit, type Place } from './exit.js';
import { type Registers } from './registers.js';
import { addressesOf, type Executor, type RunLoop, type RunOptions } from './run-loop.js';
import { Stops } from './stops.js';
import { type Tracer } from './trace.js';
import { type MachineHooks } from './wiring.js';

interface Parts {
  readonly cpu: Cpu;
  readonly registers: Registers;
  readonly loop: RunLoop;
  readonly engine: Engine;
}

/** Runs a machine for its owner: up to addresses, with a trace, or asking at each block. */
export class Runner {
  readonly stops = new Stops();
  /** Tells of every instruction, all of them interpreted, while it is there. */
  tracer: Tracer | undefined;
  /** The version of the stops whose pages are barred from translation. */
  private barred = 0;
  private stopReason: 'breakpoint' | 'until' | undefined;
  /** Where the last run was stopped by an address. */
  private stopped: Place | undefined;

  constructor(
    private readonly parts: Parts,
    private readonly blockHook: MachineHooks['block'],
  ) {}

  get count(): bigint {
    const { cpu } = this.parts;
    return linear(cpu.word(WORD.count), cpu.word(WORD.count + 1));
  }

  run(options: RunOptions): MachineExit {
    const { engine } = this.parts;
    const asksEverywhere = this.tracer !== undefined || this.blockHook !== undefined;
    return this.execute(asksEverywhere ? engine.interpreter : engine, options);
  }

  step(): MachineExit {
    return this.execute(this.parts.engine.interpreter, { budget: 1 });
  }

  /** The next run stops where the last one did, as if it had come there by itself. */
  forgetStop(): void {
    this.stopped = undefined;
  }

  private execute(engine: Executor, options: RunOptions): MachineExit {
    const { stopped, tracer } = this;
    const start = this.place;
    const isThere = stopped !== undefined && stopped.rip === start.rip && stopped.count === start.count;
    this.stops.begin(addressesOf(options.until), isThere ? stopped.rip : undefined);
    this.stopped = undefined;
    this.prepareInterpreter();
    const reason = this.parts.loop.run(engine, options, () => this.stopReason ?? 'breakpoint');
    tracer?.finish();
    const { place } = this;
    if (reason.reason === 'breakpoint' || reason.reason === 'until') this.stopped = place;
    return { ...reason, ...place };
  }

  private get place(): Place {
    return { rip: this.parts.registers.linearRip, count: this.count };
  }

  /** The interpreter asks before instructions while somebody wants to know; what has a breakpoint is not translated. */
  private prepareInterpreter(): void {
    const { tracer, stops, blockHook } = this;
    const { cpu, engine } = this.parts;
    const { interpreter } = engine;
    if (stops.version !== this.barred) engine.bar((lo, hi) => stops.hasPage(lo, hi));
    this.barred = stops.version;
    interpreter.blockStart = blockHook && ((lo, hi) => blockHook(linear((lo + cpu.codeBase) | 0, hi)) === true);
    interpreter.askBefore(undefined);
    if (tracer === undefined && stops.size === 0) return;
    const ask = (lo: number, hi: number): boolean => {
      const at = (lo + cpu.codeBase) | 0;
      this.stopReason = stops.reason(at, hi);
      if (this.stopReason === undefined) tracer?.before(linear(at, hi));
      return this.stopReason !== undefined;
    };
    interpreter.askBefore(ask, tracer === undefined ? (lo, hi) => stops.hasPage(lo, hi) : undefined);
  }
}
