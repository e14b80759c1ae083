import { WORD } from '../cpu/state.js';
import { LANE } from '../decode/lanes.js';
import { LAYOUT } from '../memory/layout.js';
import { Code } from '../translate/code.js';
import { STATUS as REGION, stateAt } from '../translate/locals.js';
import { type FunctionBody } from '../translate/module.js';
import { OP, TYPE } from '../translate/opcodes.js';
import { ENTRIES, ENTRY_BYTES, ENTRY_SHIFT, TRANSLATED } from '../translate/profile.js';
import { foldAddress } from '../translate/runtime.js';
import { HANDLED, LOOP, PLACES, SLOT, SLOT_BYTES } from './slot.js';

// parameters and locals
const [BUDGET, MODE, VERSION, HOT, WAYS, DISPATCH] = [0, 1, 2, 3, 4, 5];
const [LEFT, SLOT_ADDRESS, STATUS, AT, COUNT, MISSED_AT, MISSES, ARRIVAL] = [6, 7, 8, 9, 10, 11, 12, 13];
const [RIP, MASK] = [14, 15];

/** Behind the table of regions. */
const HANDLERS_TABLE = 1;

/** So often pages are made plain for one instruction, which has no more than two: two that had the same place in a table would take turns for ever. */
const PATIENCE = 4;

/** How rIP came to where the dispatcher has no region: unknown, from a region, or as the beginning of a block that is said to be translated. */
const CAME = { somehow: 0, fromRegion: 1, translated: 2 } as const;

/** Functions that the loop calls, by number. */
interface Callees {
  readonly settle: number;
  readonly touch: number;
  readonly move: number;
  readonly fill: number;
  readonly dispatch: number;
}

/**
 * `run(budget, mode, version, hot, way, dispatch)`: executes translated regions (of the mode `dispatch`; 0: none), and where there are none decoded instructions by their
 * handlers, until the budget of instructions is used up, or an instruction is not decoded or has no handler, or there is something to be done about
 * regions; LOOP says which. `hot`: so often a block is entered before that is said, 0: blocks are not counted. rIP, the count and all flags are true then.
 */
export function loopFunction(callees: Callees): FunctionBody {
  const emit = new Code();
  emit.get(BUDGET);
  emit.set(LEFT);
  emit.i64(-1, -1);
  emit.i64(-1, 0);
  emit.get(MODE);
  emit.i32(64);
  emit.op(OP.i32_and, OP.select);
  emit.set(MASK);
  emit.block(OP.block);
  emit.block(OP.loop);
  emit.get(DISPATCH);
  emit.block(OP.if);
  runRegions(emit, callees.dispatch);
  emit.end();
  emit.block(OP.loop);
  findSlot(emit);
  callHandler(emit, callees);
  emit.get(LEFT);
  emit.i32(1);
  emit.op(OP.i32_sub);
  emit.set(LEFT);
  emit.get(STATUS);
  emit.i32(HANDLED.branch);
  emit.op(OP.i32_eq);
  emit.get(HOT);
  emit.op(OP.i32_eqz, OP.i32_eqz, OP.i32_and);
  emit.block(OP.if);
  noteBlock(emit, 3);
  emit.branch(OP.br_if, 2);
  emit.end();
  emit.get(LEFT);
  emit.branch(OP.br_if, 0);
  emit.end();
  emit.i32(LOOP.budget);
  emit.set(STATUS);
  emit.end();
  emit.end();
  finish(emit, callees.settle);
  emit.get(STATUS);
  const type = [new Array<number>(6).fill(TYPE.i32), [TYPE.i32]] as const;
  const locals: FunctionBody['locals'] = [
    [8, TYPE.i32],
    [2, TYPE.i64],
  ];
  return { type, name: 'run', locals, code: emit.taken() };
}

/** Goes from region to region; behind it comes what is not translated. Inside of an `if` in the loop in the block that is left with STATUS. */
function runRegions(emit: Code, dispatch: number): void {
  const exit = 2;
  emit.i32(0);
  emit.get(LEFT);
  emit.memory(OP.i32_store, stateAt(WORD.left));
  emit.get(DISPATCH);
  emit.call(dispatch);
  emit.set(STATUS);
  // a region was entered
  emit.i32(0);
  emit.memory(OP.i32_load, stateAt(WORD.left));
  emit.tee(AT);
  emit.get(LEFT);
  emit.op(OP.i32_ne);
  emit.block(OP.if);
  emit.get(AT);
  emit.set(LEFT);
  emit.i32(CAME.fromRegion);
  emit.set(ARRIVAL);
  emit.end();
  emit.get(LEFT);
  emit.op(OP.i32_eqz);
  emit.get(STATUS);
  emit.i32(REGION.budget);
  emit.op(OP.i32_eq, OP.i32_or);
  endIf(emit, LOOP.budget, exit);
  emit.get(STATUS);
  emit.i32(REGION.miss);
  emit.op(OP.i32_eq);
  emit.block(OP.if);
  emit.get(ARRIVAL);
  emit.i32(CAME.translated);
  emit.op(OP.i32_eq);
  endIf(emit, LOOP.translated, exit + 1);
  emit.get(ARRIVAL);
  emit.get(HOT);
  emit.op(OP.i32_eqz, OP.i32_eqz, OP.i32_and);
  emit.block(OP.if);
  noteBlock(emit, exit + 2);
  endIf(emit, LOOP.translated, exit + 2);
  emit.end();
  emit.end();
  emit.i32(CAME.somehow);
  emit.set(ARRIVAL);
}

/** Ends the loop when the i32 on the stack is not 0. `depth`: of the block around the loop, from here. */
function endIf(emit: Code, status: number, depth: number): void {
  emit.block(OP.if);
  emit.i32(status);
  emit.set(STATUS);
  emit.branch(OP.br, depth + 1);
  emit.end();
}

/** The slot of the instruction at rIP, if it is that instruction's. */
function findSlot(emit: Code): void {
  emit.i32(0);
  emit.memory(OP.i64_load, stateAt(WORD.rip));
  emit.tee(RIP);
  emit.op(OP.i32_wrap_i64);
  emit.i32(PLACES - 1);
  emit.op(OP.i32_and);
  emit.i32(2);
  emit.op(OP.i32_shl);
  emit.memory(OP.i32_load, LAYOUT.places);
  emit.i32(Math.log2(SLOT_BYTES));
  emit.op(OP.i32_shl);
  emit.i32(LAYOUT.slots);
  emit.op(OP.i32_add);
  emit.tee(SLOT_ADDRESS);
  emit.memory(OP.i64_load, 4 * SLOT.lo);
  emit.get(RIP);
  emit.op(OP.i64_ne);
  for (const [lane, wanted] of [
    [SLOT.mode, MODE],
    [SLOT.version, VERSION],
  ] as const) {
    emit.get(SLOT_ADDRESS);
    emit.memory(OP.i32_load, 4 * lane);
    emit.get(wanted as number);
    emit.op(OP.i32_ne, OP.i32_or);
  }
  endIf(emit, LOOP.missing, 2);
}

/** Moves rIP behind the instruction, and back when the handler does not execute it. */
function callHandler(emit: Code, { touch, move, fill }: Callees): void {
  emit.i32(0);
  emit.get(RIP);
  emit.get(SLOT_ADDRESS);
  emit.memory(OP.i64_load32_u, 4 * LANE.length);
  emit.op(OP.i64_add);
  emit.get(MASK);
  emit.op(OP.i64_and);
  emit.memory(OP.i64_store, stateAt(WORD.rip));
  emit.get(SLOT_ADDRESS);
  emit.get(SLOT_ADDRESS);
  emit.memory(OP.i32_load, 4 * SLOT.handler);
  emit.byte(OP.call_indirect);
  emit.unsigned(0); // REGION_TYPE
  emit.byte(HANDLERS_TABLE);
  emit.tee(STATUS);
  emit.i32(HANDLED.leave);
  emit.op(OP.i32_ge_u);
  emit.block(OP.if);
  emit.i32(0);
  emit.get(RIP);
  emit.memory(OP.i64_store, stateAt(WORD.rip));
  for (const [status, iterate] of [
    [HANDLED.moves, move],
    [HANDLED.fills, fill],
  ] as const) {
    emit.get(STATUS);
    emit.i32(status);
    emit.op(OP.i32_eq);
    emit.block(OP.if);
    repeat(emit, iterate);
    emit.end();
  }
  makePlain(emit, touch);
  emit.branch(OP.br_if, 1);
  emit.i32(LOOP.leave);
  emit.set(STATUS);
  emit.branch(OP.br, 3);
  emit.end();
}

/** Iterations of REP; when some were made, the loop goes on or the budget is used up. Inside of two `if`s in the loop in another in the block that is left with STATUS. */
function repeat(emit: Code, iterate: number): void {
  emit.get(SLOT_ADDRESS);
  emit.get(LEFT);
  pushCount(emit);
  emit.get(RIP);
  emit.get(WAYS);
  emit.call(iterate);
  emit.tee(AT);
  emit.block(OP.if);
  emit.get(LEFT);
  emit.get(AT);
  emit.op(OP.i32_sub);
  emit.tee(LEFT);
  emit.branch(OP.br_if, 3);
  emit.i32(LOOP.budget);
  emit.set(STATUS);
  emit.branch(OP.br, 5);
  emit.end();
  emit.i32(LOOP.leave);
  emit.set(STATUS);
  emit.branch(OP.br, 4);
}

/** i32: a tag was missing, and is there now. */
function makePlain(emit: Code, touch: number): void {
  emit.get(STATUS);
  emit.i32(HANDLED.leave);
  emit.op(OP.i32_ne);
  emit.block(OP.if, TYPE.i32);
  emit.get(MISSES);
  emit.i32(1);
  emit.op(OP.i32_add);
  emit.i32(0);
  emit.get(LEFT);
  emit.get(MISSED_AT);
  emit.op(OP.i32_eq, OP.select);
  emit.tee(MISSES);
  emit.i32(PATIENCE);
  emit.op(OP.i32_lt_u);
  emit.block(OP.if, TYPE.i32);
  emit.get(LEFT);
  emit.set(MISSED_AT);
  emit.get(STATUS);
  pushCount(emit);
  emit.get(RIP);
  emit.get(WAYS);
  emit.call(touch);
  emit.op(OP.else);
  emit.i32(0);
  emit.end();
  emit.op(OP.else);
  emit.i32(0);
  emit.end();
}

/**
 * i32: the block that begins at rIP is said to be translated, and there is a dispatcher to ask. Counts it otherwise, as `Profile.note` does. `exit`: depth of the block that
 * is left with STATUS, from here.
 */
function noteBlock(emit: Code, exit: number): void {
  const words = { lo: LAYOUT.profile, hi: LAYOUT.profile + 4, count: LAYOUT.profile + 8 };
  emit.i32(0);
  emit.memory(OP.i64_load, stateAt(WORD.rip));
  emit.tee(RIP);
  emit.op(OP.i32_wrap_i64);
  foldAddress(emit, AT, ENTRY_SHIFT, ENTRIES);
  emit.i32(ENTRY_BYTES);
  emit.op(OP.i32_mul);
  emit.tee(AT);
  emit.memory(OP.i64_load, words.lo);
  emit.get(RIP);
  emit.op(OP.i64_ne);
  emit.block(OP.if);
  emit.get(AT);
  emit.get(RIP);
  emit.memory(OP.i64_store, words.lo);
  emit.get(AT);
  emit.i32(0);
  emit.memory(OP.i32_store, words.count);
  emit.end();
  emit.get(AT);
  emit.memory(OP.i32_load, words.count);
  emit.tee(COUNT);
  emit.i32(0);
  emit.op(OP.i32_ge_s);
  emit.block(OP.if);
  emit.get(AT);
  emit.get(COUNT);
  emit.i32(1);
  emit.op(OP.i32_add);
  emit.tee(COUNT);
  emit.memory(OP.i32_store, words.count);
  emit.get(COUNT);
  emit.get(HOT);
  emit.op(OP.i32_rem_u, OP.i32_eqz);
  endIf(emit, LOOP.hot, exit + 1);
  emit.end();
  emit.i32(CAME.translated);
  emit.get(ARRIVAL);
  emit.get(COUNT);
  emit.i32(TRANSLATED);
  emit.op(OP.i32_eq);
  emit.tee(AT);
  emit.op(OP.select);
  emit.set(ARRIVAL);
  emit.get(AT);
}

/** What was executed is counted, and the flags go to EFLAGS. */
function finish(emit: Code, settle: number): void {
  emit.i32(0);
  pushCount(emit);
  emit.memory(OP.i64_store, stateAt(WORD.count));
  emit.call(settle);
}

/** i64: the instructions that are retired. */
function pushCount(emit: Code): void {
  emit.i32(0);
  emit.memory(OP.i64_load, stateAt(WORD.count));
  emit.get(BUDGET);
  emit.get(LEFT);
  emit.op(OP.i32_sub, OP.i64_extend_i32_u, OP.i64_add);
}
