import { deflateRawSync } from 'node:zlib';
import { KIND, LANE, LANES, SEG } from '../decode/lanes.js';
import { fillOperands } from '../decode/operands.js';
import { FORM_OP, FORM_TRAITS } from '../decode/tables.js';
import { FORM_TRAIT } from '../isa/encoding.js';
import { Code } from '../translate/code.js';
import { flagsFunction } from '../translate/flag-kinds.js';
import { WORKING_TYPES } from '../translate/locals.js';
import { BRANCH, FORM_BRANCH, FORM_LOWERING } from '../translate/lowerings.js';
import { buildModule, type FunctionBody } from '../translate/module.js';
import { OP } from '../translate/opcodes.js';
import { type Mode, SEGMENT_USE } from '../translate/region.js';
import { dispatchFunction, REGION_TYPE, REGION_TYPES, settleFunction } from '../translate/runtime.js';
import { lowerBranch } from './branches.js';
import { findFunction, settlePageFunction, touchFunction } from './easy-way.js';
import { HandlerEmitter } from './handler-emitter.js';
import { loopFunction } from './loop.js';
import { repeatFunction } from './repeat.js';
import { FIRST_HANDLER, HANDLED, NO_HANDLER, REPEATS } from './slot.js';
import { type Variant, variantIndex, VARIANTS } from './variant.js';

/** Indexes of functions in the handlers' module. */
const FUNCTION = {
  flags: 0,
  settle: 1,
  dispatch: 2,
  find: 3,
  settlePage: 4,
  touch: 5,
  move: 6,
  fill: 7,
  run: 8,
} as const;

const { flat } = SEGMENT_USE;
/** Addends are 0 as long as nothing is paged. */
const MODES: Readonly<Record<32 | 64, Mode>> = {
  32: { codeSize: 32, paged: true, segments: [flat, flat, flat, flat, SEGMENT_USE.other, SEGMENT_USE.other], key: 0 },
  64: { codeSize: 64, paged: true, segments: [], key: 0 },
};

/** Operands whose kind is all that a handler has to know beforehand. */
const KINDS = new Set<number>([KIND.none, KIND.reg, KIND.mem, KIND.imm, KIND.rel, KIND.x, KIND.y]);

export interface HandlerModule {
  readonly module: Uint8Array<ArrayBuffer>;
  /** By `variantIndex`: the number of the handler. */
  readonly table: Uint16Array;
}

/** The module of all handlers, and which of them executes what. */
export function makeHandlers(): HandlerModule {
  const table = new Uint16Array(VARIANTS * FORM_OP.length).fill(NO_HANDLER);
  const bodies: FunctionBody[] = [
    flagsFunction(new Code()),
    settleFunction(FUNCTION.flags),
    dispatchFunction(),
    findFunction(),
    settlePageFunction(),
    touchFunction(FUNCTION.find, FUNCTION.settlePage),
    repeatFunction(true, FUNCTION.touch),
    repeatFunction(false, FUNCTION.touch),
    loopFunction(FUNCTION),
  ];
  const says = (status: number): number => bodies.push(handler(Uint8Array.of(OP.i32_const, status))) - 1;
  const none = says(HANDLED.leave);
  const functions: number[] = new Array<number>(FIRST_HANDLER).fill(none);
  functions[REPEATS.MOVS] = says(HANDLED.moves);
  functions[REPEATS.STOS] = says(HANDLED.fills);
  const numbers = new Map<string, number>();
  for (const variant of variants()) {
    const code = codeOf(variant);
    if (code === undefined) continue;
    const text = code.join();
    let number = numbers.get(text);
    if (number === undefined) {
      number = functions.push(bodies.push(handler(code)) - 1) - 1;
      numbers.set(text, number);
    }
    const { form, codeSize, operandSize, hasMemory } = variant;
    table[variantIndex(form, codeSize, operandSize, hasMemory)] = number;
  }
  const imports = [
    { module: 'h', name: 'memory', what: 'memory' },
    { module: 'h', name: 'regions', what: 'table' },
  ] as const;
  return { module: buildModule(REGION_TYPES, imports, bodies, functions), table };
}

const handler = (code: Uint8Array): FunctionBody => ({ type: REGION_TYPE, locals: WORKING_TYPES, code });

function* variants(): Generator<Variant> {
  for (let form = 1; form < FORM_OP.length; form++)
    for (const codeSize of [32, 64] as const)
      for (const operandSize of [2, 4, 8] as const)
        for (const hasMemory of [false, true])
          if (codeSize === 64 || operandSize < 8) yield { form, codeSize, operandSize, hasMemory };
}

function codeOf(variant: Variant): Uint8Array | undefined {
  const { form, codeSize } = variant;
  const isBranch = FORM_BRANCH[form] !== BRANCH.none;
  const lowering = FORM_LOWERING[form];
  if ((FORM_TRAITS[form] as number) & (FORM_TRAIT.sys | FORM_TRAIT.todo) || !(isBranch || lowering)) return undefined;
  const lanes = lanesOf(variant);
  if (lanes === undefined) return undefined;
  const emit = new HandlerEmitter(MODES[codeSize], lanes, FUNCTION.flags);
  if (!(isBranch ? lowerBranch(emit) : lowering?.lower(emit))) return undefined;
  emit.flushFlags();
  emit.i32(isBranch ? HANDLED.branch : HANDLED.done);
  return emit.finish().slice();
}

/** The lanes of an instruction of the form; undefined when there is none. */
function lanesOf({ form, codeSize, operandSize, hasMemory }: Variant): Int32Array | undefined {
  const lanes = new Int32Array(LANES);
  const is64 = codeSize === 64;
  lanes[LANE.form] = form;
  lanes[LANE.size] = operandSize;
  lanes[LANE.address] = codeSize / 8;
  lanes[LANE.segment] = SEG.DS;
  lanes[LANE.index] = -1;
  const none = { opcode: 0, rex: 0, vvvv: 0, vexL: 0, prefixes: 0, override: -1 };
  const context = { ...none, form, modrm: hasMemory ? 0 : 0xc0, is64, operandSize };
  if (!fillOperands(context, lanes, 0)) return undefined;
  const kinds = [LANE.kind0, LANE.kind1, LANE.kind2].map((lane) => lanes[lane] as number);
  return kinds.every((kind) => KINDS.has(kind)) && kinds.includes(KIND.mem) === hasMemory ? lanes : undefined;
}

/** Table and module as one text. */
export function handlersText({ module, table }: HandlerModule): string {
  const bytes = new Uint8Array(table.byteLength + module.length);
  bytes.set(new Uint8Array(table.buffer));
  bytes.set(module, table.byteLength);
  const text = deflateRawSync(bytes, { level: 9 }).toString('base64');
  const lines = text.match(/.{1,120}/g) ?? [];
  return `// Made by scripts/build-tables.mjs from the lowerings in ../translate; a test holds it to them.\n\n/** The handlers' table and their module, deflated. */\nexport const HANDLERS = [\n${lines.map((line) => `  '${line}',\n`).join('')}].join('');\n`;
}
