import { KIND, LANE } from '../decode/lanes.js';
import { type Emitter } from './emitter.js';
import { LOCAL } from './locals.js';
import { FLAG } from './flag-kinds.js';
import { loadOperand, modifyOperand, pushOperand, storeOperand, type Lowering } from './lowering.js';
import { OP } from './opcodes.js';

const { a, b, c, flagA, flagB, flagR } = LOCAL;

/** Result of two operands in A and B, on the stack and cut to the size. */
type Kernel = (emit: Emitter, size: number) => void;

const plain =
  (opcode: number, needsCut: boolean): Kernel =>
  (emit, size) => {
    emit.get(a);
    emit.get(b);
    emit.op(opcode);
    if (needsCut) emit.cut(size);
  };

function copy(emit: Emitter, from: number, to: number): void {
  emit.get(from);
  emit.set(to);
}

/** The sign-extended result in C goes to R. */
export function setResult(emit: Emitter, size: number, from: number = c): void {
  emit.get(from);
  emit.signExtend(size);
  emit.set(flagR);
}

type SetFlags = (emit: Emitter, size: number) => void;
const fromOperands =
  (main: number): SetFlags =>
  (emit, size) => {
    copy(emit, a, flagA);
    copy(emit, b, flagB);
    emit.setKind(main, size);
  };
const fromResult: SetFlags = (emit, size) => {
  setResult(emit, size);
  emit.setKind(FLAG.logic, size);
};

const OPERATIONS = {
  ADD: { kernel: plain(OP.i64_add, true), flags: fromOperands(FLAG.add) },
  SUB: { kernel: plain(OP.i64_sub, true), flags: fromOperands(FLAG.sub) },
  AND: { kernel: plain(OP.i64_and, false), flags: fromResult },
  OR: { kernel: plain(OP.i64_or, false), flags: fromResult },
  XOR: { kernel: plain(OP.i64_xor, false), flags: fromResult },
} as const;

const binary =
  (name: keyof typeof OPERATIONS): Lowering['lower'] =>
  (emit) => {
    const { kernel, flags } = OPERATIONS[name];
    const size = emit.lane(LANE.size0);
    if (!loadOperand(emit, 1, b) || !modifyOperand(emit, 0, a)) return false;
    kernel(emit, size);
    emit.set(c);
    storeOperand(emit, 0, c);
    if (emit.flagsLive) flags(emit, size);
    return true;
  };

const compare =
  (name: 'SUB' | 'AND'): Lowering['lower'] =>
  (emit) => {
    const { kernel, flags } = OPERATIONS[name];
    const size = emit.lane(LANE.size0);
    if (!loadOperand(emit, 1, b) || !loadOperand(emit, 0, a)) return false;
    if (!emit.flagsLive) return true;
    if (name === 'AND') {
      kernel(emit, size);
      emit.set(c);
    }
    flags(emit, size);
    return true;
  };

/** CF as an i64 of 0 or 1, on the stack. */
export function pushCarry(emit: Emitter): void {
  const carry = emit.known < 0 ? -1 : (emit.known >> 8) & 15;
  if (carry === FLAG.sub) {
    emit.pushFlagA();
    emit.pushFlagB();
    emit.op(OP.i64_lt_u);
  } else {
    if (carry === FLAG.eager) emit.pushRawEflags();
    else emit.pushFlags();
    emit.i32(1);
    emit.op(OP.i32_and);
  }
  emit.op(OP.i64_extend_i32_u);
}

/** ADC and SBB: the carry out goes to EFLAGS at once, because the next one wants it. */
const withCarry =
  (isSum: boolean): Lowering['lower'] =>
  (emit) => {
    const size = emit.lane(LANE.size0);
    if (!loadOperand(emit, 1, b) || !modifyOperand(emit, 0, a)) return false;
    const opcode = isSum ? OP.i64_add : OP.i64_sub;
    emit.get(a);
    emit.get(b);
    emit.op(opcode);
    pushCarry(emit);
    emit.op(opcode);
    emit.cut(size);
    emit.set(c);
    storeOperand(emit, 0, c);
    if (!emit.flagsLive) return true;
    carryOut(emit, size, isSum);
    copy(emit, a, flagA);
    copy(emit, b, flagB);
    setResult(emit, size);
    emit.setKind(isSum ? FLAG.adc : FLAG.sbb, size);
    return true;
  };

/** CF ← top bit of (a & b) | ((a | b) & ~c), or of (~a & b) | (~(a ^ b) & c). */
function carryOut(emit: Emitter, size: number, isSum: boolean): void {
  const not = () => {
    emit.i64(-1, -1);
    emit.op(OP.i64_xor);
  };
  emit.get(a);
  if (!isSum) not();
  emit.get(b);
  emit.op(OP.i64_and);
  emit.get(a);
  emit.get(b);
  emit.op(isSum ? OP.i64_or : OP.i64_xor);
  if (!isSum) not();
  emit.get(c);
  if (isSum) not();
  emit.op(OP.i64_and, OP.i64_or);
  emit.i64(8 * size - 1, 0);
  emit.op(OP.i64_shr_u, OP.i32_wrap_i64);
  emit.i32(1);
  emit.op(OP.i32_and);
  emit.setCarry();
}

const step =
  (isInc: boolean): Lowering['lower'] =>
  (emit) => {
    const size = emit.lane(LANE.size0);
    if (!modifyOperand(emit, 0, a)) return false;
    emit.get(a);
    emit.i64(1, 0);
    emit.op(isInc ? OP.i64_add : OP.i64_sub);
    emit.cut(size);
    emit.set(c);
    storeOperand(emit, 0, c);
    if (!emit.flagsLive) return true;
    setResult(emit, size);
    emit.setStepKind(isInc ? FLAG.inc : FLAG.dec, size);
    return true;
  };

const neg: Lowering['lower'] = (emit) => {
  const size = emit.lane(LANE.size0);
  if (!modifyOperand(emit, 0, b)) return false;
  emit.i64(0, 0);
  emit.get(b);
  emit.op(OP.i64_sub);
  emit.cut(size);
  emit.set(c);
  storeOperand(emit, 0, c);
  if (!emit.flagsLive) return true;
  emit.i64(0, 0);
  emit.set(flagA);
  copy(emit, b, flagB);
  emit.setKind(FLAG.sub, size);
  return true;
};

const not: Lowering['lower'] = (emit) => {
  const size = emit.lane(LANE.size0);
  if (!modifyOperand(emit, 0, a)) return false;
  emit.get(a);
  emit.i64(-1, -1);
  emit.op(OP.i64_xor);
  emit.cut(size);
  emit.set(c);
  storeOperand(emit, 0, c);
  return true;
};

/** XADD: the source is written first, so that with one register for both the sum stays. */
const xadd: Lowering['lower'] = (emit) => {
  const size = emit.lane(LANE.size0);
  if (!modifyOperand(emit, 0, a)) return false;
  emit.getRegister(emit.lane(LANE.reg1), size);
  emit.set(b);
  OPERATIONS.ADD.kernel(emit, size);
  emit.set(c);
  if (emit.lane(LANE.kind0) === KIND.mem) storeOperand(emit, 0, c);
  emit.get(a);
  emit.setRegister(emit.lane(LANE.reg1), size);
  if (emit.lane(LANE.kind0) !== KIND.mem) storeOperand(emit, 0, c);
  if (emit.flagsLive) OPERATIONS.ADD.flags(emit, size);
  return true;
};

/** CMPXCHG: memory is written in either case; a 32-bit register that does not match keeps its upper half. */
const cmpxchg: Lowering['lower'] = (emit) => {
  const size = emit.lane(LANE.size0);
  const isMemory = emit.lane(LANE.kind0) === KIND.mem;
  if (!modifyOperand(emit, 0, b)) return false;
  emit.getRegister(0, size);
  emit.set(a);
  pushOperand(emit, 1);
  emit.get(b);
  emit.get(a);
  emit.get(b);
  emit.op(OP.i64_eq, OP.select);
  emit.set(c);
  if (isMemory) storeOperand(emit, 0, c);
  emit.get(a);
  emit.get(b);
  emit.op(OP.i64_ne);
  emit.open(OP.if);
  emit.get(b);
  emit.setRegister(0, size);
  if (!isMemory) {
    emit.op(OP.else);
    storeOperand(emit, 0, c);
  }
  emit.close();
  if (!emit.flagsLive) return true;
  copy(emit, a, flagA);
  copy(emit, b, flagB);
  emit.setKind(FLAG.sub, size);
  return true;
};

// prettier-ignore
export const ALU_LOWERINGS: Readonly<Record<string, Lowering>> = {
  ADD: { flags: 'sets', lower: binary('ADD') },
  SUB: { flags: 'sets', lower: binary('SUB') },
  AND: { flags: 'sets', lower: binary('AND') },
  OR:  { flags: 'sets', lower: binary('OR') },
  XOR: { flags: 'sets', lower: binary('XOR') },
  CMP: { flags: 'sets', lower: compare('SUB') },
  TEST: { flags: 'sets', lower: compare('AND') },
  ADC: { flags: 'reads and sets', lower: withCarry(true) },
  SBB: { flags: 'reads and sets', lower: withCarry(false) },
  INC: { flags: 'reads and sets', lower: step(true) },
  DEC: { flags: 'reads and sets', lower: step(false) },
  NEG: { flags: 'sets', lower: neg },
  NOT: { flags: 'none', lower: not },
  XADD: { flags: 'sets', lower: xadd },
  CMPXCHG: { flags: 'sets', lower: cmpxchg },
};
