import { WORD } from '../cpu/state.js';
import { LAYOUT } from '../memory/layout.js';
import { buildModule, Code, type FunctionBody, type FunctionType, type Import } from './code.js';
import { flagsFunction } from './flag-kinds.js';
import { OP, TYPE } from './opcodes.js';

const log2 = (size: number): number => 31 - Math.clz32(size);

/**
 * What regions call, by its place in a small table. They do not import functions: V8 would compile a wrapper for each of their types, which takes
 * ten times as long as the rest of a module (0.5 ms against 0.05, Node 20).
 */
export const FUNCTION = {
  load: (size: number): number => log2(size),
  loadToModify: (size: number): number => 4 + log2(size),
  store: (size: number): number => 8 + log2(size),
  flags: 12,
  count: 13,
} as const;

const LOAD_TYPE: FunctionType = [[TYPE.i64, TYPE.i32, TYPE.i32], [TYPE.i64]];
const STORE_TYPE: FunctionType = [[TYPE.i64, TYPE.i64, TYPE.i32, TYPE.i32], []];
const FLAGS_TYPE: FunctionType = [[TYPE.i32, TYPE.i64, TYPE.i64, TYPE.i64, TYPE.i32], [TYPE.i32]];
export const REGION_TYPE: FunctionType = [[TYPE.i32], [TYPE.i32]];
const SIZES = [1, 2, 4, 8];

/** Names of the runtime's exports in the order of FUNCTION. */
export const FUNCTION_NAMES: readonly string[] = [
  ...SIZES.map((size) => `load${size}`),
  ...SIZES.map((size) => `modify${size}`),
  ...SIZES.map((size) => `store${size}`),
  'flags',
];

export const REGION_IMPORTS: readonly Import[] = [
  { module: 'm', name: 'm', what: 'memory' },
  { module: 'm', name: 't', what: 'table' },
];
/** Types of a region's module: its own function's, and those that it calls. */
export const REGION_TYPES = [REGION_TYPE, LOAD_TYPE, STORE_TYPE, FLAGS_TYPE] as const;
export const TYPE_INDEX = { load: 1, store: 2, flags: 3 } as const;

/** What the slow path is asked: the size, and one of these. */
export const ACCESS = { load: 0, modify: 0x10, store: 0x20 } as const;

const state = (word: number): number => LAYOUT.state + 4 * word;
/** Index of the one function that is imported from JavaScript. */
const SLOW = 0;

function slowPath(name: string, size: number, access: number): FunctionBody {
  const emit = new Code();
  const isStore = access === ACCESS.store;
  const site = isStore ? 2 : 1;
  const put = (local: number, opcode: number, word: number) => {
    emit.i32(0);
    emit.get(local);
    emit.memory(opcode, state(word));
  };
  put(0, OP.i64_store, WORD.linear);
  if (isStore) put(1, OP.i64_store, WORD.value);
  put(site, OP.i32_store, WORD.site);
  put(site + 1, OP.i32_store, WORD.left);
  emit.i32(size | access);
  emit.call(SLOW);
  if (!isStore) {
    emit.i32(0);
    emit.memory(OP.i64_load, state(WORD.value));
  }
  return { type: isStore ? STORE_TYPE : LOAD_TYPE, name, locals: [], code: emit.taken() };
}

/** Entries of the dispatcher's table: rIP (8 bytes), mode, and slot with the label above it. */
export const DISPATCH = { entries: 0x4000, bytes: 16, slotBits: 12 } as const;
/** Where an address has its entry. */
export const dispatchIndex = (lo: number): number => (lo ^ (lo >>> 13)) & (DISPATCH.entries - 1);

/** `run(mode)`: goes from region to region until one has something to say, or there is none for rIP. */
function dispatcher(types: { region: number }, miss: number): FunctionBody {
  const [MODE, RIP, ENTRY] = [0, 1, 2];
  const emit = new Code();
  emit.block(OP.loop);
  emit.i32(0);
  emit.memory(OP.i64_load, state(WORD.rip));
  emit.tee(RIP);
  emit.op(OP.i32_wrap_i64);
  emit.tee(ENTRY);
  emit.get(ENTRY);
  emit.i32(13);
  emit.op(OP.i32_shr_u, OP.i32_xor);
  emit.i32(DISPATCH.entries - 1);
  emit.op(OP.i32_and);
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
  emit.i32(miss);
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
  emit.unsigned(types.region);
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
  return { type: REGION_TYPE, name: 'run', locals, code: emit.taken() };
}

/** `settle()`: the flags that translated code has left in the state block go to EFLAGS. */
function settle(flags: number): FunctionBody {
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
    emit.memory(opcode, state(word));
  }
  emit.call(flags);
  emit.memory(OP.i32_store, state(WORD.eflags));
  emit.i32(0);
  emit.i32(0);
  emit.memory(OP.i32_store, state(WORD.flagKind));
  return { type: [[], []], name: 'settle', locals: [], code: emit.taken() };
}

/** The module that regions import from: slow paths, flags, dispatcher. `miss` is what the dispatcher says when there is no region. */
export function runtimeModule(miss: number): Uint8Array<ArrayBuffer> {
  const imports: Import[] = [
    { module: 'h', name: 'slow', what: [[TYPE.i32], []] },
    { module: 'h', name: 'memory', what: 'memory' },
    { module: 'h', name: 'table', what: 'table' },
  ];
  const bodies = [
    ...SIZES.map((size) => slowPath(`load${size}`, size, ACCESS.load)),
    ...SIZES.map((size) => slowPath(`modify${size}`, size, ACCESS.modify)),
    ...SIZES.map((size) => slowPath(`store${size}`, size, ACCESS.store)),
    flagsFunction(new Code()),
  ];
  // types are numbered in the order in which they are first used: the import's, those of the slow paths, of flags, and then the region's
  const regionType = new Set([[[TYPE.i32], []], ...bodies.map(({ type }) => type)].map(String)).size;
  return buildModule([], imports, [...bodies, dispatcher({ region: regionType }, miss), settle(1 + FUNCTION.flags)]);
}
