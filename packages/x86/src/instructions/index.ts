import { type Semantics } from '../cpu/cpu.js';
import { FORM_OP, FORM_TRAITS, OPERATIONS, SYSTEM_FORM_TEXTS } from '../decode/tables.js';
import { FORM_TRAIT } from '../isa/encoding.js';
import { ALU } from './alu.js';
import { BITS } from './bits.js';
import { BRANCHES } from './branch.js';
import { DECIMAL } from './decimal.js';
import { MOVES } from './move.js';
import { MULTIPLY } from './multiply.js';
import { FXSAVE } from './fxsave.js';
import { SHIFTS } from './shift.js';
import { SSE_CONVERT } from './sse-convert.js';
import { SSE_FLOAT } from './sse-float.js';
import { SSE3 } from './sse3.js';
import { SSE_INTEGER } from './sse-integer.js';
import { SSE_MOVES } from './sse-move.js';
import { STACK } from './stack.js';
import { STRINGS } from './string.js';
import { X87_ARITHMETIC } from './x87-arithmetic.js';
import { X87_CONTROL } from './x87-control.js';
import { X87_DECIMAL } from './x87-decimal.js';
import { X87_MOVES } from './x87-move.js';
import { X87_SCALE } from './x87-scale.js';
import { ABSENT_INSTRUCTIONS, SYSTEM_SEMANTICS } from '../system/index.js';

/** The semantics of every operation that the interpreter knows, by name. */
export const SEMANTICS: ReadonlyMap<string, Semantics> = new Map(
  [
    ALU,
    SHIFTS,
    MULTIPLY,
    BITS,
    MOVES,
    STACK,
    BRANCHES,
    STRINGS,
    DECIMAL,
    SSE_MOVES,
    SSE_INTEGER,
    SSE_FLOAT,
    SSE_CONVERT,
    SSE3,
    X87_MOVES,
    X87_DECIMAL,
    X87_ARITHMETIC,
    X87_SCALE,
    X87_CONTROL,
    FXSAVE,
  ].flatMap((group) => Object.entries(group)),
);

/** What the interpreter has to know of a form beside its semantics: bits. */
export const KINDS = { plain: 0, cpl0: 1, iopl: 2, repeats: 4, branch: 8, unimplemented: 16, system: 32 } as const;

/** IN, OUT, INS and OUTS ask the TSS too, and do all of it themselves. */
const ASKS_ITSELF = new Set(['IN', 'OUT', 'INS', 'OUTS']);
/** What ends a block of code, if only perhaps. */
const BRANCH_NAME = /^(J|CALL|RET|LOOP|IRET|SYS|INT)/;

/** By form: its semantics, or undefined for what is decoded and no more. */
export const FORM_SEMANTICS: readonly (Semantics | undefined)[] = semanticsOfForms();
export const FORM_KINDS: Readonly<Uint8Array> = kindsOfForms();

// Plain loops: this runs at every start.
function semanticsOfForms(): (Semantics | undefined)[] {
  const plain = OPERATIONS.map((name) => SEMANTICS.get(name));
  const system = OPERATIONS.map((name) => SYSTEM_SEMANTICS.get(name));
  const isAbsent = OPERATIONS.map((name) => ABSENT_INSTRUCTIONS.has(name));
  const semantics = new Array<Semantics | undefined>(FORM_OP.length);
  let systemForms = 0;
  for (let form = 0; form < semantics.length; form++) {
    const op = FORM_OP[form] as number;
    const traits = FORM_TRAITS[form] as number;
    if (traits & FORM_TRAIT.sys)
      semantics[form] = SYSTEM_SEMANTICS.get(SYSTEM_FORM_TEXTS[systemForms++] as string) ?? system[op];
    else if (isAbsent[op] === true) semantics[form] = system[op];
    else semantics[form] = traits & FORM_TRAIT.todo ? undefined : plain[op];
  }
  return semantics;
}

function kindsOfForms(): Uint8Array {
  const { cpl0, iopl, repeats, branch, unimplemented, system, plain } = KINDS;
  const branches = OPERATIONS.map((name) => (BRANCH_NAME.test(name) ? branch : plain));
  const guarded = OPERATIONS.map((name) => (ASKS_ITSELF.has(name) ? plain : iopl));
  const kinds = new Uint8Array(FORM_OP.length);
  for (let form = 0; form < kinds.length; form++) {
    const op = FORM_OP[form] as number;
    const traits = FORM_TRAITS[form] as number;
    kinds[form] =
      (traits & FORM_TRAIT.cpl0 ? cpl0 : traits & FORM_TRAIT.iopl ? (guarded[op] as number) : plain) |
      (traits & FORM_TRAIT.rep ? repeats : plain) |
      (traits & FORM_TRAIT.sys ? system : plain) |
      (branches[op] as number) |
      (FORM_SEMANTICS[form] === undefined ? unimplemented : plain);
  }
  return kinds;
}
