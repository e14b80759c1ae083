import { REGISTER, SEGMENT, WORD } from '../cpu/state.js';
import { KIND, LANE, PREFIX, SEG } from '../decode/lanes.js';
import { CONDITIONS } from '../isa/conditions.js';
import { DF } from '../isa/flags.js';
import { pushCondition } from './conditions.js';
import { type Emitter } from './emitter.js';
import { LOCAL } from './locals.js';
import { loadOperand, modifyOperand, pushOperand, storeOperand, writeOperand, type Lowering } from './lowering.js';
import { OP } from './opcodes.js';

const { a, b, c, ea } = LOCAL;
const { rax, rdx, rsp, rbp, rsi, rdi } = REGISTER;

const mov: Lowering['lower'] = (emit) => (loadSelector(emit) || loadOperand(emit, 1, a)) && writeOperand(emit, 0, a);

/** MOV r/m, Sreg: the selector goes to its local. */
function loadSelector(emit: Emitter): boolean {
  if (emit.lane(LANE.kind1) !== KIND.sreg) return false;
  emit.loadState(OP.i32_load, WORD.segments + SEGMENT.words * emit.lane(LANE.reg1) + SEGMENT.selector);
  emit.op(OP.i64_extend_i32_u);
  emit.set(a);
  return true;
}

/** The source keeps its own size; what is zero-extended on the stack fits any destination. */
const extend =
  (signed: boolean): Lowering['lower'] =>
  (emit) => {
    if (!pushOperand(emit, 1)) return false;
    if (signed) {
      emit.signExtend(emit.lane(LANE.size1));
      emit.cut(emit.lane(LANE.size0));
    }
    emit.setRegister(emit.lane(LANE.reg0), emit.lane(LANE.size0));
    return true;
  };

const lea: Lowering['lower'] = (emit) => {
  if (emit.lane(LANE.address) === 2) return false;
  emit.pushOffset();
  emit.cut(emit.lane(LANE.size0));
  emit.setRegister(emit.lane(LANE.reg0), emit.lane(LANE.size0));
  return true;
};

const xchg: Lowering['lower'] = (emit) => {
  if (!modifyOperand(emit, 0, a) || !pushOperand(emit, 1)) return false;
  emit.set(b);
  storeOperand(emit, 0, b);
  storeOperand(emit, 1, a);
  return true;
};

const cmov =
  (number: number): Lowering['lower'] =>
  (emit) => {
    const size = emit.lane(LANE.size0);
    if (!pushOperand(emit, 1)) return false;
    emit.getRegister(emit.lane(LANE.reg0), size);
    pushCondition(emit, number);
    emit.op(OP.select);
    emit.setRegister(emit.lane(LANE.reg0), size);
    return true;
  };

const setcc =
  (number: number): Lowering['lower'] =>
  (emit) => {
    pushCondition(emit, number);
    emit.op(OP.i64_extend_i32_u);
    emit.set(a);
    return writeOperand(emit, 0, a);
  };

/** CBW, CWDE, CDQE. */
const signExtendAccumulator: Lowering['lower'] = (emit) => {
  const size = emit.lane(LANE.size);
  emit.getRegister(rax, size >> 1);
  emit.signExtend(size >> 1);
  emit.cut(size);
  emit.setRegister(rax, size);
  return true;
};

/** CWD, CDQ, CQO. */
const signToData: Lowering['lower'] = (emit) => {
  const size = emit.lane(LANE.size);
  emit.getRegister(rax, size);
  emit.signExtend(size);
  emit.i64(63, 0);
  emit.op(OP.i64_shr_s);
  emit.cut(size);
  emit.setRegister(rdx, size);
  return true;
};

// stack; only flat stacks of 32 and 64 bits are translated

const stackSize = (emit: Emitter): number => (emit.region.mode.codeSize === 64 ? 8 : 4);

/** EA ← rSP + count, and its segment's base. */
export function stackAddress(emit: Emitter, count: number): boolean {
  emit.pushRegister(rsp);
  if (count !== 0) {
    emit.i64(count, count >> 31);
    emit.op(OP.i64_add);
  }
  emit.cut(stackSize(emit));
  return emit.addSegment(SEG.SS);
}

export function moveStack(emit: Emitter, count: number): void {
  emit.pushRegister(rsp);
  emit.i64(count, count >> 31);
  emit.op(OP.i64_add);
  emit.cut(stackSize(emit));
  emit.popRegister(rsp);
}

/** Pushes a local of `size` bytes. */
export function pushLocal(emit: Emitter, size: number, local: number): boolean {
  if (!stackAddress(emit, -size)) return false;
  emit.set(ea);
  emit.store(size, local);
  moveStack(emit, -size);
  return true;
}

const push: Lowering['lower'] = (emit) => {
  const size = emit.lane(LANE.size);
  if (emit.lane(LANE.kind0) === KIND.imm) {
    emit.pushImmediate(8);
    emit.cut(size);
    emit.set(a);
  } else if (!loadOperand(emit, 0, a)) return false;
  return pushLocal(emit, size, a);
};

const pop: Lowering['lower'] = (emit) => {
  const size = emit.lane(LANE.size);
  if (emit.lane(LANE.kind0) !== KIND.reg || !stackAddress(emit, 0)) return false;
  emit.load(size);
  emit.set(a);
  moveStack(emit, size);
  emit.get(a);
  emit.setRegister(emit.lane(LANE.reg0), size);
  return true;
};

/** RF and VM are 0: with them there is no translated code. */
const pushf: Lowering['lower'] = (emit) => {
  const size = emit.lane(LANE.size);
  emit.pushFlags();
  emit.op(OP.i64_extend_i32_u);
  emit.set(a);
  return pushLocal(emit, size, a);
};

const leave: Lowering['lower'] = (emit) => {
  const size = emit.lane(LANE.size);
  if (size !== stackSize(emit)) return false;
  emit.pushRegister(rbp);
  if (!emit.addSegment(SEG.SS)) return false;
  emit.load(size);
  emit.set(a);
  emit.pushRegister(rbp);
  emit.popRegister(rsp);
  moveStack(emit, size);
  emit.get(a);
  emit.popRegister(rbp);
  return true;
};

// string instructions without REP

function moveIndex(emit: Emitter, register: number, size: number): void {
  emit.pushRegister(register);
  emit.i64(-size, -1);
  emit.i64(size, 0);
  emit.pushRawEflags();
  emit.i32(DF);
  emit.op(OP.i32_and, OP.select, OP.i64_add);
  emit.cut(emit.lane(LANE.address));
  emit.popRegister(register);
}

function stringAddress(emit: Emitter, register: number, segment: number): boolean {
  if (emit.lane(LANE.address) === 2 || emit.lane(LANE.prefixes) & (PREFIX.rep | PREFIX.repne)) return false;
  emit.getRegister(register, emit.lane(LANE.address));
  return emit.addSegment(segment);
}

const movs: Lowering['lower'] = (emit) => {
  const size = emit.lane(LANE.size0);
  if (!stringAddress(emit, rsi, emit.lane(LANE.segment))) return false;
  emit.load(size);
  emit.set(a);
  if (!stringAddress(emit, rdi, SEG.ES)) return false;
  emit.set(ea);
  emit.store(size, a);
  moveIndex(emit, rsi, size);
  moveIndex(emit, rdi, size);
  return true;
};
const stos: Lowering['lower'] = (emit) => {
  const size = emit.lane(LANE.size0);
  if (!stringAddress(emit, rdi, SEG.ES)) return false;
  emit.set(ea);
  emit.getRegister(rax, size);
  emit.set(a);
  emit.store(size, a);
  moveIndex(emit, rdi, size);
  return true;
};
const lods: Lowering['lower'] = (emit) => {
  const size = emit.lane(LANE.size1);
  if (!stringAddress(emit, rsi, emit.lane(LANE.segment))) return false;
  emit.load(size);
  emit.setRegister(rax, size);
  moveIndex(emit, rsi, size);
  return true;
};

const bswap: Lowering['lower'] = (emit) => {
  const size = emit.lane(LANE.size0);
  if (size === 2) return false;
  const number = emit.lane(LANE.reg0);
  emit.getRegister(number, size);
  swapBytes(emit, size);
  emit.setRegister(number, size);
  return true;
};

/** Bytes, then pairs, then words change places. */
function swapBytes(emit: Emitter, size: number): void {
  const exchange = (mask: number, shift: number): void => {
    emit.set(c);
    emit.get(c);
    emit.i64(shift, 0);
    emit.op(OP.i64_shr_u);
    emit.i64(mask, mask);
    emit.op(OP.i64_and);
    emit.get(c);
    emit.i64(mask, mask);
    emit.op(OP.i64_and);
    emit.i64(shift, 0);
    emit.op(OP.i64_shl, OP.i64_or);
  };
  exchange(0x00ff00ff, 8);
  exchange(0x0000ffff, 16);
  emit.i64(32, 0);
  emit.op(OP.i64_rotl);
  if (size === 4) {
    emit.i64(32, 0);
    emit.op(OP.i64_shr_u);
  }
}

const movbe: Lowering['lower'] = (emit) => {
  const size = emit.lane(LANE.size0);
  if (size === 2 || !pushOperand(emit, 1)) return false;
  swapBytes(emit, size);
  emit.set(a);
  return writeOperand(emit, 0, a);
};

const nothing: Lowering = { flags: 'none', lower: () => true };

const CONDITIONAL = Object.fromEntries(
  CONDITIONS.flatMap((name, number): [string, Lowering][] => [
    [`CMOV${name}`, { flags: 'reads', lower: cmov(number) }],
    [`SET${name}`, { flags: 'reads', lower: setcc(number) }],
  ]),
);

const none = (lower: Lowering['lower']): Lowering => ({ flags: 'none', lower });

export const MOVE_LOWERINGS: Readonly<Record<string, Lowering>> = {
  ...CONDITIONAL,
  MOV: none(mov),
  MOVNTI: none(mov),
  MOVZX: none(extend(false)),
  MOVSX: none(extend(true)),
  MOVSXD: none(extend(true)),
  LEA: none(lea),
  XCHG: none(xchg),
  CBW: none(signExtendAccumulator),
  CWD: none(signToData),
  PUSH: none(push),
  POP: none(pop),
  PUSHF: { flags: 'reads', lower: pushf },
  LEAVE: none(leave),
  MOVS: none(movs),
  STOS: none(stos),
  LODS: none(lods),
  BSWAP: none(bswap),
  MOVBE: none(movbe),
  NOP: nothing,
  PAUSE: nothing,
  ENDBR64: nothing,
  ENDBR32: nothing,
  LFENCE: nothing,
  MFENCE: nothing,
  SFENCE: nothing,
  PREFETCH: nothing,
  PREFETCHW: nothing,
  PREFETCHWT1: nothing,
  PREFETCHNTA: nothing,
  PREFETCHT0: nothing,
  PREFETCHT1: nothing,
  PREFETCHT2: nothing,
};
