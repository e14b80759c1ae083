import { type Cpu, type Semantics } from '../cpu/cpu.js';
import { KIND, LANE } from '../decode/lanes.js';
import { CF, PF, ZF } from '../isa/flags.js';
import {
  DOUBLE,
  Environment,
  EXTENDED,
  FLAG,
  INDEFINITE,
  normal,
  ROUND,
  round,
  SINGLE,
  toDouble,
  toInteger,
  toSingle,
  type Real,
} from '../float/index.js';
import { checkSse3 } from '../system/fpu-available.js';
import { convert } from './sse-convert.js';
import { loadInteger, loadReal, loadTen, probe, storeTen } from './x87-memory.js';
import { FSW } from './x87-pending.js';
import {
  beginX87,
  conclude,
  isEmpty,
  moveTop,
  note,
  noteAddresses,
  place,
  pop,
  push,
  pushRaw,
  readStack,
  setC1,
  underflowed,
  writeRaw,
  writeStack,
} from './x87-state.js';

// loads

/** FLD. The extended format is moved as it is, the others are converted: that can be invalid, or denormal. */
const fld: Semantics = (cpu) => {
  const env = beginX87(cpu);
  if (cpu.lane(LANE.kind0) === KIND.st) {
    noteAddresses(cpu);
    const i = cpu.lane(LANE.reg0);
    if (isEmpty(cpu, i)) {
      if (!underflowed(cpu)) return;
      moveTop(cpu, -1);
      return writeStack(cpu, 0, INDEFINITE);
    }
    const at = place(cpu, i);
    return pushRaw(cpu, cpu.word(at), cpu.word(at + 1), cpu.word(at + 2));
  }
  if (cpu.sizeOf(0) === 10) {
    const [lo, hi, sign] = loadTen(cpu);
    noteAddresses(cpu);
    return pushRaw(cpu, lo, hi, sign);
  }
  const source = loadReal(cpu);
  noteAddresses(cpu);
  if (!isEmpty(cpu, 7)) return push(cpu, source);
  const real = convert(env, EXTENDED, source);
  // a denormal operand is loaded whether or not its exception is masked (measured, AMD)
  if (conclude(cpu, env) || (env.flags & FLAG.IE) === 0) push(cpu, real);
};

const fild: Semantics = (cpu) => {
  beginX87(cpu);
  const real = loadInteger(cpu);
  noteAddresses(cpu);
  push(cpu, real);
};

/** Upper 64 bits and the next 32 of each constant, rounded as the control word says. Source: Intel SDM vol. 1, 8.3.8. */
const CONSTANTS: Readonly<Record<string, readonly [bigint, number]>> = {
  FLDL2T: [0xd49a784bcd1b8afe492bf6ffn, 1],
  FLDL2E: [0xb8aa3b295c17f0bbbe87fed0n, 0],
  FLDPI: [0xc90fdaa22168c234c4c6628bn, 1],
  FLDLG2: [0x9a209a84fbcff7988f8959acn, -2],
  FLDLN2: [0xb17217f7d1cf79abc9e3b398n, -1],
  FLD1: [1n << 95n, 0],
  FLDZ: [0n, 0],
};
const quiet = new Environment();
const constant =
  (significand: bigint, exponent: number): Semantics =>
  (cpu) => {
    const env = beginX87(cpu);
    noteAddresses(cpu);
    quiet.rounding = env.rounding;
    push(cpu, significand === 0n ? normal(false, 0n, 0) : round(quiet, EXTENDED, false, significand, exponent - 95));
  };

// stores

/** FST, FSTP. Memory is written before the state, and not at all when an unmasked exception forbids it. */
const store =
  (pops: boolean): Semantics =>
  (cpu) => {
    const env = beginX87(cpu);
    const done = cpu.lane(LANE.kind0) === KIND.st ? storeRegister(cpu) : storeMemory(cpu, env);
    if (done && pops) pop(cpu);
  };

function storeRegister(cpu: Cpu): boolean {
  noteAddresses(cpu);
  const i = cpu.lane(LANE.reg0);
  if (isEmpty(cpu, 0)) {
    if (!underflowed(cpu)) return false;
    writeStack(cpu, i, INDEFINITE);
    return true;
  }
  setC1(cpu, false);
  const at = place(cpu, 0);
  writeRaw(cpu, i, cpu.word(at), cpu.word(at + 1), cpu.word(at + 2));
  return true;
}

/** FSTPNCE, an undocumented alias of FSTP: nothing is stored of an empty register, and that is no exception (measured, AMD). */
const storeSilently: Semantics = (cpu) => {
  beginX87(cpu);
  noteAddresses(cpu);
  if (isEmpty(cpu, 0)) setC1(cpu, false);
  else storeRegister(cpu);
  pop(cpu);
};

/** What is not stored can fault all the same. */
export function probeStore(cpu: Cpu): void {
  cpu.address();
  probe(cpu, cpu.sizeOf(0), true);
}

export const STOPS_STORE = FLAG.IE | FLAG.OE | FLAG.UE;

function storeMemory(cpu: Cpu, env: Environment): boolean {
  const size = cpu.sizeOf(0);
  const empty = isEmpty(cpu, 0);
  if (empty) env.flags |= FLAG.IE;
  if (size === 10) {
    const at = place(cpu, 0);
    if (!empty) storeTen(cpu, cpu.word(at), cpu.word(at + 1), cpu.word(at + 2));
    else if (env.masked & FLAG.IE) storeTen(cpu, 0, 0xc0000000 | 0, 0xffff);
    else probeStore(cpu);
  } else {
    const real = empty ? INDEFINITE : narrow(env, size === 4 ? SINGLE : DOUBLE, readStack(cpu, 0));
    if ((env.flags & STOPS_STORE & ~env.masked) === 0) {
      const [lo, hi] = size === 4 ? [toSingle(real), 0] : toDouble(real);
      cpu.write(0, lo, hi);
    } else probeStore(cpu);
  }
  noteAddresses(cpu);
  return concludeStore(cpu, env, empty);
}

/** A denormal source is no exception here. */
function narrow(env: Environment, format: typeof SINGLE, source: Real): Real {
  const real = source.kind > 3 ? env.invalid() : convert(env, format, { ...source, denormal: false });
  return real;
}

export function concludeStore(cpu: Cpu, env: Environment, empty: boolean): boolean {
  const stopped = (env.flags & STOPS_STORE & ~env.masked) !== 0;
  setC1(cpu, !stopped && !empty && (env.flags & FLAG.PE) !== 0 && env.roundedUp);
  // what keeps the result from being stored keeps it from being inexact
  const flags = stopped ? env.flags & ~FLAG.PE : env.flags;
  note(cpu, flags | (empty ? FSW.stackFault : 0));
  return !stopped;
}

/** FIST, FISTP; FISTTP chops whatever the control word says. */
const storeInteger =
  (pops: boolean, chops = false): Semantics =>
  (cpu) => {
    if (chops) checkSse3(cpu);
    const env = beginX87(cpu);
    if (chops) env.rounding = ROUND.chop;
    const size = cpu.sizeOf(0);
    const empty = isEmpty(cpu, 0);
    const value = empty ? undefined : toInteger(env, readStack(cpu, 0), 8 * size);
    if (empty) env.flags |= FLAG.IE;
    if ((env.flags & FLAG.IE & ~env.masked) === 0) {
      const bits = value ?? 1n << BigInt(8 * size - 1);
      cpu.write(0, Number(BigInt.asIntN(32, bits)), Number(BigInt.asIntN(32, bits >> 32n)));
    } else probeStore(cpu);
    noteAddresses(cpu);
    if (concludeStore(cpu, env, empty) && pops) pop(cpu);
  };

// between registers

const fxch: Semantics = (cpu) => {
  beginX87(cpu);
  noteAddresses(cpu);
  const i = cpu.lane(LANE.kind1) === KIND.st ? cpu.lane(LANE.reg0) | cpu.lane(LANE.reg1) : cpu.lane(LANE.reg0);
  if (isEmpty(cpu, 0) || isEmpty(cpu, i)) {
    if (!underflowed(cpu)) return;
    if (isEmpty(cpu, 0)) writeStack(cpu, 0, INDEFINITE);
    if (isEmpty(cpu, i)) writeStack(cpu, i, INDEFINITE);
  } else setC1(cpu, false);
  const a = place(cpu, 0);
  const [lo, hi, sign] = [cpu.word(a), cpu.word(a + 1), cpu.word(a + 2)];
  const b = place(cpu, i);
  writeRaw(cpu, 0, cpu.word(b), cpu.word(b + 1), cpu.word(b + 2));
  writeRaw(cpu, i, lo, hi, sign);
};

/** FCHS, FABS: the sign, whatever the rest is. */
const changeSign =
  (change: (word: number) => number): Semantics =>
  (cpu) => {
    beginX87(cpu);
    noteAddresses(cpu);
    if (isEmpty(cpu, 0)) {
      if (underflowed(cpu)) writeStack(cpu, 0, INDEFINITE);
      return;
    }
    setC1(cpu, false);
    const at = place(cpu, 0);
    cpu.words[at + 2] = change(cpu.word(at + 2));
  };

/** FCMOVcc. Empty registers count whether or not anything moves; C1 stays. */
const fcmov =
  (mask: number, wanted: boolean): Semantics =>
  (cpu) => {
    beginX87(cpu);
    noteAddresses(cpu);
    const i = cpu.lane(LANE.reg1);
    const holds = ((cpu.flags() & mask) !== 0) === wanted;
    if (isEmpty(cpu, 0) || isEmpty(cpu, i)) {
      if (underflowed(cpu)) writeStack(cpu, 0, INDEFINITE);
      return;
    }
    const at = place(cpu, i);
    if (holds) writeRaw(cpu, 0, cpu.word(at), cpu.word(at + 1), cpu.word(at + 2));
  };

export const X87_MOVES: Readonly<Record<string, Semantics>> = {
  ...Object.fromEntries(
    Object.entries(CONSTANTS).map(([name, [value, exponent]]) => [name, constant(value, exponent)]),
  ),
  FLD: fld,
  FILD: fild,
  FST: store(false),
  FSTP: store(true),
  FIST: storeInteger(false),
  FISTP: storeInteger(true),
  FISTTP: storeInteger(true, true),
  FSTPNCE: storeSilently,
  FXCH: fxch,
  FCHS: changeSign((word) => word ^ 0x8000),
  FABS: changeSign((word) => word & 0x7fff),
  FCMOVB: fcmov(CF, true),
  FCMOVE: fcmov(ZF, true),
  FCMOVBE: fcmov(CF | ZF, true),
  FCMOVU: fcmov(PF, true),
  FCMOVNB: fcmov(CF, false),
  FCMOVNE: fcmov(ZF, false),
  FCMOVNBE: fcmov(CF | ZF, false),
  FCMOVNU: fcmov(PF, false),
};
