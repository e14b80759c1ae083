import { type Cpu } from '../cpu/cpu.js';
import { WORD } from '../cpu/state.js';
import { LANES } from '../decode/lanes.js';

/** A decoded instruction: its lanes, and behind them what makes it good and who executes it. Words. */
// prettier-ignore
export const SLOT = {
  lo: LANES,          // linear address
  hi: LANES + 1,
  mode: LANES + 2,    // slotMode, and above it the epoch of its handler
  version: LANES + 3, // of the code
  handler: LANES + 4, // number of the function that executes it; NO_HANDLER: the interpreter does
  kind: LANES + 5,    // KINDS
} as const;
export const SLOT_WORDS = 32;
export const SLOT_BYTES = 4 * SLOT_WORDS;

/** Decoded instructions are found by so many low bits of their linear address. */
export const PLACES = 0x1_0000;

/** The handler of what has none. */
export const NO_HANDLER = 1;

/** Those of REP MOVS and REP STOS, which are other functions than handlers. */
export const REPEATS = { MOVS: 2, STOS: 3 } as const;
/** The first of the others. */
export const FIRST_HANDLER = 4;

/**
 * What a handler returns: the instruction was executed, or was and ends a block, or the interpreter has to execute it and nothing has changed, or iterations are to be
 * made of it.
 */
export const HANDLED = { done: 0, branch: 1, leave: 2, moves: 3, fills: 4 } as const;
/**
 * What it returns, more than those, when it has missed a tag, and nothing has changed: the size of the access, and in the bits from MISS_NEEDS on what it needs (RIGHT). The
 * address is in the state block, `missed`.
 */
export const MISS_NEEDS = 4;

/**
 * Why the loop came back: the budget is used up, or a region is longer than what is left of it; the interpreter has to execute an instruction, or to decode it; the
 * block at rIP is said to be translated, but the dispatcher does not know of it; it has become hot.
 */
export const LOOP = { budget: 0, leave: 1, missing: 2, translated: 3, hot: 4 } as const;

/** What a decoded instruction depends on beside the code: its size and the privilege. */
export const slotMode = (cpu: Cpu): number => cpu.word(WORD.codeSize) | (cpu.word(WORD.cpl) << 8);
/** Behind each change of who wants to be asked before instructions another epoch begins. */
export const EPOCH_BITS = 20;
/** Of what has no handler yet. */
export const NO_EPOCH = 2 ** EPOCH_BITS - 1;
