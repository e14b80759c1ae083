import { type Cpu } from './cpu/cpu.js';
import { type Exit } from './cpu/exit.js';
import { WORD } from './cpu/state.js';
import { Handlers } from './handlers/handlers.js';
import { Interpreter, type HandlerUse } from './interpreter.js';
import { type GuestMemory } from './memory/guest-memory.js';
import { LEFT, Translator } from './translate/translator.js';

/** Who executes: the interpreter alone, or with its handlers, translated code as early as it can be had (for tests), or each where it pays, the default. */
export const TIERS = ['interpreter', 'handlers', 'translator', 'both'] as const;
export type Tier = (typeof TIERS)[number];

const BUDGET: Exit = { reason: 'budget' };
const NOT_COUNTING: HandlerUse = { every: 0, hot: () => false };

/**
 * Executes instructions by whichever tier is best: the interpreter begins and counts, hot blocks become translated regions, and whatever those
 * cannot do comes back to the interpreter. State, count and touches after a run are the same whoever did it.
 */
export class Engine {
  readonly interpreter: Interpreter;
  readonly translator: Translator | undefined;
  private readonly blockStart: ((lo: number, hi: number) => boolean) | undefined;
  private readonly counting: HandlerUse = NOT_COUNTING;

  constructor(
    private readonly cpu: Cpu,
    memory: GuestMemory,
    tier: Tier = 'both',
  ) {
    this.interpreter = new Interpreter(cpu, {
      handlers: tier === 'interpreter' ? undefined : new Handlers(cpu, memory),
    });
    if (tier === 'interpreter' || tier === 'handlers') return;
    const translator = new Translator(cpu, memory);
    if (tier === 'translator') translator.translateAtOnce();
    this.translator = translator;
    this.blockStart = (lo, hi) => translator.blockStart(lo, hi);
    this.counting = { every: translator.every, hot: (lo, hi) => translator.hotBlock(lo, hi) };
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
    const { translator, cpu } = this;
    if (translator === undefined) return this.interpret(budget, false);
    const end = (cpu.word(WORD.count) + budget) | 0;
    for (let left = budget; left > 0; left = (end - cpu.word(WORD.count)) | 0) {
      const status = translator.run(left);
      left = (end - cpu.word(WORD.count)) | 0;
      if (left <= 0) break;
      // near the end of the budget regions may be too long to enter, and only the interpreter stops at the very instruction
      const counts = status !== LEFT.budget;
      const exit = status === LEFT.leave && !translator.leftInside ? this.help(left) : this.interpret(left, counts);
      if (exit !== undefined && exit.reason !== 'block') return exit;
      if (cpu.attention) break;
    }
    return BUDGET;
  }

  private interpret(left: number, counts: boolean): Exit {
    const { interpreter } = this;
    if (counts) interpreter.blockStart = this.blockStart;
    interpreter.byHandlers = counts ? this.counting : NOT_COUNTING;
    try {
      return interpreter.run(left);
    } finally {
      interpreter.blockStart = undefined;
      interpreter.byHandlers = undefined;
    }
  }

  /** Executes the last instruction of a block, which translated code could not, and of a REP, of which a step is one round, all rounds and what comes behind. */
  private help(left: number): Exit | undefined {
    const { interpreter, cpu } = this;
    const lo = cpu.word(WORD.rip);
    const hi = cpu.word(WORD.rip + 1);
    const exit = interpreter.step();
    const isAgain = cpu.word(WORD.rip) === lo && cpu.word(WORD.rip + 1) === hi;
    return exit === undefined && isAgain && left > 1 ? this.interpret(left - 1, true) : exit;
  }
}
