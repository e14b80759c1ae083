/** The instruction table, parsed: `@bzelf/x86/isa`. Whoever only executes does without it, and starts sooner. */
export { FORMS, type Encoding, type Form } from './isa/form.js';
export { FLAG_EFFECTS, NO_FLAGS, type FlagEffect } from './isa/flag-effects.js';
export { rowText } from './isa/row-text.js';
export { type IsaRow } from './isa/row.js';
