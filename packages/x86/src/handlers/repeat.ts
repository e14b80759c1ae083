import { REGISTER, WORD } from '../cpu/state.js';
import { LANE } from '../decode/lanes.js';
import { DF } from '../isa/flags.js';
import { LAYOUT } from '../memory/layout.js';
import { RIGHT } from '../memory/ranges.js';
import { Code } from '../translate/code.js';
import { stateAt } from '../translate/locals.js';
import { type FunctionBody } from '../translate/module.js';
import { MISC, OP, TYPE } from '../translate/opcodes.js';
import { MISS_NEEDS } from './slot.js';

// parameters and locals
const [SLOT_ADDRESS, LEFT, COUNT, RIP, WAYS] = [0, 1, 2, 3, 4];
const [SIZE, DONE, ELEMENTS, BYTES, SOURCE, TARGET, DOWN] = [5, 6, 7, 8, 9, 10, 11];
const [FROM, TO, REST, MASK, VALUE] = [12, 13, 14, 15, 16];

/** The block around the loop, and the loop: everything here is in both. */
const EXIT = 1;

const registerAt = (register: number): number => LAYOUT.state + 8 * register;
const { rax, rcx, rsi, rdi } = REGISTER;

/**
 * `repeat(slot, left, count, rip, way)`: iterations of REP MOVS, or of REP STOS, page by page, as long as pages are plain or can easily be made so. Returns how
 * many; behind the last one rIP moves on. `touch`: number of that function.
 */
export function repeatFunction(moves: boolean, touch: number): FunctionBody {
  const emit = new Code();
  begin(emit);
  emit.block(OP.block);
  emit.block(OP.loop);
  exitIfDone(emit);
  if (moves) pushIndex(emit, rsi, FROM);
  pushIndex(emit, rdi, TO);
  exitUnlessCanonical(emit, TO);
  atMostToEdge(emit, TO);
  if (moves) atMostToEdge(emit, FROM);
  exitIfNone(emit);
  if (moves) makePlain(emit, touch, FROM, SOURCE, RIGHT.read, LAYOUT.readTags, LAYOUT.readAddends);
  makePlain(emit, touch, TO, TARGET, RIGHT.write, LAYOUT.writeTags, LAYOUT.writeAddends);
  if (moves) atMostApart(emit);
  emit.get(ELEMENTS);
  emit.get(SIZE);
  emit.op(OP.i32_mul);
  emit.set(BYTES);
  if (moves) copy(emit);
  else fill(emit);
  if (moves) advance(emit, rsi, FROM);
  advance(emit, rdi, TO);
  countDown(emit);
  emit.branch(OP.br, 0);
  emit.end();
  emit.end();
  emit.get(DONE);
  const type = [[TYPE.i32, TYPE.i32, TYPE.i64, TYPE.i64, TYPE.i32], [TYPE.i32]] as const;
  const locals: FunctionBody['locals'] = [
    [7, TYPE.i32],
    [5, TYPE.i64],
  ];
  return { type, locals, code: emit.taken() };
}

function begin(emit: Code): void {
  emit.get(SLOT_ADDRESS);
  emit.memory(OP.i32_load, 4 * LANE.size0);
  emit.set(SIZE);
  emit.i64(-1, -1);
  emit.i64(-1, 0);
  emit.get(SLOT_ADDRESS);
  emit.memory(OP.i32_load, 4 * LANE.address);
  emit.i32(8);
  emit.op(OP.i32_eq, OP.select);
  emit.set(MASK);
  emit.i32(0);
  emit.memory(OP.i32_load, stateAt(WORD.eflags));
  emit.i32(DF);
  emit.op(OP.i32_and);
  emit.set(DOWN);
}

/** REST becomes what rCX says, ELEMENTS no more than that and than what is left of the budget. */
function exitIfDone(emit: Code): void {
  pushIndex(emit, rcx, REST);
  emit.get(REST);
  emit.get(LEFT);
  emit.get(DONE);
  emit.op(OP.i32_sub);
  emit.tee(ELEMENTS);
  emit.op(OP.i64_extend_i32_u, OP.i64_lt_u);
  emit.block(OP.if);
  emit.get(REST);
  emit.op(OP.i32_wrap_i64);
  emit.set(ELEMENTS);
  emit.end();
  exitIfNone(emit);
}

function exitIfNone(emit: Code): void {
  emit.get(ELEMENTS);
  emit.op(OP.i32_eqz);
  emit.branch(OP.br_if, EXIT);
}

/** What a register says at the address size. */
function pushIndex(emit: Code, register: number, local: number): void {
  emit.i32(0);
  emit.memory(OP.i64_load, registerAt(register));
  emit.get(MASK);
  emit.op(OP.i64_and);
  emit.set(local);
}

/** The interpreter asks that of both before it touches one. */
function exitUnlessCanonical(emit: Code, address: number): void {
  emit.get(address);
  emit.i64(16, 0);
  emit.op(OP.i64_shl);
  emit.i64(16, 0);
  emit.op(OP.i64_shr_s);
  emit.get(address);
  emit.op(OP.i64_ne);
  emit.branch(OP.br_if, EXIT);
}

/** ELEMENTS becomes no more than the i32 on the stack. */
function atMost(emit: Code): void {
  emit.tee(BYTES);
  emit.get(ELEMENTS);
  emit.get(BYTES);
  emit.get(ELEMENTS);
  emit.op(OP.i32_lt_u, OP.select);
  emit.set(ELEMENTS);
}

/** Elements that lie in the page from here on in the direction of DF; none when the first lies over its end. */
function atMostToEdge(emit: Code, address: number): void {
  emit.get(address);
  emit.op(OP.i32_wrap_i64);
  emit.i32(0xfff);
  emit.op(OP.i32_and);
  emit.tee(BYTES);
  emit.get(SIZE);
  emit.op(OP.i32_div_u);
  emit.i32(1);
  emit.op(OP.i32_add);
  emit.i32(0);
  pushRoom(emit);
  emit.op(OP.select);
  pushRoom(emit);
  emit.get(DOWN);
  emit.op(OP.select);
  atMost(emit);
}

/** Elements behind BYTES in the page. */
function pushRoom(emit: Code): void {
  emit.i32(0x1000);
  emit.get(BYTES);
  emit.op(OP.i32_sub);
  emit.get(SIZE);
  emit.op(OP.i32_div_u);
}

/** An element that is read after it was written is the end of a block move. */
function atMostApart(emit: Code): void {
  pushByDirection(emit, TARGET, SOURCE);
  pushByDirection(emit, SOURCE, TARGET);
  emit.op(OP.i32_gt_u);
  emit.block(OP.if);
  pushByDirection(emit, TARGET, SOURCE);
  pushByDirection(emit, SOURCE, TARGET);
  emit.op(OP.i32_sub);
  emit.get(SIZE);
  emit.op(OP.i32_div_u);
  atMost(emit);
  exitIf(emit);
  emit.end();
}

function pushByDirection(emit: Code, up: number, down: number): void {
  emit.get(down);
  emit.get(up);
  emit.get(DOWN);
  emit.op(OP.select);
}

/** Inside of an `if`. */
function exitIf(emit: Code): void {
  emit.get(ELEMENTS);
  emit.op(OP.i32_eqz);
  emit.branch(OP.br_if, EXIT + 1);
}

/** `host` becomes where the address lies in RAM, less LAYOUT.ram. */
function makePlain(
  emit: Code,
  touch: number,
  address: number,
  host: number,
  needs: number,
  tags: number,
  addends: number,
): void {
  pushPlace(emit, address);
  emit.i32(3);
  emit.op(OP.i32_shl);
  emit.memory(OP.i64_load, tags);
  emit.get(address);
  emit.i64(-4096, -1);
  emit.op(OP.i64_and, OP.i64_ne);
  emit.block(OP.if);
  emit.i32(0);
  emit.get(address);
  emit.memory(OP.i64_store, stateAt(WORD.missed));
  emit.i32(1 | (needs << MISS_NEEDS));
  emit.get(COUNT);
  emit.get(DONE);
  emit.op(OP.i64_extend_i32_u, OP.i64_add);
  emit.get(RIP);
  emit.get(WAYS);
  emit.call(touch);
  emit.op(OP.i32_eqz);
  emit.branch(OP.br_if, EXIT + 1);
  emit.end();
  emit.get(address);
  emit.op(OP.i32_wrap_i64);
  pushPlace(emit, address);
  emit.i32(2);
  emit.op(OP.i32_shl);
  emit.memory(OP.i32_load, addends);
  emit.op(OP.i32_add);
  emit.set(host);
}

/** i32: the place of an address in the tables of tags. */
function pushPlace(emit: Code, address: number): void {
  emit.get(address);
  emit.op(OP.i32_wrap_i64);
  emit.i32(12);
  emit.op(OP.i32_shr_u);
  emit.i32(0xffff);
  emit.op(OP.i32_and);
}

/** i32: the lowest of the bytes, when the first element lies there. */
function pushLowest(emit: Code, host: number): void {
  emit.get(host);
  emit.get(BYTES);
  emit.get(SIZE);
  emit.op(OP.i32_sub);
  emit.i32(0);
  emit.get(DOWN);
  emit.op(OP.select, OP.i32_sub);
}

function copy(emit: Code): void {
  for (const host of [TARGET, SOURCE]) {
    pushLowest(emit, host);
    emit.i32(LAYOUT.ram);
    emit.op(OP.i32_add);
  }
  emit.get(BYTES);
  emit.op(OP.misc, MISC.memory_copy);
  emit.op(0, 0);
}

/** rAX over and over: VALUE has as many of it as eight bytes have. The last eight bytes may be written twice. */
function fill(emit: Code): void {
  const end = SOURCE;
  pushPattern(emit);
  emit.set(VALUE);
  // fewer than eight bytes in one by one
  emit.get(BYTES);
  emit.i32(8);
  emit.op(OP.i32_lt_u);
  emit.block(OP.if);
  emit.i32(1);
  emit.set(ELEMENTS);
  emit.get(SIZE);
  emit.set(BYTES);
  storeOne(emit);
  emit.op(OP.else);
  pushLowest(emit, TARGET);
  emit.tee(TARGET);
  emit.get(BYTES);
  emit.op(OP.i32_add);
  emit.i32(8);
  emit.op(OP.i32_sub);
  emit.tee(end);
  emit.get(VALUE);
  emit.memory(OP.i64_store, LAYOUT.ram);
  emit.block(OP.block);
  emit.block(OP.loop);
  emit.get(TARGET);
  emit.get(end);
  emit.op(OP.i32_ge_u);
  emit.branch(OP.br_if, 1);
  emit.get(TARGET);
  emit.get(VALUE);
  emit.memory(OP.i64_store, LAYOUT.ram);
  emit.get(TARGET);
  emit.i32(8);
  emit.op(OP.i32_add);
  emit.set(TARGET);
  emit.branch(OP.br, 0);
  emit.end();
  emit.end();
  emit.end();
}

/** i64: rAX, or as many times the low SIZE bytes of it as eight bytes have. */
function pushPattern(emit: Code): void {
  emit.i32(0);
  emit.memory(OP.i64_load, registerAt(rax));
  emit.set(VALUE);
  for (const [size, load, lo, hi] of [
    [1, OP.i64_load8_u, 0x0101_0101, 0x0101_0101],
    [2, OP.i64_load16_u, 0x0001_0001, 0x0001_0001],
    [4, OP.i64_load32_u, 1, 1],
  ] as const) {
    emit.get(SIZE);
    emit.i32(size);
    emit.op(OP.i32_eq);
    emit.block(OP.if);
    emit.i32(0);
    emit.memory(load, registerAt(rax));
    emit.i64(lo, hi);
    emit.op(OP.i64_mul);
    emit.set(VALUE);
    emit.end();
  }
  emit.get(VALUE);
}

/** One element that is smaller than eight bytes. */
function storeOne(emit: Code): void {
  for (const [size, store] of [
    [1, OP.i64_store8],
    [2, OP.i64_store16],
    [4, OP.i64_store32],
  ] as const) {
    emit.get(SIZE);
    emit.i32(size);
    emit.op(OP.i32_eq);
    emit.block(OP.if);
    emit.get(TARGET);
    emit.get(VALUE);
    emit.memory(store, LAYOUT.ram);
    emit.end();
  }
}

/** Moves an index register behind what is done. */
function advance(emit: Code, register: number, from: number): void {
  emit.i32(0);
  emit.get(from);
  emit.i32(0);
  emit.get(BYTES);
  emit.op(OP.i32_sub);
  emit.get(BYTES);
  emit.get(DOWN);
  emit.op(OP.select, OP.i64_extend_i32_s, OP.i64_add);
  emit.get(MASK);
  emit.op(OP.i64_and);
  emit.memory(OP.i64_store, registerAt(register));
}

/** Counts what is done, and moves rIP behind the instruction when that was all. */
function countDown(emit: Code): void {
  emit.get(DONE);
  emit.get(ELEMENTS);
  emit.op(OP.i32_add);
  emit.set(DONE);
  emit.i32(0);
  emit.get(REST);
  emit.get(ELEMENTS);
  emit.op(OP.i64_extend_i32_u, OP.i64_sub);
  emit.tee(REST);
  emit.memory(OP.i64_store, registerAt(rcx));
  emit.get(REST);
  emit.op(OP.i64_eqz);
  emit.block(OP.if);
  emit.i32(0);
  emit.get(RIP);
  emit.get(SLOT_ADDRESS);
  emit.memory(OP.i64_load32_u, 4 * LANE.length);
  emit.op(OP.i64_add);
  emit.get(MASK);
  emit.op(OP.i64_and);
  emit.memory(OP.i64_store, stateAt(WORD.rip));
  emit.end();
}
