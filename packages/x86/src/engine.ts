import { type Cpu } from './cpu/cpu.js';
import { type Exit } from './cpu/exit.js';
import { Handlers } from './handlers/handlers.js';
import { Interpreter } from './interpreter.js';
import { type GuestMemory } from './memory/guest-memory.js';
import { Translator } from './translate/translator.js';

/** Who executes: the interpreter alone, or with its handlers, translated code as early as it can be had (for tests), or each where it pays, the default. */
export const TIERS = ['interpreter', 'handlers', 'translator', 'both'] as const;
export type Tier = (typeof TIERS)[number];

/**
 * Executes instructions by whichever tier is best: the interpreter begins and counts, hot blocks become translated regions, and whatever those
 * cannot do comes back to the interpreter. State, count and touches after a run are the same whoever did it.
 */
export class Engine {
  readonly interpreter: Interpreter;
  readonly translator: Translator | undefined;
  private readonly blockStart: ((lo: number, hi: number) => false) | undefined;

  constructor(cpu: Cpu, memory: GuestMemory, tier: Tier = 'both') {
    const handlers = tier === 'interpreter' ? undefined : new Handlers(cpu, memory);
    this.interpreter = new Interpreter(cpu, { handlers });
    if (handlers === undefined || tier === 'handlers') return;
    const translator = new Translator(cpu, memory, handlers);
    if (tier === 'translator') translator.translateAtOnce();
    this.translator = translator;
    handlers.translation = translator;
    this.blockStart = (lo, hi) => {
      if (translator.blockStart(lo, hi)) translator.enter(lo, hi);
      return false;
    };
  }

  /** Pages of which this is true from now on are the interpreter's, because somebody wants to stop there. */
  bar(isBarred: (lo: number, hi: number) => boolean): void {
    this.translator?.bar(isBarred);
  }

  /** The machine is another one now: nothing of what was learnt or translated is good for it. */
  forget(): void {
    this.translator?.dropAll();
  }

  /** Executes until `budget` instructions have retired (at most 2^31 - 1; iterations of REP count) or something needs attention. */
  run(budget: number): Exit {
    const { interpreter } = this;
    interpreter.isFast = true;
    interpreter.blockStart = this.blockStart;
    try {
      return interpreter.run(budget);
    } finally {
      interpreter.isFast = false;
      interpreter.blockStart = undefined;
    }
  }
}
