import { HIGH_BYTE, KIND, LANE } from '../decode/lanes.js';
import { CF, OF } from '../isa/flags.js';
import { type Emitter } from './emitter.js';
import { LOCAL } from './locals.js';
import { FLAG } from './flag-kinds.js';
import { setResult } from './lower-alu.js';
import { changeFlags, loadOperand, modifyOperand, pushOperand, storeOperand, type Lowering } from './lowering.js';
import { OP } from './opcodes.js';

const { a, b, c, flagA, flagB } = LOCAL;
const CL = 1;

const countMask = (size: number): number => (size === 8 ? 63 : 31);

/** The masked count of a shift or rotation in B, or as a number when it is an immediate. */
function countOf(emit: Emitter, operand: number, size: number): number | undefined {
  const mask = countMask(size);
  const isImmediate = emit.lane(LANE.kind0 + 3 * operand) === KIND.imm;
  const known = isImmediate ? emit.immediate : undefined;
  if (known !== undefined) emit.i64(known & mask, 0);
  else {
    if (isImmediate) emit.pushImmediate(8);
    else emit.pushRegister(CL);
    emit.i64(mask, 0);
    emit.op(OP.i64_and);
  }
  emit.set(b);
  return known === undefined ? undefined : known & mask;
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
  emit.resultInLocal = false;
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
    emit.op(OP.i64_eqz, OP.i32_eqz);
    emit.op(OP.select, OP.i64_or);
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

const both = (lower: Lowering['lower']): Lowering => ({ flags: 'reads and sets', lower });
const none = (lower: Lowering['lower']): Lowering => ({ flags: 'none', lower });

// prettier-ignore
export const SHIFT_LOWERINGS: Readonly<Record<string, Lowering>> = {
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
};
