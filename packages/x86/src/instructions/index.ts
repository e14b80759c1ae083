import { type Semantics } from '../cpu/cpu.js';
import { FORMS, OPERATIONS } from '../isa/form.js';
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
import { SSE_INTEGER } from './sse-integer.js';
import { SSE_MOVES } from './sse-move.js';
import { STACK } from './stack.js';
import { STRINGS } from './string.js';
import { X87_ARITHMETIC } from './x87-arithmetic.js';
import { X87_CONTROL } from './x87-control.js';
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
    X87_MOVES,
    X87_ARITHMETIC,
    X87_SCALE,
    X87_CONTROL,
    FXSAVE,
  ].flatMap((group) => Object.entries(group)),
);

/** What the interpreter has to know of a form beside its semantics: bits. */
export const KINDS = { plain: 0, cpl0: 1, iopl: 2, repeats: 4, branch: 8, unimplemented: 16 } as const;

/** IN, OUT, INS and OUTS ask the TSS too, and do all of it themselves. */
const ASKS_ITSELF = new Set(['IN', 'OUT', 'INS', 'OUTS']);
/** What ends a block of code, if only perhaps. */
const BRANCH_NAME = /^(J|CALL|RET|LOOP|IRET|SYS|INT)/;

/** By form: its semantics, or undefined for what is decoded and no more. */
export const FORM_SEMANTICS: readonly (Semantics | undefined)[] = FORMS.map(({ name, row, attributes }) => {
  if (attributes.has('sys') || ABSENT_INSTRUCTIONS.has(name))
    return SYSTEM_SEMANTICS.get(row[1]) ?? SYSTEM_SEMANTICS.get(name);
  return attributes.has('todo') ? undefined : SEMANTICS.get(name);
});

export const FORM_KINDS = Uint8Array.from(FORMS, ({ name, attributes, index }) => {
  const { cpl0, iopl, repeats, branch, unimplemented, plain } = KINDS;
  const guard = attributes.has('cpl0') ? cpl0 : attributes.has('iopl') && !ASKS_ITSELF.has(name) ? iopl : plain;
  const rep = attributes.has('rep') || attributes.has('repz') ? repeats : plain;
  return (
    guard |
    rep |
    (BRANCH_NAME.test(name) ? branch : plain) |
    (FORM_SEMANTICS[index] === undefined ? unimplemented : plain)
  );
});
export { OPERATIONS };
