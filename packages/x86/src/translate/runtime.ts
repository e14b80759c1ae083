import { WORD } from '../cpu/state.js';
import { LAYOUT } from '../memory/layout.js';
import { Code } from './code.js';
import { ModuleShape, type FunctionBody, type FunctionHead, type FunctionType, type Import } from './module.js';
import { log2, STATUS, stateAt } from './locals.js';
import { OP, TYPE } from './opcodes.js';

/**
 * The one thing that regions call, `flags`, lies in a small table. They do not import functions: V8 would compile a wrapper for each of their
 * types, which takes ten times as long as the rest of a module (Node 20; `npm run bench:wasm`).
 */
export const FLAGS_PLACE = 0;

const FLAGS_TYPE: FunctionType = [[TYPE.i32, TYPE.i64, TYPE.i64, TYPE.i64, TYPE.i32], [TYPE.i32]];
export const REGION_TYPE: FunctionType = [[TYPE.i32], [TYPE.i32]];

export const REGION_IMPORTS: readonly Import[] = [
  { module: 'm', name: 'm', what: 'memory' },
  { module: 'm', name: 't', what: 'table' },
];
/** Types of a region's module: its own function's, and that of `flags`. */
export const REGION_TYPES = [REGION_TYPE, FLAGS_TYPE] as const;
export const FLAGS_TYPE_INDEX = 1;
const REGION_HEAD: FunctionHead = { type: REGION_TYPE, name: 'r' };
export const REGION_MODULE = new ModuleShape(REGION_TYPES, REGION_IMPORTS, [REGION_HEAD]);

/** Entries of the dispatcher's table: rIP (8 bytes), mode, and slot with the label above it. */
export const DISPATCH = { entries: 0x4000, shift: 13, bytes: 16, slotBits: 12 } as const;
/** Where an address has its entry. */
export const dispatchIndex = (lo: number): number => (lo ^ (lo >>> DISPATCH.shift)) & (DISPATCH.entries - 1);

/** The i32 on the stack, an address, becomes the index of its place among `entries`, as in `dispatchIndex`. */
export function foldAddress(emit: Code, scratch: number, shift: number, entries: number): void {
  emit.tee(scratch);
  emit.get(scratch);
  emit.i32(shift);
  emit.op(OP.i32_shr_u, OP.i32_xor);
  emit.i32(entries - 1);
  emit.op(OP.i32_and);
}

/** `dispatch(mode)`: goes from region to region until one has something to say (STATUS), or there is none for rIP. */
export function dispatchFunction(name?: string): FunctionBody {
  const [MODE, RIP, ENTRY] = [0, 1, 2];
  const emit = new Code();
  emit.block(OP.loop);
  emit.i32(0);
  emit.memory(OP.i64_load, stateAt(WORD.rip));
  emit.tee(RIP);
  emit.op(OP.i32_wrap_i64);
  foldAddress(emit, ENTRY, DISPATCH.shift, DISPATCH.entries);
  emit.i32(log2(DISPATCH.bytes));
  emit.op(OP.i32_shl);
  emit.tee(ENTRY);
  emit.memory(OP.i64_load, LAYOUT.dispatch);
  emit.get(RIP);
  emit.op(OP.i64_ne);
  emit.get(ENTRY);
  emit.memory(OP.i32_load, LAYOUT.dispatch + 8);
  emit.get(MODE);
  emit.op(OP.i32_ne, OP.i32_or);
  emit.block(OP.if);
  emit.i32(STATUS.miss);
  emit.op(OP.return);
  emit.end();
  emit.get(ENTRY);
  emit.memory(OP.i32_load, LAYOUT.dispatch + 12);
  emit.tee(ENTRY);
  emit.i32(DISPATCH.slotBits);
  emit.op(OP.i32_shr_u);
  emit.get(ENTRY);
  emit.i32((1 << DISPATCH.slotBits) - 1);
  emit.op(OP.i32_and, OP.call_indirect);
  emit.unsigned(0); // REGION_TYPE
  emit.byte(0);
  emit.tee(ENTRY);
  emit.op(OP.i32_eqz);
  emit.branch(OP.br_if, 0);
  emit.end();
  emit.get(ENTRY);
  const locals: FunctionBody['locals'] = [
    [1, TYPE.i64],
    [1, TYPE.i32],
  ];
  return { type: REGION_TYPE, ...(name !== undefined && { name }), locals, code: emit.taken() };
}

/** `settle()`: the flags that translated code has left in the state block go to EFLAGS. `flags`: index of that function. */
export function settleFunction(flags: number): FunctionBody {
  const emit = new Code();
  emit.i32(0);
  for (const [opcode, word] of [
    [OP.i32_load, WORD.flagKind],
    [OP.i64_load, WORD.flagA],
    [OP.i64_load, WORD.flagB],
    [OP.i64_load, WORD.flagResult],
    [OP.i32_load, WORD.eflags],
  ] as const) {
    emit.i32(0);
    emit.memory(opcode, stateAt(word));
  }
  emit.call(flags);
  emit.memory(OP.i32_store, stateAt(WORD.eflags));
  emit.i32(0);
  emit.i32(0);
  emit.memory(OP.i32_store, stateAt(WORD.flagKind));
  return { type: [[], []], name: 'settle', locals: [], code: emit.taken() };
}
