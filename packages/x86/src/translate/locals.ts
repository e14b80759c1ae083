import { LAYOUT } from '../memory/layout.js';
import { TYPE } from './opcodes.js';

/** Locals of a region's function. The parameter is the label of the entry. */
// prettier-ignore
export const LOCAL = {
  label: 0,
  ea: 1, a: 2, b: 3, c: 4, rip: 5, t: 6, u: 7, v: 8, last: 9,
  flagA: 10, flagB: 11, flagR: 12, site: 13,
  flagKind: 14, word: 15, left: 16, status: 17, x: 18, y: 19,
  registers: 20, // 16
} as const;
/** All but the registers. */
export const WORKING_TYPES = [
  [13, TYPE.i64],
  [6, TYPE.i32],
] as const;
export const LOCAL_TYPES = [...WORKING_TYPES, [16, TYPE.i64]] as const;

/** A place where a region may be left before an instruction, as SITE: how many instructions of its block are not done, it included, and above that its offset. */
export const SITE_REST_BITS = 11;

/** What a region's function returns, and the dispatcher after it. */
// prettier-ignore
export const STATUS = { next: 0, leave: 1, budget: 2, miss: 3 } as const;

export const log2 = (size: number): number => 31 - Math.clz32(size);

/** Where a word of the state block lies in memory. */
export const stateAt = (word: number): number => LAYOUT.state + 4 * word;
