import { type Semantics } from '../cpu/cpu.js';
import { WORD } from '../cpu/state.js';
import { LANE } from '../decode/lanes.js';
import {
  add,
  CLASS,
  compare,
  divide,
  DOUBLE,
  fromDouble,
  fromSingle,
  multiply,
  SINGLE,
  squareRoot,
  toDouble,
  toSingle,
  type Environment,
  type Format,
  type Real,
} from '../float/index.js';
import { checkSse } from '../system/fpu-available.js';
import { CF, PF, STATUS_FLAGS, ZF } from '../isa/flags.js';
import { MXCSR, settle, sseEnvironment } from './sse-environment.js';
import { A, B, C, readVector, writeVector, type Lanes } from './vector.js';

type Operation = (env: Environment, format: Format, a: Real, b: Real) => Real;
/** The same operation as JavaScript has it: rounded to nearest, without flags. */
type Plain = (a: number, b: number) => number;

export const single = (lanes: Lanes, i: number): Real => fromSingle(lanes.word(i));
export const double = (lanes: Lanes, i: number): Real => fromDouble(lanes.word(2 * i), lanes.word(2 * i + 1));

export function putSingle(lanes: Lanes, i: number, real: Real): void {
  lanes.i32[i] = toSingle(real);
}
export function putDouble(lanes: Lanes, i: number, real: Real): void {
  const [lo, hi] = toDouble(real);
  lanes.i32[2 * i] = lo;
  lanes.i32[2 * i + 1] = hi;
}

/** Nothing but the inexact exception can happen, it has happened before, and rounding is to nearest: JavaScript's arithmetic will do. */
const PLAIN_MXCSR = MXCSR.pe | MXCSR.pm;
const isPlain = (mxcsr: number): boolean => (mxcsr & (PLAIN_MXCSR | (3 << MXCSR.rounding))) === PLAIN_MXCSR;

/** A word with sign and exponent belongs to a normal number. */
const isNormal = (word: number, bits: number): boolean => {
  const biased = (word >>> (31 - bits)) & ((1 << bits) - 1);
  return biased !== 0 && biased !== (1 << bits) - 1;
};

function plainSingle(i: number, plain: Plain): boolean {
  if (!isNormal(A.word(i), 8) || !isNormal(B.word(i), 8)) return false;
  const result = Math.fround(plain(A.f32[i] as number, B.f32[i] as number));
  const size = Math.abs(result);
  // not so small that it may be tiny, and no overflow; NaN is neither
  if (!(size > 1.2e-38 && size < Infinity)) return false;
  C.f32[i] = result;
  return true;
}

function plainDouble(i: number, plain: Plain): boolean {
  if (!isNormal(A.word(2 * i + 1), 11) || !isNormal(B.word(2 * i + 1), 11)) return false;
  const result = plain(A.f64[i] as number, B.f64[i] as number);
  const size = Math.abs(result);
  if (!(size > 2.3e-308 && size < Infinity)) return false;
  C.f64[i] = result;
  return true;
}

interface Elements {
  readonly words: number;
  readonly count: number;
}
/** PS, PD, SS, SD. */
const ELEMENTS: Readonly<Record<string, Elements>> = {
  PS: { words: 1, count: 4 },
  PD: { words: 2, count: 2 },
  SS: { words: 1, count: 1 },
  SD: { words: 2, count: 1 },
};

/** Each element of the destination becomes `operation` of it and the source's; square roots take the source's alone. */
function arithmetic({ words, count }: Elements, operation: Operation, plain: Plain): Semantics {
  return (cpu) => {
    checkSse(cpu);
    readVector(cpu, 1, B);
    readVector(cpu, 0, A);
    const fast = isPlain(cpu.word(WORD.mxcsr));
    const env = sseEnvironment(cpu);
    for (let i = 0; i < count; i++)
      if (words === 1) {
        if (!fast || !plainSingle(i, plain)) putSingle(C, i, operation(env, SINGLE, single(A, i), single(B, i)));
      } else if (!fast || !plainDouble(i, plain)) putDouble(C, i, operation(env, DOUBLE, double(A, i), double(B, i)));
    settle(cpu, env);
    writeVector(cpu, 0, C, words * count);
  };
}

/** MIN, MAX: the second operand unless the first is strictly less (greater); any NaN is invalid. */
const pick =
  (wanted: -1 | 1): Operation =>
  (env, _, a, b) => {
    const first = compare(env, a, b, false) === wanted;
    const chosen = first ? a : b;
    return env.denormalsAreZero && chosen.denormal
      ? { ...chosen, kind: CLASS.zero, significand: 0n, denormal: false }
      : chosen;
  };
const plainMin: Plain = (a, b) => (a < b ? a : b);
const plainMax: Plain = (a, b) => (a > b ? a : b);

/** `predicate` 0 to 7: EQ LT LE UNORD and their contraries. */
function holds(predicate: number, order: -1 | 0 | 1 | undefined): boolean {
  const base = predicate & 3;
  const result =
    base === 3 ? order === undefined : base === 0 ? order === 0 : order === -1 || (base === 2 && order === 0);
  return result === predicate < 4;
}

/** CMPPS and its like: all ones where the predicate of the immediate holds. LT and LE are invalid for quiet NaNs too. */
const compareElements =
  ({ words, count }: Elements): Semantics =>
  (cpu) => {
    checkSse(cpu);
    readVector(cpu, 1, B);
    readVector(cpu, 0, A);
    const predicate = cpu.lane(LANE.immLo) & 7;
    const quiet = (predicate & 3) === 0 || (predicate & 3) === 3;
    const env = sseEnvironment(cpu);
    for (let i = 0; i < count; i++) {
      const order =
        words === 1 ? compare(env, single(A, i), single(B, i), quiet) : compare(env, double(A, i), double(B, i), quiet);
      const mask = holds(predicate, order) ? -1 : 0;
      for (let word = 0; word < words; word++) C.i32[words * i + word] = mask;
    }
    settle(cpu, env);
    writeVector(cpu, 0, C, words * count);
  };

/** ZF, PF and CF of an order: all of them when there is none. */
export const orderFlags = (order: -1 | 0 | 1 | undefined): number =>
  order === undefined ? ZF | PF | CF : order === 0 ? ZF : order < 0 ? CF : 0;

/** COMIS, UCOMIS: the order of the first elements into ZF, PF and CF. */
const compareFlags =
  (words: number, quiet: boolean): Semantics =>
  (cpu) => {
    checkSse(cpu);
    readVector(cpu, 1, B);
    readVector(cpu, 0, A);
    const env = sseEnvironment(cpu);
    const order =
      words === 1 ? compare(env, single(A, 0), single(B, 0), quiet) : compare(env, double(A, 0), double(B, 0), quiet);
    settle(cpu, env);
    cpu.changeFlags(STATUS_FLAGS, orderFlags(order));
  };

const OPERATIONS: readonly (readonly [string, Operation, Plain])[] = [
  ['ADD', add, (a, b) => a + b],
  ['SUB', (env, format, a, b) => add(env, format, a, b, true), (a, b) => a - b],
  ['MUL', multiply, (a, b) => a * b],
  ['DIV', divide, (a, b) => a / b],
  ['MIN', pick(-1), plainMin],
  ['MAX', pick(1), plainMax],
  ['SQRT', (env, format, _, b) => squareRoot(env, format, b), (_, b) => Math.sqrt(b)],
];

export const SSE_FLOAT: Readonly<Record<string, Semantics>> = {
  ...Object.fromEntries(
    Object.entries(ELEMENTS).flatMap(([suffix, elements]): [string, Semantics][] => [
      ...OPERATIONS.map(([name, operation, plain]): [string, Semantics] => [
        `${name}${suffix}`,
        arithmetic(elements, operation, plain),
      ]),
      [`CMP${suffix}`, compareElements(elements)],
    ]),
  ),
  COMISS: compareFlags(1, false),
  COMISD: compareFlags(2, false),
  UCOMISS: compareFlags(1, true),
  UCOMISD: compareFlags(2, true),
};
