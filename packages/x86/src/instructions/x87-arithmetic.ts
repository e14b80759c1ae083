import { type Cpu, type Semantics } from '../cpu/cpu.js';
import { WORD } from '../cpu/state.js';
import { KIND, LANE } from '../decode/lanes.js';
import { STATUS_FLAGS } from '../isa/flags.js';
import {
  add,
  compare,
  divide,
  INDEFINITE,
  multiply,
  squareRoot,
  zero,
  type Environment,
  type Format,
  type Real,
} from '../float/index.js';
import { orderFlags } from './sse-float.js';
import { loadInteger, loadReal } from './x87-memory.js';
import { FSW } from './x87-pending.js';
import {
  beginX87,
  conclude,
  isEmpty,
  note,
  noteAddresses,
  pop,
  readStack,
  resultFormat,
  setC1,
  underflowed,
  writeStack,
} from './x87-state.js';

type Operation = (env: Environment, format: Format, a: Real, b: Real) => Real;
const subtract: Operation = (env, format, a, b) => add(env, format, a, b, true);
const reversed =
  (operation: Operation): Operation =>
  (env, format, a, b) =>
    operation(env, format, b, a);

/** The second operand: of memory, or the register that is not the destination; undefined when it is empty. */
function source(cpu: Cpu, integer: boolean): Real | undefined {
  if (cpu.isMemory(0)) return integer ? loadInteger(cpu) : loadReal(cpu);
  const i = cpu.lane(LANE.reg1);
  return isEmpty(cpu, i) ? undefined : readStack(cpu, i);
}

/** FADD and its like: ST with memory, ST with ST(i), or ST(i) with ST; the first is the destination. */
const arithmetic =
  (operation: Operation, integer: boolean, pops: boolean): Semantics =>
  (cpu) => {
    const env = beginX87(cpu);
    const b = source(cpu, integer);
    noteAddresses(cpu);
    const destination = cpu.isMemory(0) ? 0 : cpu.lane(LANE.reg0);
    if (b === undefined || isEmpty(cpu, destination)) {
      if (!underflowed(cpu)) return;
      writeStack(cpu, destination, INDEFINITE);
    } else {
      const result = operation(env, resultFormat(cpu), readStack(cpu, destination), b);
      if (!conclude(cpu, env)) return;
      writeStack(cpu, destination, result);
    }
    if (pops) pop(cpu);
  };

const fsqrt: Semantics = (cpu) => {
  const env = beginX87(cpu);
  noteAddresses(cpu);
  if (isEmpty(cpu, 0)) {
    if (underflowed(cpu)) writeStack(cpu, 0, INDEFINITE);
    return;
  }
  const result = squareRoot(env, resultFormat(cpu), readStack(cpu, 0));
  if (conclude(cpu, env)) writeStack(cpu, 0, result);
};

// comparisons

type Order = -1 | 0 | 1 | undefined;
const CONDITIONS = FSW.c0 | FSW.c2 | FSW.c3;
const conditions = (order: Order): number =>
  order === undefined ? CONDITIONS : order === 0 ? FSW.c3 : order < 0 ? FSW.c0 : 0;

export function setConditions(cpu: Cpu, bits: number): void {
  cpu.words[WORD.fsw] = (cpu.word(WORD.fsw) & ~CONDITIONS) | bits;
}

/** The order of ST and another operand goes to C3, C2 and C0. An exception that is not masked keeps them on the stack. */
const comparison =
  (quiet: boolean, pops: number, integer = false): Semantics =>
  (cpu) => {
    const env = beginX87(cpu);
    const b = comparand(cpu, integer);
    noteAddresses(cpu);
    if (isEmpty(cpu, 0) || b === undefined) {
      setConditions(cpu, CONDITIONS);
      if (!underflowed(cpu)) return;
    } else {
      setConditions(cpu, conditions(compare(env, readStack(cpu, 0), b, quiet)));
      if (!conclude(cpu, env)) return;
    }
    for (let i = 0; i < pops; i++) pop(cpu);
  };

/** FTST compares with 0, FCOMPP with ST(1). */
function comparand(cpu: Cpu, integer: boolean): Real | undefined {
  if (cpu.lane(LANE.kind0) !== KIND.none) return source(cpu, integer);
  return isEmpty(cpu, 1) ? undefined : readStack(cpu, 1);
}

const ftst: Semantics = (cpu) => {
  const env = beginX87(cpu);
  noteAddresses(cpu);
  if (isEmpty(cpu, 0)) {
    setConditions(cpu, CONDITIONS);
    underflowed(cpu);
    return;
  }
  setConditions(cpu, conditions(compare(env, readStack(cpu, 0), zero(false), false)));
  conclude(cpu, env);
};

/** FCOMI and its like: the order goes to ZF, PF and CF; C1 stays. */
const compareFlags =
  (quiet: boolean, pops: boolean): Semantics =>
  (cpu) => {
    const env = beginX87(cpu);
    noteAddresses(cpu);
    const i = cpu.lane(LANE.reg1);
    if (isEmpty(cpu, 0) || isEmpty(cpu, i)) {
      cpu.changeFlags(STATUS_FLAGS, orderFlags(undefined));
      if (!underflowed(cpu)) return;
    } else {
      cpu.changeFlags(STATUS_FLAGS, orderFlags(compare(env, readStack(cpu, 0), readStack(cpu, i), quiet)));
      if (note(cpu, env.flags)) return;
    }
    if (pops) pop(cpu);
  };

/** C3, C2 and C0 by class: zero, finite, infinity, NaN, unsupported. Source: Intel SDM vol. 2A, FXAM, table 3-37. */
const CLASSES = [FSW.c3, FSW.c2, FSW.c2 | FSW.c0, FSW.c0, 0] as const;

const fxam: Semantics = (cpu) => {
  beginX87(cpu);
  noteAddresses(cpu);
  const real = readStack(cpu, 0);
  const finite = real.denormal ? FSW.c3 | FSW.c2 : CLASSES[real.kind];
  setC1(cpu, real.negative);
  setConditions(cpu, isEmpty(cpu, 0) ? FSW.c3 | FSW.c0 : finite);
};

const OPERATIONS: readonly (readonly [string, Operation])[] = [
  ['ADD', add],
  ['MUL', multiply],
  ['SUB', subtract],
  ['SUBR', reversed(subtract)],
  ['DIV', divide],
  ['DIVR', reversed(divide)],
];

export const X87_ARITHMETIC: Readonly<Record<string, Semantics>> = {
  ...Object.fromEntries(
    OPERATIONS.flatMap(([name, operation]): [string, Semantics][] => [
      [`F${name}`, arithmetic(operation, false, false)],
      [`F${name}P`, arithmetic(operation, false, true)],
      [`FI${name}`, arithmetic(operation, true, false)],
    ]),
  ),
  FSQRT: fsqrt,
  FCOM: comparison(false, 0),
  FCOMP: comparison(false, 1),
  FCOMPP: comparison(false, 2),
  FUCOM: comparison(true, 0),
  FUCOMP: comparison(true, 1),
  FUCOMPP: comparison(true, 2),
  FICOM: comparison(false, 0, true),
  FICOMP: comparison(false, 1, true),
  FTST: ftst,
  FXAM: fxam,
  FCOMI: compareFlags(false, false),
  FCOMIP: compareFlags(false, true),
  FUCOMI: compareFlags(true, false),
  FUCOMIP: compareFlags(true, true),
};
