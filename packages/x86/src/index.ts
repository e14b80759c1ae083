export { Decoder, type CodeSize } from './decode/decoder.js';
export {
  DECODE_INVALID,
  DECODE_TOO_LONG,
  DECODE_TRUNCATED,
  HIGH_BYTE,
  KIND,
  LANE,
  LANES,
  MAX_LENGTH,
  PREFIX,
  RIP,
  SEG,
} from './decode/lanes.js';
export { FORMS, OPERATIONS, operation, type Encoding, type Form } from './isa/form.js';
export { FLAG_EFFECTS, flagLetters, flagMask, NO_FLAGS, undefinedByCount, type FlagEffect } from './isa/flags.js';
export { type IsaRow } from './isa/row.js';
