import { Code } from './code.js';
import { LOCAL } from './locals.js';
import { OP } from './opcodes.js';

/** What is asked of the tables of memory/layout.ts for an access of `size` bytes at EA. */
export const QUESTION = { tag: 0, straddle: 1, addend: 2 } as const;

/** By question, table and size. */
const known = new Map<number, Uint8Array>();

/** The instructions for a question, which are the same for every access: they are made once. `addends`: those that belong to the tags, or 0. */
export function snippet(question: number, table: number, size: number, addends: number): Uint8Array {
  // tables begin at whole 64 KiB, sizes are no more than 8
  const key = table + 64 * question + 2 * size + (addends === 0 ? 0 : 1);
  let code = known.get(key);
  if (code === undefined) {
    const emit = new Code();
    if (question === QUESTION.tag) pushIsTagged(emit, table, size);
    else if (question === QUESTION.straddle) pushIsTaggedOnBothSides(emit, table, size, addends);
    else pushAddend(emit, table, LOCAL.ea);
    code = emit.taken().slice();
    known.set(key, code);
  }
  return code;
}

/** i32: the tag at EA is the page of the last byte. */
function pushIsTagged(emit: Code, tags: number, size: number): void {
  pushLastPage(emit, size);
  pushTag(emit, tags, LOCAL.ea);
  emit.byte(OP.i64_eq);
}

/** i32: the pages of the first and of the last byte have their tags, and the same addend. */
function pushIsTaggedOnBothSides(emit: Code, tags: number, size: number, addends: number): void {
  pushLastPage(emit, 1);
  pushTag(emit, tags, LOCAL.ea);
  emit.byte(OP.i64_eq);
  pushLastPage(emit, size);
  emit.tee(LOCAL.last);
  pushTag(emit, tags, LOCAL.last);
  emit.op(OP.i64_eq, OP.i32_and);
  if (addends === 0) return;
  pushAddend(emit, addends, LOCAL.ea);
  pushAddend(emit, addends, LOCAL.last);
  emit.op(OP.i32_eq, OP.i32_and);
}

/** i64: the page of the last of `size` bytes. */
function pushLastPage(emit: Code, size: number): void {
  emit.get(LOCAL.ea);
  if (size > 1) {
    emit.i64(size - 1, 0);
    emit.byte(OP.i64_add);
  }
  emit.i64(-4096, -1);
  emit.byte(OP.i64_and);
}

function pushTag(emit: Code, tags: number, address: number): void {
  emit.get(address);
  emit.byte(OP.i32_wrap_i64);
  emit.i32(9);
  emit.byte(OP.i32_shr_u);
  emit.i32(0x7fff8);
  emit.byte(OP.i32_and);
  emit.memory(OP.i64_load, tags);
}

function pushAddend(emit: Code, addends: number, address: number): void {
  emit.get(address);
  emit.byte(OP.i32_wrap_i64);
  emit.i32(10);
  emit.byte(OP.i32_shr_u);
  emit.i32(0x3fffc);
  emit.byte(OP.i32_and);
  emit.memory(OP.i32_load, addends);
}
