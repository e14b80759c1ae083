import { KIND, LANE } from '../decode/lanes.js';
import { CF, DF, STATUS_FLAGS, ZF } from '../isa/flags.js';
import { type Emitter } from './emitter.js';
import { LOCAL } from './locals.js';
import { changeFlags, loadOperand, modifyOperand, pushOperand, storeOperand, type Lowering } from './lowering.js';
import { OP } from './opcodes.js';

const { a, b, c } = LOCAL;

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
