import { LAYOUT } from '../memory/layout.js';
import { TYPE } from './opcodes.js';

/** Locals of a region's function. The parameter is the label of the entry. */
// prettier-ignore
export const LOCAL = {
  label: 0,
  registers: 1, // 16
  flagA: 17, flagB: 18, flagR: 19,
  ea: 20, a: 21, b: 22, c: 23, rip: 24, t: 25, u: 26, v: 27, last: 28,
  flagKind: 29, word: 30, left: 31, site: 32, status: 33, x: 34, y: 35,
} as const;
export const LOCAL_TYPES = [
  [28, TYPE.i64],
  [7, TYPE.i32],
] as const;

/** What a region's function returns, and the dispatcher after it. */
// prettier-ignore
export const STATUS = { next: 0, leave: 1, budget: 2, miss: 3 } as const;

export const log2 = (size: number): number => 31 - Math.clz32(size);

/** Where a word of the state block lies in memory. */
export const stateAt = (word: number): number => LAYOUT.state + 4 * word;
