import { WORD } from '../cpu/state.js';
import { KIND, LANE } from '../decode/lanes.js';
import { pushCondition } from '../translate/conditions.js';
import { LOCAL } from '../translate/locals.js';
import { moveStack, pushLocal, stackAddress } from '../translate/lower-move.js';
import { leaveUnlessCanonical, loadOperand } from '../translate/lowering.js';
import { BRANCH, FORM_BRANCH, FORM_CONDITION } from '../translate/lowerings.js';
import { OP } from '../translate/opcodes.js';
import { type HandlerEmitter } from './handler-emitter.js';

const { a, b } = LOCAL;

/** Jumps, calls and returns; rIP is that of the next instruction already. False: the interpreter has to execute it. */
export function lowerBranch(emit: HandlerEmitter): boolean {
  const { codeSize } = emit.region.mode;
  const form = emit.lane(LANE.form);
  const size = emit.lane(LANE.size);
  if (size !== (codeSize === 64 ? 8 : 4)) return false;
  switch (FORM_BRANCH[form]) {
    case BRANCH.condition:
      pushCondition(emit, FORM_CONDITION[form] as number);
      emit.open(OP.if);
      target(emit);
      jump(emit);
      emit.close();
      return true;
    case BRANCH.jump:
      if (!target(emit)) return false;
      jump(emit);
      return true;
    case BRANCH.call:
      return call(emit, size);
    case BRANCH.return:
      return ret(emit, size);
    default:
      return false;
  }
}

/** Where a jump or call goes to: B. */
function target(emit: HandlerEmitter): boolean {
  if (emit.lane(LANE.kind0) === KIND.rel) {
    emit.loadState(OP.i64_load, WORD.rip);
    emit.pushImmediate(8);
    emit.op(OP.i64_add);
    emit.cut(emit.lane(LANE.size));
    emit.set(b);
  } else if (!loadOperand(emit, 0, b)) return false;
  leaveUnlessCanonical(emit, b);
  return true;
}

const jump = (emit: HandlerEmitter): void => emit.storeState(OP.i64_store, WORD.rip, b);

function call(emit: HandlerEmitter, size: number): boolean {
  if (!target(emit)) return false;
  emit.loadState(OP.i64_load, WORD.rip);
  emit.set(a);
  if (!pushLocal(emit, size, a)) return false;
  jump(emit);
  emit.storeState(OP.i64_store, WORD.called, b);
  return true;
}

function ret(emit: HandlerEmitter, size: number): boolean {
  if (emit.lane(LANE.kind0) !== KIND.none || !stackAddress(emit, 0)) return false;
  emit.load(size);
  emit.set(b);
  leaveUnlessCanonical(emit, b);
  moveStack(emit, size);
  jump(emit);
  return true;
}
