import { type Semantics } from '../cpu/cpu.js';
import { WORD } from '../cpu/state.js';
import {
  CLASS,
  EXTENDED,
  FLAG,
  INDEFINITE,
  infinity,
  noteDenormals,
  normal,
  ROUND,
  round,
  toInteger,
  add,
  type Environment,
  type Real,
  zero,
} from '../float/index.js';
import { FSW } from './x87-pending.js';
import { setConditions } from './x87-arithmetic.js';
import {
  beginX87,
  conclude,
  isEmpty,
  moveTop,
  noteAddresses,
  push,
  readStack,
  setC1,
  underflowed,
  writeStack,
} from './x87-state.js';

/** An operation on ST, and ST(1) when it takes two, whose result replaces ST. */
const onTop =
  (operands: 1 | 2, operation: (env: Environment, a: Real, b: Real) => Real): Semantics =>
  (cpu) => {
    const env = beginX87(cpu);
    noteAddresses(cpu);
    if (isEmpty(cpu, 0) || (operands === 2 && isEmpty(cpu, 1))) {
      if (underflowed(cpu)) writeStack(cpu, 0, INDEFINITE);
      return;
    }
    const result = operation(env, readStack(cpu, 0), readStack(cpu, 1));
    if (conclude(cpu, env)) writeStack(cpu, 0, result);
  };

/** The NaN that comes of one or two operands, by way of their sum; undefined when both are numbers. */
function nanOf(env: Environment, a: Real, b: Real): Real | undefined {
  return a.kind >= CLASS.nan || b.kind >= CLASS.nan ? add(env, EXTENDED, a, b) : undefined;
}

const frndint = onTop(1, (env, a) => {
  const nan = nanOf(env, a, zero(false));
  if (nan !== undefined) return nan;
  noteDenormals(env, a);
  if (a.kind !== CLASS.finite || a.exponent >= 0) return a;
  const value = toInteger(env, { ...a, negative: a.negative }, 66) ?? 0n;
  return value === 0n ? zero(a.negative) : normal(a.negative, value < 0n ? -value : value, 0);
});

/** ST · 2^chop(ST(1)). */
const fscale = onTop(2, (env, a, b) => {
  const nan = nanOf(env, a, b);
  if (nan !== undefined) return nan;
  if (b.kind === CLASS.infinity) {
    const invalid = b.negative ? a.kind === CLASS.infinity : a.kind === CLASS.zero;
    if (invalid) return env.invalid();
    noteDenormals(env, a, b);
    return b.negative ? zero(a.negative) : infinity(a.negative);
  }
  noteDenormals(env, a, b);
  if (a.kind !== CLASS.finite) return a;
  const by =
    b.kind === CLASS.zero ? 0 : b.exponent > -48 ? 0x20000 : Number(b.significand >> BigInt(Math.min(-b.exponent, 64)));
  return round(env, EXTENDED, a.negative, a.significand, a.exponent + (b.negative ? -by : by));
});

/** The exponent takes ST's place and the significand is pushed. */
const fxtract: Semantics = (cpu) => {
  const env = beginX87(cpu);
  noteAddresses(cpu);
  if (isEmpty(cpu, 0) || !isEmpty(cpu, 7)) {
    const overflow = !isEmpty(cpu, 0);
    const masked = underflowed(cpu);
    setC1(cpu, overflow);
    if (!masked) return;
    writeStack(cpu, 0, INDEFINITE);
    moveTop(cpu, -1);
    writeStack(cpu, 0, INDEFINITE);
    return;
  }
  const [exponent, significand] = parts(env, readStack(cpu, 0));
  if (!conclude(cpu, env)) return;
  writeStack(cpu, 0, exponent);
  push(cpu, significand);
};

function parts(env: Environment, a: Real): [exponent: Real, significand: Real] {
  const nan = nanOf(env, a, zero(false));
  if (nan !== undefined) return [nan, nan];
  if (a.kind === CLASS.infinity) return [infinity(false), a];
  if (a.kind === CLASS.zero) {
    env.flags |= FLAG.ZE;
    return [infinity(true), a];
  }
  noteDenormals(env, a);
  const exponent = a.exponent + 63;
  return [normal(exponent < 0, BigInt(Math.abs(exponent)), 0), { ...a, exponent: -63, denormal: false }];
}

// remainders

/** Without a quotient C2 is cleared, and these are as they were. */
const UNCHANGED = FSW.c0 | FSW.c3;

/** FPREM and FPREM1: the quotient's lowest bits go to C0, C3 and C1; C2 says that the exponent is not reduced yet. */
const remainder =
  (rounding: number): Semantics =>
  (cpu) => {
    const env = beginX87(cpu);
    noteAddresses(cpu);
    if (isEmpty(cpu, 0) || isEmpty(cpu, 1)) {
      setConditions(cpu, cpu.word(WORD.fsw) & UNCHANGED);
      if (underflowed(cpu)) writeStack(cpu, 0, INDEFINITE);
      return;
    }
    const { result, conditions = cpu.word(WORD.fsw) & UNCHANGED } = reduce(
      env,
      readStack(cpu, 0),
      readStack(cpu, 1),
      rounding,
    );
    if (!conclude(cpu, env)) return setConditions(cpu, cpu.word(WORD.fsw) & UNCHANGED);
    writeStack(cpu, 0, result);
    setConditions(cpu, conditions & (FSW.c0 | FSW.c2 | FSW.c3));
    setC1(cpu, (conditions & FSW.c1) !== 0);
  };

function reduce(env: Environment, a: Real, b: Real, rounding: number): { result: Real; conditions?: number } {
  const nan = nanOf(env, a, b);
  if (nan !== undefined) return { result: nan };
  if (a.kind === CLASS.infinity || b.kind === CLASS.zero) return { result: env.invalid() };
  noteDenormals(env, a, b);
  if (a.kind === CLASS.zero) return { result: a, conditions: 0 };
  const distance = a.exponent - b.exponent;
  // unchanged, but a denormal number may underflow
  if (b.kind === CLASS.infinity || distance < -1)
    return { result: round(env, EXTENDED, a.negative, a.significand, a.exponent), conditions: 0 };
  const partial = distance >= 64;
  // processors choose how far they go at once, between 32 and 63
  const shift = partial ? distance - ((distance & 31) | 32) : 0;
  const divisor = b.significand << BigInt(shift > 0 ? shift : 0);
  const exponent = b.exponent < a.exponent ? b.exponent : a.exponent;
  const dividend = a.significand << BigInt(a.exponent - exponent);
  const scaled = divisor << BigInt(b.exponent - exponent);
  let quotient = dividend / scaled;
  let rest = dividend - quotient * scaled;
  let negative = a.negative;
  if (!partial && rounding === ROUND.nearest) {
    const twice = 2n * rest;
    if (twice > scaled || (twice === scaled && (quotient & 1n) === 1n)) {
      quotient += 1n;
      rest = scaled - rest;
      negative = !negative;
    }
  }
  const result = rest === 0n ? zero(a.negative) : round(env, EXTENDED, negative, rest, exponent);
  if (partial) return { result, conditions: FSW.c2 };
  const bits = Number(quotient & 7n);
  const conditions = (bits & 1 ? FSW.c1 : 0) | (bits & 2 ? FSW.c3 : 0) | (bits & 4 ? FSW.c0 : 0);
  return { result, conditions };
}

export const X87_SCALE: Readonly<Record<string, Semantics>> = {
  FRNDINT: frndint,
  FSCALE: fscale,
  FXTRACT: fxtract,
  FPREM: remainder(ROUND.chop),
  FPREM1: remainder(ROUND.nearest),
};
