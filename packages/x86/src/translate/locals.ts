import { LAYOUT } from '../memory/layout.js';
import { TYPE } from './opcodes.js';

/** Locals of a region's function. The parameter is the label of the entry. */
// prettier-ignore
export const LOCAL = {
  label: 0,
  ea: 1, a: 2, b: 3, c: 4, rip: 5, t: 6, u: 7, v: 8, last: 9,
  flagA: 10, flagB: 11, flagR: 12,
  flagKind: 13, word: 14, left: 15, site: 16, status: 17, x: 18, y: 19,
  registers: 20, // 16
} as const;
/** All but the registers. */
export const WORKING_TYPES = [
  [12, TYPE.i64],
  [7, TYPE.i32],
] as const;
export const LOCAL_TYPES = [...WORKING_TYPES, [16, TYPE.i64]] as const;

/** What a region's function returns, and the dispatcher after it. */
// prettier-ignore
export const STATUS = { next: 0, leave: 1, budget: 2, miss: 3 } as const;

export const log2 = (size: number): number => 31 - Math.clz32(size);

/** Where a word of the state block lies in memory. */
export const stateAt = (word: number): number => LAYOUT.state + 4 * word;
