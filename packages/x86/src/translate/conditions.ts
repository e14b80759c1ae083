import { type Emitter } from './emitter.js';
import { LOCAL } from './locals.js';
import { FLAG } from './flag-kinds.js';
import { OP } from './opcodes.js';

/** Pairs of conditions by number / 2; the odd one of a pair is the contrary. Source: Intel SDM vol. 1, appendix B. */
const PAIR = { O: 0, B: 1, E: 2, BE: 3, S: 4, P: 5, L: 6, LE: 7 } as const;

/** Puts the condition on the stack as i32: from operands and result where it is known what they are, else from EFLAGS. */
export function pushCondition(emit: Emitter, number: number): void {
  if (!fromOperands(emit, number >> 1)) {
    emit.pushFlags();
    fromFlags(emit, number >> 1);
  }
  if (number & 1) emit.op(OP.i32_eqz);
}

function fromFlags(emit: Emitter, pair: number): void {
  const bits = [0x800, 0x01, 0x40, 0x41, 0x80, 0x04][pair];
  if (bits !== undefined) {
    emit.i32(bits);
    emit.op(OP.i32_and);
    emit.i32(0);
    emit.op(OP.i32_ne);
    return;
  }
  // SF ≠ OF, and for LE or ZF
  emit.tee(LOCAL.x);
  emit.i32(7);
  emit.op(OP.i32_shr_u);
  emit.get(LOCAL.x);
  emit.i32(11);
  emit.op(OP.i32_shr_u, OP.i32_xor);
  if (pair === PAIR.LE) {
    emit.get(LOCAL.x);
    emit.i32(6);
    emit.op(OP.i32_shr_u, OP.i32_or);
  }
  emit.i32(1);
  emit.op(OP.i32_and);
}

function fromOperands(emit: Emitter, pair: number): boolean {
  const { known } = emit;
  if (known < 0) return false;
  const main = known & 15;
  const carry = (known >> 8) & 15;
  const size = 1 << ((known >> 4) & 3);
  if (pair === PAIR.B) return carryFromOperands(emit, carry);
  // STC, BT and the like have put another carry in place of the operation's own
  if (pair === PAIR.BE && carry !== main) return false;
  if (main === FLAG.sub) return fromDifference(emit, pair, size);
  if (main === FLAG.logic) return fromLogic(emit, pair);
  if (main === FLAG.add) {
    if (pair !== PAIR.E && pair !== PAIR.S) return false;
    pushBoth(emit, OP.i64_add);
    emit.signExtend(size);
    return signOrZero(emit, pair);
  }
  if (main === FLAG.eager || (pair !== PAIR.E && pair !== PAIR.S)) return false;
  emit.pushFlagResult();
  return signOrZero(emit, pair);
}

function signOrZero(emit: Emitter, pair: number): true {
  if (pair === PAIR.E) emit.op(OP.i64_eqz);
  else {
    emit.i64(0, 0);
    emit.op(OP.i64_lt_s);
  }
  return true;
}

function pushBoth(emit: Emitter, opcode: number): void {
  emit.pushFlagA();
  emit.pushFlagB();
  emit.op(opcode);
}

function carryFromOperands(emit: Emitter, carry: number): boolean {
  if (carry === FLAG.eager) {
    emit.pushRawEflags();
    emit.i32(1);
    emit.op(OP.i32_and);
  } else if (carry === FLAG.logic) emit.i32(0);
  else if (carry === FLAG.sub) pushBoth(emit, OP.i64_lt_u);
  else return false;
  return true;
}

/** Comparisons: the operands say it directly. */
function fromDifference(emit: Emitter, pair: number, size: number): boolean {
  switch (pair) {
    case PAIR.E:
      pushBoth(emit, OP.i64_eq);
      return true;
    case PAIR.BE:
      pushBoth(emit, OP.i64_le_u);
      return true;
    case PAIR.S:
      pushBoth(emit, OP.i64_sub);
      emit.signExtend(size);
      return signOrZero(emit, pair);
    case PAIR.L:
    case PAIR.LE:
      emit.pushFlagA();
      emit.signExtend(size);
      emit.pushFlagB();
      emit.signExtend(size);
      emit.op(pair === PAIR.L ? OP.i64_lt_s : OP.i64_le_s);
      return true;
    default:
      return false;
  }
}

/** CF and OF are 0. */
function fromLogic(emit: Emitter, pair: number): boolean {
  switch (pair) {
    case PAIR.O:
      emit.i32(0);
      return true;
    case PAIR.P:
      return false;
    case PAIR.LE:
      emit.pushFlagResult();
      emit.i64(0, 0);
      emit.op(OP.i64_le_s);
      return true;
    default:
      emit.pushFlagResult();
      return signOrZero(emit, pair === PAIR.E || pair === PAIR.BE ? PAIR.E : PAIR.S);
  }
}
