import { type Semantics } from '../cpu/cpu.js';
import { FORMS, OPERATIONS } from '../isa/form.js';
import { ALU } from './alu.js';
import { BITS } from './bits.js';
import { BRANCHES } from './branch.js';
import { DECIMAL } from './decimal.js';
import { MOVES } from './move.js';
import { MULTIPLY } from './multiply.js';
import { SHIFTS } from './shift.js';
import { SSE_CONVERT } from './sse-convert.js';
import { SSE_FLOAT } from './sse-float.js';
import { SSE_INTEGER } from './sse-integer.js';
import { SSE_MOVES } from './sse-move.js';
import { STACK } from './stack.js';
import { STRINGS } from './string.js';

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
  ].flatMap((group) => Object.entries(group)),
);

/** Who may execute a form. */
export const GUARD = { none: 0, cpl0: 1, iopl: 2 } as const;
export const FORM_GUARD = Uint8Array.from(FORMS, ({ attributes }) =>
  attributes.has('cpl0') ? GUARD.cpl0 : attributes.has('iopl') ? GUARD.iopl : GUARD.none,
);

/** By form: its semantics, or undefined for what is decoded and no more. */
export const FORM_SEMANTICS: readonly (Semantics | undefined)[] = FORMS.map(({ name, attributes }) =>
  attributes.has('sys') || attributes.has('todo') ? undefined : SEMANTICS.get(name),
);
export { OPERATIONS };
