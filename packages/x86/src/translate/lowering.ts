import { KIND, LANE } from '../decode/lanes.js';
import { type Emitter } from './emitter.js';
import { LOCAL } from './locals.js';
import { OP } from './opcodes.js';

/**
 * How an instruction becomes WebAssembly. `lower` returns false, having changed nothing but temporaries, when the interpreter has to execute it;
 * `flags` is what the liveness of flags has to know: `sets` all six whatever happens, or `reads and sets` (also: sets some), or neither.
 */
export interface Lowering {
  readonly flags: 'none' | 'reads' | 'sets' | 'reads and sets';
  readonly lower: (emit: Emitter) => boolean;
}

/** The operand's value on the stack; memory is read through EA. False: it cannot be had here. */
export function pushOperand(emit: Emitter, operand: number): boolean {
  const lane = LANE.kind0 + 3 * operand;
  const size = emit.lane(lane + 2);
  switch (emit.lane(lane)) {
    case KIND.reg:
      emit.getRegister(emit.lane(lane + 1), size);
      return true;
    case KIND.mem:
      if (!emit.pushAddress()) return false;
      emit.load(size);
      return true;
    case KIND.imm:
      emit.pushImmediate(emit.lane(LANE.size0));
      return true;
    default:
      return false;
  }
}

export function loadOperand(emit: Emitter, operand: number, local: number): boolean {
  if (!pushOperand(emit, operand)) return false;
  emit.set(local);
  return true;
}

/** Like `loadOperand`, of what `storeOperand` will write: nothing can fail between the two, and EA stays. */
export function modifyOperand(emit: Emitter, operand: number, local: number): boolean {
  const lane = LANE.kind0 + 3 * operand;
  if (emit.lane(lane) !== KIND.mem) return loadOperand(emit, operand, local);
  if (!emit.pushAddress()) return false;
  emit.load(emit.lane(lane + 2), true);
  emit.set(local);
  return true;
}

/** Stores a local to a register, or to the memory at EA that `modifyOperand` has read. */
export function storeOperand(emit: Emitter, operand: number, local: number, checked = true): void {
  const lane = LANE.kind0 + 3 * operand;
  const size = emit.lane(lane + 2);
  if (emit.lane(lane) === KIND.mem) return emit.store(size, local, checked);
  emit.get(local);
  emit.setRegister(emit.lane(lane + 1), size);
}

/** Writes a local to an operand that was not read before. */
export function writeOperand(emit: Emitter, operand: number, local: number): boolean {
  if (emit.lane(LANE.kind0 + 3 * operand) === KIND.mem) {
    if (!emit.pushAddress()) return false;
    emit.set(LOCAL.ea);
  }
  storeOperand(emit, operand, local, false);
  return true;
}

/** Where a branch goes: what is not canonical raises #GP at the branch. */
export function leaveUnlessCanonical(emit: Emitter, local: number): void {
  if (emit.region.mode.codeSize !== 64) return;
  emit.get(local);
  emit.i64(16, 0);
  emit.op(OP.i64_shl);
  emit.i64(16, 0);
  emit.op(OP.i64_shr_s);
  emit.get(local);
  emit.op(OP.i64_ne);
  emit.leaveIf();
}

/** Replaces the flags of `mask` by the i32 that `value` leaves. */
export function changeFlags(emit: Emitter, mask: number, value: () => void): void {
  emit.pushFlags();
  emit.i32(~mask);
  emit.op(OP.i32_and);
  value();
  emit.op(OP.i32_or);
  emit.popFlags();
}
