import { type Cpu, type Semantics } from '../cpu/cpu.js';
import { FLAG, normal, toInteger } from '../float/index.js';
import { loadTen, storeTen } from './x87-memory.js';
import { concludeStore, probeStore } from './x87-move.js';
import { beginX87, isEmpty, noteAddresses, pop, push, readStack } from './x87-state.js';

/** Packed decimals: eighteen digits in nine bytes, the lowest first, and the sign in the topmost bit. Source: Intel SDM vol. 1, 4.7. */
const DIGITS = 18;
const LIMIT = 10n ** BigInt(DIGITS);
const SIGN = 0x8000;
/** The packed decimal for what is none. Source: Intel SDM vol. 2A, FBSTP, table 3-15. */
const INDEFINITE: readonly [number, number, number] = [0, 0xc000_0000 | 0, 0xffff];

/** Digits above 9, of which the manual says nothing, count as what they are (measured, AMD). */
function valueOf(lo: number, hi: number, top: number): bigint {
  let value = 0n;
  for (const [word, digits] of [
    [top & 0xff, 2],
    [hi, 8],
    [lo, 8],
  ] as const)
    // prettier-ignore
    for (let i = digits - 1; i >= 0; i--) value = 10n * value + BigInt((word >>> (4 * i)) & 15);
  return value;
}

/** FBLD. */
const load: Semantics = (cpu) => {
  beginX87(cpu);
  const [lo, hi, top] = loadTen(cpu);
  noteAddresses(cpu);
  push(cpu, { ...normal(false, valueOf(lo, hi, top), 0), negative: (top & SIGN) !== 0 });
};

/** Eight digits of a value as a word has them. */
function wordOf(value: bigint): number {
  let word = 0;
  let rest = Number(value);
  for (let shift = 0; rest > 0; shift += 4, rest = Math.floor(rest / 10)) word |= (rest % 10) << shift;
  return word;
}

function storeDigits(cpu: Cpu, magnitude: bigint, negative: boolean): void {
  const [lo, hi] = [magnitude % 100_000_000n, (magnitude / 100_000_000n) % 100_000_000n];
  const top = wordOf(magnitude / 10_000_000_000_000_000n) | (negative ? SIGN : 0);
  storeTen(cpu, wordOf(lo), wordOf(hi), top);
}

/** FBSTP: rounded to an integer, which is invalid if it has more digits. */
const store: Semantics = (cpu) => {
  const env = beginX87(cpu);
  const empty = isEmpty(cpu, 0);
  const source = readStack(cpu, 0);
  const value = empty ? undefined : toInteger(env, source, 64);
  const magnitude = value !== undefined && value < 0n ? -value : value;
  const fits = magnitude !== undefined && magnitude < LIMIT;
  if (!fits) env.flags = FLAG.IE;
  cpu.address();
  cpu.load(8, true); // what lies there faults before the end is found to be over a limit (measured, AMD)
  if (fits) storeDigits(cpu, magnitude, source.negative);
  else if (env.masked & FLAG.IE) storeTen(cpu, ...INDEFINITE);
  else probeStore(cpu);
  noteAddresses(cpu);
  if (concludeStore(cpu, env, empty)) pop(cpu);
};

export const X87_DECIMAL: Readonly<Record<string, Semantics>> = { FBLD: load, FBSTP: store };
