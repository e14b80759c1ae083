import { carryOf } from '../cpu/carry.js';

/** What translated code takes for granted; regions with different modes never meet. */
export interface Mode {
  readonly codeSize: 32 | 64;
  /** Tables of addends are in use: linear addresses are not physical ones. */
  readonly paged: boolean;
  /** By segment: its base is 0 and its limit 4 GiB, so that offsets are linear addresses, or the base has to be added (SEGMENT_USE). */
  readonly segments: readonly number[];
  /** All of the above in one number, for the dispatcher. */
  readonly key: number;
}
/** `other`: limits or rights are to be checked, so that accesses are the interpreter's. */
export const SEGMENT_USE = { flat: 0, based: 1, other: 2 } as const;

/** A run of instructions with one way in; `next` and `target` are linear addresses relative to the base of the region. */
export interface Block {
  readonly start: number;
  /** Index of its first instruction in `Region.lanes`, and how many there are. */
  readonly first: number;
  readonly count: number;
  /** Where the last instruction ends. */
  readonly next: number;
  /** Blocks by number: the one that follows, and the one that a direct jump goes to; -1 when they are not of the region, or NO_BLOCK. */
  readonly successors: readonly number[];
  /** Behind it comes an instruction that only the interpreter executes. */
  readonly leaves: boolean;
}

/** Behind a jump nothing follows. */
export const NO_BLOCK = -2;

/** What offsets are from, as a linear address. */
export interface Base {
  readonly baseLo: number;
  readonly baseHi: number;
  readonly mode: Mode;
}

/** The words of a linear address; outside 64-bit mode addresses wrap at 4 GiB. */
export function linearAt({ baseLo, baseHi, mode }: Base, offset: number): [lo: number, hi: number] {
  const lo = (baseLo + offset) | 0;
  if (mode.codeSize !== 64) return [lo, 0];
  return [lo, offset < 0 ? (baseHi - carryOf(baseLo, lo)) | 0 : (baseHi + carryOf(lo, baseLo)) | 0];
}

/** Decoded code that becomes one function. */
export interface Region extends Base {
  readonly blocks: readonly Block[];
  /** Numbers of the blocks that may be entered; the first is the root. */
  readonly entries: readonly number[];
  /** LANES of every instruction. */
  readonly lanes: Int32Array;
  /** Where every instruction starts, relative to the base. */
  readonly offsets: readonly number[];
}
