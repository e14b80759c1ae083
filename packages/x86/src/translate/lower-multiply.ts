import { REGISTER } from '../cpu/state.js';
import { KIND, LANE } from '../decode/lanes.js';
import { type Emitter } from './emitter.js';
import { LOCAL } from './locals.js';
import { FLAG } from './flag-kinds.js';
import { setResult } from './lower-alu.js';
import { loadOperand, type Lowering } from './lowering.js';
import { OP } from './opcodes.js';

const { a, b, c, flagA } = LOCAL;
const { rax, rdx } = REGISTER;

/** IMUL with two or three operands, of 2 and 4 bytes exact in 64 bits; of 8 only while nobody looks at the flags. */
const imul: Lowering['lower'] = (emit) => {
  const size = emit.lane(LANE.size0);
  if (emit.lane(LANE.kind1) === KIND.none) return multiply(emit, true);
  const three = emit.lane(LANE.kind2) !== KIND.none;
  if (!loadOperand(emit, 1, b) || !loadOperand(emit, three ? 2 : 0, a)) return false;
  setProduct(emit, size, true);
  if (emit.flagsLive) {
    if (size === 8) signedOverflow(emit);
    else productFits(emit, size, true);
    emit.set(flagA);
    setResult(emit, size);
    emit.setKind(FLAG.mul, size);
  }
  emit.get(c);
  emit.cut(size);
  emit.setRegister(emit.lane(LANE.reg0), size);
  return true;
};

/** C ← A × B, its low 64 bits; signed: A and B become sign-extended. */
function setProduct(emit: Emitter, size: number, signed: boolean): void {
  for (const local of [a, b]) {
    emit.get(local);
    if (!signed) continue;
    emit.signExtend(size);
    emit.tee(local);
  }
  emit.op(OP.i64_mul);
  emit.set(c);
}

/** 1 as i64 when the product in C is more than its low `size` bytes say. */
function productFits(emit: Emitter, size: number, signed: boolean): void {
  emit.get(c);
  if (signed) emit.signExtend(size);
  else emit.cut(size);
  emit.get(c);
  emit.op(OP.i64_ne, OP.i64_extend_i32_u);
}

/** 1 as i64 when the signed product of A and B does not fit 64 bits: the high half is not the sign of the low one. */
function signedOverflow(emit: Emitter): void {
  highProduct(emit, true);
  emit.get(c);
  emit.i64(63, 0);
  emit.op(OP.i64_shr_s, OP.i64_ne, OP.i64_extend_i32_u);
}

/**
 * The high 64 bits of A × B on the stack, from four products of halves. Source: Hacker's Delight, 2nd edition, figure 8-2; signed: less B
 * where A is negative and A where B is.
 */
function highProduct(emit: Emitter, signed: boolean): void {
  const low = (local: number) => {
    emit.get(local);
    emit.i64(-1, 0);
    emit.op(OP.i64_and);
  };
  const high = (local: number) => {
    emit.get(local);
    emit.i64(32, 0);
    emit.op(OP.i64_shr_u);
  };
  const { t, u } = LOCAL;
  // t = high(a) * low(b) + (low(a) * low(b) >> 32)
  high(a);
  low(b);
  emit.op(OP.i64_mul);
  low(a);
  low(b);
  emit.op(OP.i64_mul);
  emit.i64(32, 0);
  emit.op(OP.i64_shr_u, OP.i64_add);
  emit.set(t);
  // u = low(a) * high(b) + low(t)
  low(a);
  high(b);
  emit.op(OP.i64_mul);
  low(t);
  emit.op(OP.i64_add);
  emit.set(u);
  high(a);
  high(b);
  emit.op(OP.i64_mul);
  high(t);
  emit.op(OP.i64_add);
  high(u);
  emit.op(OP.i64_add);
  if (!signed) return;
  for (const [sign, other] of [
    [a, b],
    [b, a],
  ] as const) {
    emit.get(sign);
    emit.i64(63, 0);
    emit.op(OP.i64_shr_s);
    emit.get(other);
    emit.op(OP.i64_and, OP.i64_sub);
  }
}

/** MUL and IMUL of one operand and rAX, to rDX:rAX. */
function multiply(emit: Emitter, signed: boolean): boolean {
  const size = emit.lane(LANE.size0);
  if (!loadOperand(emit, 0, b)) return false;
  emit.getRegister(rax, size);
  emit.set(a);
  setProduct(emit, size, signed);
  if (size === 8) {
    highProduct(emit, signed);
    emit.set(LOCAL.v);
  }
  if (emit.flagsLive) {
    if (size < 8) productFits(emit, size, signed);
    else {
      emit.get(LOCAL.v);
      if (signed) {
        emit.get(c);
        emit.i64(63, 0);
        emit.op(OP.i64_shr_s, OP.i64_ne);
      } else emit.op(OP.i64_eqz, OP.i32_eqz);
      emit.op(OP.i64_extend_i32_u);
    }
    emit.set(flagA);
    setResult(emit, size);
    emit.setKind(FLAG.mul, size);
  }
  storeProduct(emit, size);
  return true;
}

function storeProduct(emit: Emitter, size: number): void {
  emit.get(c);
  if (size === 1) {
    emit.cut(2);
    return emit.setRegister(rax, 2);
  }
  emit.cut(size);
  emit.setRegister(rax, size);
  if (size === 8) emit.get(LOCAL.v);
  else {
    emit.get(c);
    emit.i64(8 * size, 0);
    emit.op(OP.i64_shr_u);
    emit.cut(size);
  }
  emit.setRegister(rdx, size);
}

/** MULX: the low half first, so that the high half stays when both go to one register. */
const mulx: Lowering['lower'] = (emit) => {
  const size = emit.lane(LANE.size0);
  if (!loadOperand(emit, 2, b)) return false;
  emit.getRegister(rdx, size);
  emit.set(a);
  emit.get(a);
  emit.get(b);
  emit.op(OP.i64_mul);
  emit.set(c);
  if (size === 8) highProduct(emit, false);
  else {
    emit.get(c);
    emit.i64(32, 0);
    emit.op(OP.i64_shr_u);
  }
  emit.set(LOCAL.v);
  emit.get(c);
  emit.cut(size);
  emit.setRegister(emit.lane(LANE.reg1), size);
  emit.get(LOCAL.v);
  emit.setRegister(emit.lane(LANE.reg0), size);
  return true;
};

/** DIV and IDIV of 4 bytes, and of 8 while rDX only extends rAX: what would raise #DE is left to the interpreter. */
const divide =
  (signed: boolean): Lowering['lower'] =>
  (emit) => {
    const size = emit.lane(LANE.size0);
    if (size < 4 || !loadOperand(emit, 0, b)) return false;
    if (size === 8) wideDividend(emit, signed);
    else narrowDividend(emit, signed);
    emit.get(b);
    emit.op(OP.i64_eqz);
    if (signed) {
      // the one quotient that does not fit: -2^63 / -1
      emit.get(b);
      emit.i64(-1, -1);
      emit.op(OP.i64_eq, OP.i32_or);
    }
    emit.leaveIf();
    emit.get(a);
    emit.get(b);
    emit.op(signed ? OP.i64_div_s : OP.i64_div_u);
    emit.set(c);
    if (size === 4) {
      emit.get(c);
      if (signed) emit.signExtend(4);
      else emit.cut(4);
      emit.get(c);
      emit.op(OP.i64_ne);
      emit.leaveIf();
    }
    emit.get(a);
    emit.get(b);
    emit.op(signed ? OP.i64_rem_s : OP.i64_rem_u);
    emit.cut(size);
    emit.set(a);
    emit.get(c);
    emit.cut(size);
    emit.setRegister(rax, size);
    emit.get(a);
    emit.setRegister(rdx, size);
    return true;
  };

function narrowDividend(emit: Emitter, signed: boolean): void {
  emit.getRegister(rdx, 4);
  emit.i64(32, 0);
  emit.op(OP.i64_shl);
  emit.getRegister(rax, 4);
  emit.op(OP.i64_or);
  emit.set(a);
  if (!signed) return;
  emit.get(b);
  emit.signExtend(4);
  emit.set(b);
}

function wideDividend(emit: Emitter, signed: boolean): void {
  emit.getRegister(rax, 8);
  emit.set(a);
  emit.getRegister(rdx, 8);
  if (signed) {
    emit.get(a);
    emit.i64(63, 0);
    emit.op(OP.i64_shr_s, OP.i64_ne);
  } else emit.op(OP.i64_eqz, OP.i32_eqz);
  emit.leaveIf();
}

// bits

const sets = (lower: Lowering['lower']): Lowering => ({ flags: 'sets', lower });
const none = (lower: Lowering['lower']): Lowering => ({ flags: 'none', lower });

// prettier-ignore
export const MULTIPLY_LOWERINGS: Readonly<Record<string, Lowering>> = {
  IMUL: sets(imul),
  MUL: sets((emit) => multiply(emit, false)),
  MULX: none(mulx),
  DIV: none(divide(false)),
  IDIV: none(divide(true)),
};
