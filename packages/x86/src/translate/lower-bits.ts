import { REGISTER } from '../cpu/state.js';
import { HIGH_BYTE, KIND, LANE } from '../decode/lanes.js';
import { CF, DF, OF, STATUS_FLAGS, ZF } from '../isa/flags.js';
import { LOCAL, type Emitter } from './emitter.js';
import { FLAG } from './flag-kinds.js';
import { setResult } from './lower-alu.js';
import { loadOperand, modifyOperand, pushOperand, storeOperand, type Lowering } from './lowering.js';
import { OP } from './opcodes.js';

const { a, b, c, flagA, flagB } = LOCAL;
const { rax, rdx } = REGISTER;
const CL = 1;

const countMask = (size: number): number => (size === 8 ? 63 : 31);

/** The masked count of a shift or rotation in B, or as a number when it is an immediate. */
function countOf(emit: Emitter, operand: number, size: number): number | undefined {
  if (emit.lane(LANE.kind0 + 3 * operand) === KIND.imm) {
    const count = emit.lane(LANE.immLo) & countMask(size);
    emit.i64(count, 0);
    emit.set(b);
    return count;
  }
  emit.get(LOCAL.registers + CL);
  emit.i64(countMask(size), 0);
  emit.op(OP.i64_and);
  emit.set(b);
  return undefined;
}

/**
 * Runs `body` when the count is not 0; it changes the flags, whose kind is unknown afterwards unless the count is a constant. Either way they are
 * in the same place: in locals if the body sets a kind, in the state block if it settles them.
 */
function unlessZero(emit: Emitter, count: number | undefined, settles: boolean, body: () => void): void {
  if (count === 0) return;
  if (count !== undefined) return body();
  if (settles) emit.flushFlags();
  else emit.takeFlags();
  emit.get(b);
  emit.op(OP.i64_eqz, OP.i32_eqz);
  emit.open(OP.if);
  body();
  emit.close();
  emit.known = -1;
  emit.inLocals = !settles;
  emit.pending = !settles;
}

const SHIFTS = { SHL: OP.i64_shl, SHR: OP.i64_shr_u, SAR: OP.i64_shr_s } as const;
const SHIFT_KINDS = { SHL: FLAG.shl, SHR: FLAG.shr, SAR: FLAG.sar } as const;

const shift =
  (name: keyof typeof SHIFTS): Lowering['lower'] =>
  (emit) => {
    const size = emit.lane(LANE.size0);
    if (!modifyOperand(emit, 0, a)) return false;
    const count = countOf(emit, 1, size);
    if (name === 'SAR') {
      emit.get(a);
      emit.signExtend(size);
      emit.set(a);
    }
    emit.get(a);
    emit.get(b);
    emit.op(SHIFTS[name]);
    emit.cut(size);
    emit.set(c);
    storeOperand(emit, 0, c);
    if (emit.flagsLive)
      unlessZero(emit, count, false, () => {
        emit.get(a);
        emit.set(flagA);
        emit.get(b);
        emit.set(flagB);
        setResult(emit, size);
        emit.setKind(SHIFT_KINDS[name], size);
      });
    return true;
  };

/** SHLX, SHRX, SARX and RORX. */
const flagless =
  (opcode: number): Lowering['lower'] =>
  (emit) => {
    const size = emit.lane(LANE.size0);
    if (!loadOperand(emit, 1, a)) return false;
    if (!pushOperand(emit, 2)) return false;
    emit.i64(countMask(size), 0);
    emit.op(OP.i64_and);
    emit.set(b);
    emit.get(a);
    if (opcode === OP.i64_shr_s) emit.signExtend(size);
    rotateOrShift(emit, opcode, size);
    emit.cut(size);
    emit.setRegister(emit.lane(LANE.reg0), size);
    return true;
  };

/** The value on the stack by B; rotations of 32 bits are not those of 64. */
function rotateOrShift(emit: Emitter, opcode: number, size: number): void {
  const narrow = size < 8 && (opcode === OP.i64_rotl || opcode === OP.i64_rotr);
  if (narrow) emit.op(OP.i32_wrap_i64);
  emit.get(b);
  if (narrow) emit.op(OP.i32_wrap_i64, opcode === OP.i64_rotl ? OP.i32_rotl : OP.i32_rotr, OP.i64_extend_i32_u);
  else emit.op(opcode);
}

/** ROL, ROR of 4 and 8 bytes: CF is the bit that came in last, OF differs when the two top bits (ROR), or top bit and CF (ROL), do. */
const rotate =
  (left: boolean): Lowering['lower'] =>
  (emit) => {
    const size = emit.lane(LANE.size0);
    if (size < 4 || !modifyOperand(emit, 0, a)) return false;
    const count = countOf(emit, 1, size);
    emit.get(a);
    rotateOrShift(emit, left ? OP.i64_rotl : OP.i64_rotr, size);
    emit.set(c);
    storeOperand(emit, 0, c);
    if (emit.flagsLive)
      unlessZero(emit, count, true, () => {
        emit.pushFlags();
        emit.i32(~(CF | OF));
        emit.op(OP.i32_and);
        rotateFlags(emit, left, 8 * size);
        emit.op(OP.i32_or);
        emit.popFlags();
      });
    return true;
  };

function rotateFlags(emit: Emitter, left: boolean, bits: number): void {
  const bit = (number: number) => {
    emit.get(c);
    emit.i64(number, 0);
    emit.op(OP.i64_shr_u, OP.i32_wrap_i64);
    emit.i32(1);
    emit.op(OP.i32_and);
  };
  bit(left ? 0 : bits - 1);
  emit.tee(LOCAL.x);
  emit.get(LOCAL.x);
  bit(left ? bits - 1 : bits - 2);
  emit.op(OP.i32_xor);
  emit.i32(11);
  emit.op(OP.i32_shl, OP.i32_or);
}

// multiplication

/** IMUL with two or three operands, of 2 and 4 bytes exact in 64 bits; of 8 only while nobody looks at the flags. */
const imul: Lowering['lower'] = (emit) => {
  const size = emit.lane(LANE.size0);
  if (emit.lane(LANE.kind1) === KIND.none) return multiply(emit, true);
  const three = emit.lane(LANE.kind2) !== KIND.none;
  if (!loadOperand(emit, 1, b) || !loadOperand(emit, three ? 2 : 0, a)) return false;
  for (const local of [a, b]) {
    emit.get(local);
    emit.signExtend(size);
    emit.set(local);
  }
  emit.get(a);
  emit.get(b);
  emit.op(OP.i64_mul);
  emit.set(c);
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
  if (signed)
    for (const local of [a, b]) {
      emit.get(local);
      emit.signExtend(size);
      emit.set(local);
    }
  emit.get(a);
  emit.get(b);
  emit.op(OP.i64_mul);
  emit.set(c);
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

/** BT, BTS, BTR, BTC; a bit offset in a register may reach beyond a memory operand, which is the interpreter's. */
const bitTest =
  (opcode: number | undefined): Lowering['lower'] =>
  (emit) => {
    const size = emit.lane(LANE.size0);
    const isMemory = emit.lane(LANE.kind0) === KIND.mem;
    if (isMemory && emit.lane(LANE.kind1) === KIND.reg) return false;
    const found = opcode === undefined ? loadOperand(emit, 0, a) : modifyOperand(emit, 0, a);
    if (!found || !pushOperand(emit, 1)) return false;
    emit.i64(8 * size - 1, 0);
    emit.op(OP.i64_and);
    emit.set(b);
    if (opcode !== undefined) {
      emit.get(a);
      emit.i64(1, 0);
      emit.get(b);
      emit.op(OP.i64_shl);
      if (opcode === OP.i64_and) {
        emit.i64(-1, -1);
        emit.op(OP.i64_xor);
      }
      emit.op(opcode);
      emit.set(c);
      storeOperand(emit, 0, c);
    }
    if (!emit.flagsLive) return true;
    emit.get(a);
    emit.get(b);
    emit.op(OP.i64_shr_u, OP.i32_wrap_i64);
    emit.i32(1);
    emit.op(OP.i32_and);
    emit.setCarry();
    return true;
  };

/** Replaces the flags of `mask` by the i32 that `value` leaves. */
function changeFlags(emit: Emitter, mask: number, value: () => void): void {
  emit.pushFlags();
  emit.i32(~mask);
  emit.op(OP.i32_and);
  value();
  emit.op(OP.i32_or);
  emit.popFlags();
}

/** ZF as a bit of EFLAGS when the local is 0. */
function zeroFlag(emit: Emitter, local: number): void {
  emit.get(local);
  emit.op(OP.i64_eqz);
  emit.i32(6);
  emit.op(OP.i32_shl);
}

/** BSF, BSR: a source of 0 leaves the destination, upper half and all. */
const scan =
  (forward: boolean): Lowering['lower'] =>
  (emit) => {
    const size = emit.lane(LANE.size0);
    if (size === 2 || !loadOperand(emit, 1, a)) return false;
    emit.get(a);
    emit.op(OP.i64_eqz, OP.i32_eqz);
    emit.open(OP.if);
    if (!forward) emit.i64(63, 0);
    emit.get(a);
    emit.op(forward ? OP.i64_ctz : OP.i64_clz);
    if (!forward) emit.op(OP.i64_sub);
    emit.setRegister(emit.lane(LANE.reg0), size);
    emit.close();
    if (emit.flagsLive) changeFlags(emit, ZF, () => zeroFlag(emit, a));
    return true;
  };

/** TZCNT, LZCNT: a source of 0 gives the width and CF. */
const count =
  (trailing: boolean): Lowering['lower'] =>
  (emit) => {
    const size = emit.lane(LANE.size0);
    const bits = 8 * size;
    if (!loadOperand(emit, 1, a)) return false;
    emit.get(a);
    if (trailing && size < 8) {
      emit.i64(size === 4 ? 0 : 1 << bits, size === 4 ? 1 : 0);
      emit.op(OP.i64_or);
    }
    emit.op(trailing ? OP.i64_ctz : OP.i64_clz);
    if (!trailing && size < 8) {
      emit.i64(64 - bits, 0);
      emit.op(OP.i64_sub);
    }
    emit.set(c);
    if (emit.flagsLive)
      changeFlags(emit, CF | ZF, () => {
        emit.get(a);
        emit.op(OP.i64_eqz);
        zeroFlag(emit, c);
        emit.op(OP.i32_or);
      });
    emit.get(c);
    emit.setRegister(emit.lane(LANE.reg0), size);
    return true;
  };

const popcnt: Lowering['lower'] = (emit) => {
  if (!loadOperand(emit, 1, a)) return false;
  if (emit.flagsLive) changeFlags(emit, STATUS_FLAGS, () => zeroFlag(emit, a));
  emit.get(a);
  emit.op(OP.i64_popcnt);
  emit.setRegister(emit.lane(LANE.reg0), emit.lane(LANE.size0));
  return true;
};

/** SHLD, SHRD of 4 and 8 bytes. */
const doubleShift =
  (left: boolean): Lowering['lower'] =>
  (emit) => {
    const size = emit.lane(LANE.size0);
    if (size < 4 || emit.lane(LANE.reg1) >= HIGH_BYTE || !modifyOperand(emit, 0, a)) return false;
    const number = countOf(emit, 2, size);
    const bits = 8 * size;
    emit.get(a);
    emit.get(b);
    emit.op(left ? OP.i64_shl : OP.i64_shr_u);
    emit.getRegister(emit.lane(LANE.reg1), size);
    emit.i64(bits, 0);
    emit.get(b);
    emit.op(OP.i64_sub, left ? OP.i64_shr_u : OP.i64_shl);
    emit.i64(0, 0);
    emit.get(b);
    emit.op(OP.i64_eqz, OP.i32_eqz, OP.select, OP.i64_or);
    emit.cut(size);
    emit.set(c);
    storeOperand(emit, 0, c);
    if (emit.flagsLive)
      unlessZero(emit, number, true, () => {
        doubleShiftFlags(emit, left, bits);
        setResult(emit, size);
        emit.setKind(FLAG.logic, size);
        // OF and CF are not those of a logical operation: settle, then change them
        changeFlags(emit, CF | OF, () => emit.get(LOCAL.y));
      });
    return true;
  };

/** CF and OF as bits of EFLAGS in Y: the last bit out, and whether the sign changed. */
function doubleShiftFlags(emit: Emitter, left: boolean, bits: number): void {
  emit.get(a);
  if (left) {
    emit.i64(bits, 0);
    emit.get(b);
    emit.op(OP.i64_sub);
  } else {
    emit.get(b);
    emit.i64(1, 0);
    emit.op(OP.i64_sub);
  }
  emit.op(OP.i64_shr_u, OP.i32_wrap_i64);
  emit.i32(1);
  emit.op(OP.i32_and);
  emit.get(a);
  emit.get(c);
  emit.op(OP.i64_xor);
  emit.i64(bits - 1, 0);
  emit.op(OP.i64_shr_u, OP.i32_wrap_i64);
  emit.i32(11);
  emit.op(OP.i32_shl, OP.i32_or);
  emit.set(LOCAL.y);
}

const andn: Lowering['lower'] = (emit) => {
  const size = emit.lane(LANE.size0);
  if (emit.flagsLive || !loadOperand(emit, 2, b) || !loadOperand(emit, 1, a)) return false;
  emit.get(a);
  emit.i64(-1, -1);
  emit.op(OP.i64_xor);
  emit.get(b);
  emit.op(OP.i64_and);
  emit.cut(size);
  emit.setRegister(emit.lane(LANE.reg0), size);
  return true;
};

const both = (lower: Lowering['lower']): Lowering => ({ flags: 'reads and sets', lower });
const sets = (lower: Lowering['lower']): Lowering => ({ flags: 'sets', lower });
const none = (lower: Lowering['lower']): Lowering => ({ flags: 'none', lower });

// prettier-ignore
export const BIT_LOWERINGS: Readonly<Record<string, Lowering>> = {
  SHL: both(shift('SHL')),
  SHR: both(shift('SHR')),
  SAR: both(shift('SAR')),
  SHLX: none(flagless(OP.i64_shl)),
  SHRX: none(flagless(OP.i64_shr_u)),
  SARX: none(flagless(OP.i64_shr_s)),
  RORX: none(flagless(OP.i64_rotr)),
  ROL: both(rotate(true)),
  ROR: both(rotate(false)),
  SHLD: both(doubleShift(true)),
  SHRD: both(doubleShift(false)),
  IMUL: sets(imul),
  MUL: sets((emit) => multiply(emit, false)),
  MULX: none(mulx),
  DIV: none(divide(false)),
  IDIV: none(divide(true)),
  BT:  both(bitTest(undefined)),
  BTS: both(bitTest(OP.i64_or)),
  BTR: both(bitTest(OP.i64_and)),
  BTC: both(bitTest(OP.i64_xor)),
  BSF: both(scan(true)),
  BSR: both(scan(false)),
  TZCNT: both(count(true)),
  LZCNT: both(count(false)),
  POPCNT: sets(popcnt),
  ANDN: both(andn),
  CLC: both((emit) => carryTo(emit, 0)),
  STC: both((emit) => carryTo(emit, 1)),
  CLD: none((emit) => direction(emit, false)),
  STD: none((emit) => direction(emit, true)),
};

function carryTo(emit: Emitter, value: number): true {
  emit.i32(value);
  emit.setCarry();
  return true;
}

function direction(emit: Emitter, down: boolean): true {
  emit.changeEflags(down ? OP.i32_or : OP.i32_and, down ? DF : ~DF);
  return true;
}
