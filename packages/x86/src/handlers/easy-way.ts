import { WORD } from '../cpu/state.js';
import { DENIED_SHIFT, LAYOUT, PAGE, TALLY, TAG_COUNT, TOUCH_BYTES, WAY } from '../memory/layout.js';
import { RIGHT } from '../memory/ranges.js';
import { LISTED } from '../memory/tags.js';
import { TOUCH } from '../memory/touch-log.js';
import { ACCESSED, DIRTY, GLOBAL, LARGE, PRESENT, USER, WRITABLE } from '../memory/walker.js';
import { Code } from '../translate/code.js';
import { stateAt } from '../translate/locals.js';
import { type FunctionBody } from '../translate/module.js';
import { OP, TYPE } from '../translate/opcodes.js';
import { MISS_NEEDS } from './slot.js';

/** No page: what `find` returns when the access is not an easy one. */
const HARD = -1;
/** What `find` returns: the page in the low word; above it log2 of the size of the page that maps it, and whether that is global. */
const FOUND = { shift: 32, global: 40 } as const;

/** Of an address or an entry: where the page, or the table, begins. */
const PAGE_ADDRESS = -4096;

const tally = (word: number): number => LAYOUT.tallies + 4 * word;
/** By the number of a page: where its PAGE byte is. */
const NOTES = LAYOUT.pages;
/** Reading and writing have the same order among kinds of touches as among rights, so many bits further. */
const TOUCHED = TOUCH.read - Math.log2(RIGHT.read);

/** Returns from the function when the i32 on the stack is not 0. */
function hardIf(emit: Code, ...condition: number[]): void {
  for (const opcode of condition) emit.byte(opcode);
  emit.block(OP.if);
  emit.i64(HARD, -1);
  emit.op(OP.return);
  emit.end();
}

/** The i32 on the stack, less all other bits. */
function and(emit: Code, mask: number): void {
  emit.i32(mask);
  emit.byte(OP.i32_and);
}

/** i32: is this bit of `way` set? */
function isWay(emit: Code, way: number, bit: number): void {
  emit.get(way);
  and(emit, bit);
}

/**
 * `find(address, needs, way)`: where the page of an address lies, when all of it may be touched like this, and nothing is to be done for that but to note it and to
 * set a tag. What `Walker` and `CheckedMemory.prepare` do, for what they mostly meet.
 */
export function findFunction(): FunctionBody {
  const [ADDRESS, NEEDS, WAYS, LO, PHYSICAL, RIGHTS, SHIFT, LOW, OFFSET, ENTRY, RESULT] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]; // prettier-ignore
  const emit = new Code();
  emit.get(ADDRESS);
  emit.byte(OP.i32_wrap_i64);
  emit.set(LO);
  isWay(emit, WAYS, WAY.paged);
  emit.block(OP.if);
  {
    // canonical, and the root below 4 GiB
    emit.get(ADDRESS);
    emit.i64(16, 0);
    emit.byte(OP.i64_shl);
    emit.i64(16, 0);
    emit.op(OP.i64_shr_s);
    emit.get(ADDRESS);
    emit.byte(OP.i64_ne);
    emit.i32(0);
    emit.memory(OP.i32_load, stateAt(WORD.cr + 7));
    hardIf(emit, OP.i32_or);
    emit.i32(0);
    emit.memory(OP.i32_load, stateAt(WORD.cr + 6));
    and(emit, PAGE_ADDRESS);
    emit.set(PHYSICAL);
    emit.i32(WRITABLE | USER);
    emit.set(RIGHTS);
    emit.i32(39);
    emit.set(SHIFT);
    emit.block(OP.block);
    emit.block(OP.loop);
    step(emit);
    emit.branch(OP.br, 0);
    emit.end();
    emit.end();
    leaf(emit);
  }
  emit.op(OP.else);
  {
    emit.get(ADDRESS);
    emit.i64(32, 0);
    emit.op(OP.i64_shr_u, OP.i64_eqz);
    hardIf(emit, OP.i32_eqz);
    emit.get(LO);
    and(emit, PAGE_ADDRESS);
    emit.set(PHYSICAL);
    emit.i64(0, 12);
    emit.set(RESULT);
  }
  emit.end();
  page(emit);
  emit.get(RESULT);
  emit.get(PHYSICAL);
  emit.op(OP.i64_extend_i32_u, OP.i64_or);
  const type = [[TYPE.i64, TYPE.i32, TYPE.i32], [TYPE.i64]] as const;
  const locals: FunctionBody['locals'] = [
    [6, TYPE.i32],
    [2, TYPE.i64],
  ];
  return { type, locals, code: emit.taken() };

  /** One entry: out of the block when it maps a page, on to the next table otherwise. */
  function step(emit: Code): void {
    // a table that walks have touched before, and may
    outside(emit, PHYSICAL);
    pushNote(emit, PHYSICAL);
    and(emit, (1 << TOUCH.walk) | (RIGHT.read << DENIED_SHIFT));
    emit.i32(1 << TOUCH.walk);
    hardIf(emit, OP.i32_ne);
    emit.get(PHYSICAL);
    emit.get(ADDRESS);
    emit.get(SHIFT);
    emit.op(OP.i64_extend_i32_u, OP.i64_shr_u, OP.i32_wrap_i64);
    and(emit, 0x1ff);
    emit.i32(3);
    emit.op(OP.i32_shl, OP.i32_add);
    emit.memory(OP.i64_load, LAYOUT.ram);
    emit.tee(ENTRY);
    emit.byte(OP.i32_wrap_i64);
    emit.tee(LOW);
    and(emit, PRESENT | ACCESSED);
    emit.i32(PRESENT | ACCESSED);
    hardIf(emit, OP.i32_ne);
    // no address above 4 GiB, and no NX if that is reserved; other bits are ignored
    emit.get(ENTRY);
    emit.i64(32, 0);
    emit.op(OP.i64_shr_u, OP.i32_wrap_i64);
    emit.i32(0x000f_ffff);
    emit.i32(0x800f_ffff | 0);
    isWay(emit, WAYS, WAY.noExecute);
    emit.op(OP.select);
    hardIf(emit, OP.i32_and);
    emit.get(RIGHTS);
    emit.get(LOW);
    emit.byte(OP.i32_and);
    emit.set(RIGHTS);
    emit.get(LOW);
    and(emit, PAGE_ADDRESS);
    emit.set(PHYSICAL);
    emit.get(LOW);
    and(emit, LARGE);
    emit.get(SHIFT);
    emit.i32(12);
    emit.op(OP.i32_eq, OP.i32_or);
    emit.branch(OP.br_if, 1);
    emit.get(SHIFT);
    emit.i32(9);
    emit.byte(OP.i32_sub);
    emit.set(SHIFT);
  }

  /** The entry that maps the page is LOW; PHYSICAL becomes that of the 4 KiB. */
  function leaf(emit: Code): void {
    emit.i32(1);
    emit.get(SHIFT);
    emit.byte(OP.i32_shl);
    emit.i32(1);
    emit.byte(OP.i32_sub);
    and(emit, PAGE_ADDRESS);
    emit.set(OFFSET);
    // no pages of 512 GiB, and not always of 1 GiB; bits of the offset but that of the PAT are reserved
    emit.get(SHIFT);
    emit.i32(30);
    emit.i32(21);
    isWay(emit, WAYS, WAY.gigabytes);
    emit.op(OP.select, OP.i32_gt_u);
    emit.get(LOW);
    emit.get(OFFSET);
    emit.byte(OP.i32_and);
    and(emit, ~0x1000);
    hardIf(emit, OP.i32_or);
    emit.get(RIGHTS);
    and(emit, USER);
    isWay(emit, WAYS, WAY.smap);
    emit.op(OP.i32_eqz, OP.i32_eqz);
    emit.i32(log2(USER));
    emit.byte(OP.i32_shl);
    hardIf(emit, OP.i32_and);
    emit.get(NEEDS);
    and(emit, RIGHT.write);
    emit.block(OP.if);
    emit.get(RIGHTS);
    emit.get(LOW);
    and(emit, ~WRITABLE);
    emit.byte(OP.i32_or);
    and(emit, WRITABLE | DIRTY);
    emit.i32(WRITABLE | DIRTY);
    hardIf(emit, OP.i32_ne);
    emit.end();
    emit.get(PHYSICAL);
    emit.get(OFFSET);
    emit.i32(-1);
    emit.op(OP.i32_xor, OP.i32_and);
    emit.get(LO);
    emit.get(OFFSET);
    emit.op(OP.i32_and, OP.i32_or);
    emit.set(PHYSICAL);
    emit.get(SHIFT);
    emit.byte(OP.i64_extend_i32_u);
    emit.i64(FOUND.shift, 0);
    emit.byte(OP.i64_shl);
    emit.get(LOW);
    and(emit, GLOBAL);
    emit.op(OP.i32_eqz, OP.i32_eqz);
    isWay(emit, WAYS, WAY.global);
    emit.op(OP.i32_eqz, OP.i32_eqz, OP.i32_and);
    emit.byte(OP.i64_extend_i32_u);
    emit.i64(FOUND.global, 0);
    emit.op(OP.i64_shl, OP.i64_or);
    emit.set(RESULT);
  }

  /** Whether the page itself may be touched, and its tag be set. */
  function page(emit: Code): void {
    outside(emit, PHYSICAL);
    pushNote(emit, PHYSICAL);
    emit.get(NEEDS);
    emit.i32(DENIED_SHIFT);
    emit.byte(OP.i32_shl);
    emit.get(NEEDS);
    and(emit, RIGHT.write);
    emit.i32(log2(PAGE.code / RIGHT.write));
    emit.op(OP.i32_shl, OP.i32_or);
    hardIf(emit, OP.i32_and);
    // addends are in use, or none is needed
    isWay(emit, WAYS, WAY.identity);
    emit.block(OP.if);
    emit.get(ADDRESS);
    emit.i64(PAGE_ADDRESS, -1);
    emit.byte(OP.i64_and);
    emit.get(PHYSICAL);
    emit.byte(OP.i64_extend_i32_u);
    hardIf(emit, OP.i64_ne);
    emit.end();
  }
}

const log2 = (value: number): number => 31 - Math.clz32(value);

/** Outside of RAM nothing is easy. */
function outside(emit: Code, physical: number): void {
  emit.get(physical);
  emit.i32(0);
  emit.memory(OP.i32_load, tally(TALLY.ram));
  hardIf(emit, OP.i32_ge_u);
}

/** i32: what is known of a page. */
function pushNote(emit: Code, physical: number): void {
  emit.get(physical);
  emit.i32(12);
  emit.byte(OP.i32_shr_u);
  emit.memory(OP.i32_load8_u, NOTES);
}

/** `settle(found, address, needs, count, rip)`: notes the touch of a page that `find` has found and sets its tags; 1 when one of them was not there. */
export function settlePageFunction(): FunctionBody {
  const [FOUND_PAGE, ADDRESS, NEEDS, COUNT, RIP] = [0, 1, 2, 3, 4];
  const [PHYSICAL, NUMBER, NOTE, FRESH, PLACE, WAS, LINEAR] = [5, 6, 7, 8, 9, 10, 11];
  const emit = new Code();
  emit.get(FOUND_PAGE);
  emit.byte(OP.i32_wrap_i64);
  emit.tee(PHYSICAL);
  emit.i32(12);
  emit.byte(OP.i32_shr_u);
  emit.tee(NUMBER);
  emit.memory(OP.i32_load8_u, NOTES);
  emit.tee(NOTE);
  emit.i32(-1);
  emit.byte(OP.i32_xor);
  emit.get(NEEDS);
  emit.i32(TOUCHED);
  emit.op(OP.i32_shl, OP.i32_and);
  emit.tee(FRESH);
  emit.block(OP.if);
  log(emit, TOUCH.read);
  log(emit, TOUCH.write);
  emit.get(NOTE);
  and(emit, PAGE.touched);
  emit.byte(OP.i32_eqz);
  emit.block(OP.if);
  increment(emit, TALLY.inside);
  emit.end();
  emit.get(NUMBER);
  emit.get(NOTE);
  emit.get(FRESH);
  emit.byte(OP.i32_or);
  emit.memory(OP.i32_store8, NOTES);
  emit.end();
  emit.get(ADDRESS);
  emit.i64(PAGE_ADDRESS, -1);
  emit.byte(OP.i64_and);
  emit.set(LINEAR);
  emit.get(ADDRESS);
  emit.byte(OP.i32_wrap_i64);
  emit.i32(12);
  emit.byte(OP.i32_shr_u);
  and(emit, TAG_COUNT - 1);
  emit.set(PLACE);
  list(emit);
  tag(emit, RIGHT.read, LAYOUT.readTags, LAYOUT.readAddends);
  tag(emit, RIGHT.write, LAYOUT.writeTags, LAYOUT.writeAddends);
  emit.get(WAS);
  const type = [[TYPE.i64, TYPE.i64, TYPE.i32, TYPE.i64, TYPE.i64], [TYPE.i32]] as const;
  const locals: FunctionBody['locals'] = [
    [6, TYPE.i32],
    [1, TYPE.i64],
  ];
  return { type, locals, code: emit.taken() };

  /** The first touch of its kind is written down. */
  function log(emit: Code, kind: number): void {
    emit.get(FRESH);
    and(emit, 1 << kind);
    emit.block(OP.if);
    for (const [word, value] of [COUNT, RIP].entries()) {
      // behind RAM, and there behind what is of the kinds before: as many bytes as a part of RAM has
      emit.i32(0);
      emit.memory(OP.i32_load, tally(TALLY.ram));
      emit.tee(PLACE);
      emit.get(PLACE);
      emit.i32(log2(4096 / TOUCH_BYTES));
      emit.op(OP.i32_shr_u);
      emit.i32(kind);
      emit.op(OP.i32_mul, OP.i32_add);
      emit.get(NUMBER);
      emit.i32(log2(TOUCH_BYTES));
      emit.op(OP.i32_shl, OP.i32_add);
      emit.get(value);
      emit.memory(OP.i64_store, LAYOUT.ram + 8 * word);
    }
    increment(emit, TALLY.touched + kind);
    emit.end();
  }

  /** The place is one of those that may hold a tag, and is known to come from a global page or not. */
  function list(emit: Code): void {
    emit.get(PLACE);
    emit.memory(OP.i32_load8_u, LAYOUT.tagNotes);
    emit.tee(NOTE);
    and(emit, LISTED);
    emit.byte(OP.i32_eqz);
    emit.block(OP.if);
    emit.i32(0);
    emit.memory(OP.i32_load, tally(TALLY.filled));
    emit.i32(1);
    emit.byte(OP.i32_shl);
    emit.get(PLACE);
    emit.memory(OP.i32_store16, LAYOUT.filled);
    increment(emit, TALLY.filled);
    emit.end();
    emit.get(PLACE);
    emit.get(NOTE);
    emit.i32(LISTED);
    emit.byte(OP.i32_or);
    emit.tee(NOTE);
    emit.get(NEEDS);
    emit.byte(OP.i32_or);
    emit.get(NOTE);
    emit.get(NEEDS);
    emit.i32(-1);
    emit.op(OP.i32_xor, OP.i32_and);
    emit.get(FOUND_PAGE);
    emit.i64(FOUND.global, 0);
    emit.op(OP.i64_shr_u, OP.i32_wrap_i64, OP.select);
    emit.memory(OP.i32_store8, LAYOUT.tagNotes);
    // the largest page
    emit.get(FOUND_PAGE);
    emit.i64(FOUND.shift, 0);
    emit.op(OP.i64_shr_u, OP.i32_wrap_i64);
    and(emit, 0xff);
    emit.tee(FRESH);
    emit.i32(0);
    emit.memory(OP.i32_load, tally(TALLY.largest));
    emit.op(OP.i32_gt_u);
    emit.block(OP.if);
    emit.i32(0);
    emit.get(FRESH);
    emit.memory(OP.i32_store, tally(TALLY.largest));
    emit.end();
  }

  function tag(emit: Code, right: number, tags: number, addends: number): void {
    emit.get(NEEDS);
    and(emit, right);
    emit.block(OP.if);
    emit.get(PLACE);
    emit.i32(3);
    emit.byte(OP.i32_shl);
    emit.tee(FRESH);
    emit.memory(OP.i64_load, tags);
    emit.get(LINEAR);
    emit.byte(OP.i64_ne);
    emit.get(WAS);
    emit.byte(OP.i32_or);
    emit.set(WAS);
    emit.get(FRESH);
    emit.get(LINEAR);
    emit.memory(OP.i64_store, tags);
    emit.get(PLACE);
    emit.i32(2);
    emit.byte(OP.i32_shl);
    emit.get(PHYSICAL);
    emit.get(LINEAR);
    emit.op(OP.i32_wrap_i64, OP.i32_sub);
    emit.memory(OP.i32_store, addends);
    emit.end();
  }
}

function increment(emit: Code, word: number): void {
  emit.i32(0);
  emit.i32(0);
  emit.memory(OP.i32_load, tally(word));
  emit.i32(1);
  emit.byte(OP.i32_add);
  emit.memory(OP.i32_store, tally(word));
}

/**
 * `touch(miss, count, rip, way)`: makes the pages plain that a handler has missed a tag of, as the slow way of the memory does; 0 when that has to do it. `find` and
 * `settle` are numbers of functions.
 */
export function touchFunction(find: number, settle: number): FunctionBody {
  const [MISSED, COUNT, RIP, WAYS] = [0, 1, 2, 3];
  const [FIRST, LAST, FOUND_FIRST, FOUND_LAST, NEEDS] = [4, 5, 6, 7, 8];
  const emit = new Code();
  const give = (): void => {
    emit.block(OP.if);
    emit.i32(0);
    emit.op(OP.return);
    emit.end();
  };
  isWay(emit, WAYS, WAY.easy);
  emit.byte(OP.i32_eqz);
  give();
  emit.i32(0);
  emit.memory(OP.i64_load, stateAt(WORD.missed));
  emit.tee(FIRST);
  emit.get(FIRST);
  emit.get(MISSED);
  and(emit, 0xf);
  emit.i32(1);
  emit.op(OP.i32_sub, OP.i64_extend_i32_u, OP.i64_add);
  emit.tee(LAST);
  emit.byte(OP.i64_xor);
  emit.i64(32, 0);
  emit.op(OP.i64_shr_u, OP.i64_eqz, OP.i32_eqz);
  give();
  emit.get(MISSED);
  emit.i32(MISS_NEEDS);
  emit.byte(OP.i32_shr_u);
  emit.set(NEEDS);
  const locate = (address: number, found: number): void => {
    emit.get(address);
    emit.get(NEEDS);
    emit.get(WAYS);
    emit.call(find);
    emit.tee(found);
    emit.i64(HARD, -1);
    emit.byte(OP.i64_eq);
    give();
  };
  const settled = (address: number, found: number): void => {
    emit.get(found);
    emit.get(address);
    emit.get(NEEDS);
    emit.get(COUNT);
    emit.get(RIP);
    emit.call(settle);
  };
  locate(FIRST, FOUND_FIRST);
  emit.get(FIRST);
  emit.get(LAST);
  emit.byte(OP.i64_xor);
  emit.i64(12, 0);
  emit.op(OP.i64_shr_u, OP.i64_eqz);
  emit.block(OP.if);
  settled(FIRST, FOUND_FIRST);
  emit.op(OP.return);
  emit.end();
  locate(LAST, FOUND_LAST);
  settled(FIRST, FOUND_FIRST);
  settled(LAST, FOUND_LAST);
  emit.byte(OP.i32_or);
  const type = [[TYPE.i32, TYPE.i64, TYPE.i64, TYPE.i32], [TYPE.i32]] as const;
  const locals: FunctionBody['locals'] = [
    [4, TYPE.i64],
    [1, TYPE.i32],
  ];
  return { type, locals, code: emit.taken() };
}
