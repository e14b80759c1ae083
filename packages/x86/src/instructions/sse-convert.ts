import { type Cpu, type Semantics } from '../cpu/cpu.js';
import { VECTOR } from '../cpu/exception.js';
import { WORD } from '../cpu/state.js';
import { KIND, LANE } from '../decode/lanes.js';
import {
  CLASS,
  DOUBLE,
  isSignaling,
  noteDenormals,
  operand,
  quieted,
  ROUND,
  round,
  SINGLE,
  toInteger,
  zero,
  FLAG,
  type Environment,
  type Format,
  type Real,
} from '../float/index.js';
import { checkSse } from '../system/fpu-available.js';
import { MXCSR_MASK, settle, sseEnvironment } from './sse-environment.js';
import { double, putDouble, putSingle, single } from './sse-float.js';
import { B, C, enterMmx, readVector, writeVector } from './vector.js';
import { checkPending } from './x87-pending.js';

/** Rounds a number of another format; NaNs become quiet and keep what fits. */
export function convert(env: Environment, format: Format, source: Real): Real {
  const real = operand(env, source);
  if (real.kind === CLASS.nan) {
    if (isSignaling(real)) env.flags |= FLAG.IE;
    return quieted(real);
  }
  noteDenormals(env, real);
  if (real.kind !== CLASS.finite) return real;
  return round(env, format, real.negative, real.significand, real.exponent);
}

const fromInteger = (env: Environment, format: Format, value: bigint): Real =>
  value === 0n ? zero(false) : round(env, format, value < 0n, value < 0n ? -value : value, 0);

/** What a conversion reads, writes and how many of them. */
interface Shape {
  readonly from: 'single' | 'double' | 'word';
  readonly to: 'single' | 'double' | 'word';
  readonly count: number;
  /** Of the destination that are written; the upper half may be cleared. */
  readonly words: number;
  readonly chop?: boolean;
}

/** A word of an integer result; the most negative one when it does not fit. */
const putInteger = (env: Environment, i: number, real: Real): void => {
  const value = toInteger(env, real, 32);
  C.i32[i] = value === undefined ? 1 << 31 : Number(value);
};

function element(env: Environment, { from, to }: Shape, i: number): void {
  if (from === 'word') {
    const value = BigInt(B.word(i));
    if (to === 'single') putSingle(C, i, fromInteger(env, SINGLE, value));
    else putDouble(C, i, fromInteger(env, DOUBLE, value));
    return;
  }
  const source = from === 'single' ? single(B, i) : double(B, i);
  if (to === 'word') putInteger(env, i, source);
  else if (to === 'single') putSingle(C, i, convert(env, SINGLE, source));
  else putDouble(C, i, convert(env, DOUBLE, source));
}

const usesMmx = (cpu: Cpu): boolean => cpu.lane(LANE.kind0) === KIND.mm || cpu.lane(LANE.kind1) === KIND.mm;

const conversion =
  (shape: Shape): Semantics =>
  (cpu) => {
    checkSse(cpu);
    const enters = usesMmx(cpu);
    if (enters) checkPending(cpu);
    readVector(cpu, 1, B);
    const env = sseEnvironment(cpu);
    if (shape.chop === true) env.rounding = ROUND.chop;
    C.set(0, 0, 0, 0);
    for (let i = 0; i < shape.count; i++) element(env, shape, i);
    if (enters) enterMmx(cpu);
    settle(cpu, env);
    writeVector(cpu, 0, C, shape.words);
  };

/** CVTSI2SS, CVTSI2SD: from a general register or memory, 32 or 64 bits. */
const fromGeneral =
  (to: 'single' | 'double'): Semantics =>
  (cpu) => {
    checkSse(cpu);
    const lo = cpu.read(1);
    const hi = cpu.sizeOf(1) === 8 ? cpu.high : lo >> 31;
    const env = sseEnvironment(cpu);
    const value = (BigInt(hi) << 32n) | BigInt(lo >>> 0);
    if (to === 'single') putSingle(C, 0, fromInteger(env, SINGLE, value));
    else putDouble(C, 0, fromInteger(env, DOUBLE, value));
    settle(cpu, env);
    writeVector(cpu, 0, C, to === 'single' ? 1 : 2);
  };

/** CVTSS2SI and its like: to a general register; the most negative integer when it does not fit. */
const toGeneral =
  (from: 'single' | 'double', chop: boolean): Semantics =>
  (cpu) => {
    checkSse(cpu);
    readVector(cpu, 1, B);
    const env = sseEnvironment(cpu);
    if (chop) env.rounding = ROUND.chop;
    const bits = 8 * cpu.sizeOf(0);
    const value = toInteger(env, from === 'single' ? single(B, 0) : double(B, 0), bits) ?? 1n << BigInt(bits - 1);
    settle(cpu, env);
    cpu.writeBack(0, Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));
  };

/** LDMXCSR. */
const ldmxcsr: Semantics = (cpu) => {
  checkSse(cpu);
  const value = cpu.read(0);
  if (value & ~MXCSR_MASK) throw cpu.raise(VECTOR.GP, 0);
  cpu.words[WORD.mxcsr] = value;
};
const stmxcsr: Semantics = (cpu) => {
  checkSse(cpu);
  cpu.write(0, cpu.word(WORD.mxcsr), 0);
};

// prettier-ignore
export const SSE_CONVERT: Readonly<Record<string, Semantics>> = {
  CVTDQ2PS:  conversion({ from: 'word',   to: 'single', count: 4, words: 4 }),
  CVTDQ2PD:  conversion({ from: 'word',   to: 'double', count: 2, words: 4 }),
  CVTPS2DQ:  conversion({ from: 'single', to: 'word',   count: 4, words: 4 }),
  CVTTPS2DQ: conversion({ from: 'single', to: 'word',   count: 4, words: 4, chop: true }),
  CVTPD2DQ:  conversion({ from: 'double', to: 'word',   count: 2, words: 4 }),
  CVTTPD2DQ: conversion({ from: 'double', to: 'word',   count: 2, words: 4, chop: true }),
  CVTPS2PD:  conversion({ from: 'single', to: 'double', count: 2, words: 4 }),
  CVTPD2PS:  conversion({ from: 'double', to: 'single', count: 2, words: 4 }),
  CVTSS2SD:  conversion({ from: 'single', to: 'double', count: 1, words: 2 }),
  CVTSD2SS:  conversion({ from: 'double', to: 'single', count: 1, words: 1 }),
  CVTPI2PS:  conversion({ from: 'word',   to: 'single', count: 2, words: 2 }),
  CVTPI2PD:  conversion({ from: 'word',   to: 'double', count: 2, words: 4 }),
  CVTPS2PI:  conversion({ from: 'single', to: 'word',   count: 2, words: 2 }),
  CVTTPS2PI: conversion({ from: 'single', to: 'word',   count: 2, words: 2, chop: true }),
  CVTPD2PI:  conversion({ from: 'double', to: 'word',   count: 2, words: 2 }),
  CVTTPD2PI: conversion({ from: 'double', to: 'word',   count: 2, words: 2, chop: true }),
  CVTSI2SS: fromGeneral('single'), CVTSI2SD: fromGeneral('double'),
  CVTSS2SI: toGeneral('single', false), CVTTSS2SI: toGeneral('single', true),
  CVTSD2SI: toGeneral('double', false), CVTTSD2SI: toGeneral('double', true),
  LDMXCSR: ldmxcsr, STMXCSR: stmxcsr,
};
