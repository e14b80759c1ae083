import { COLUMNS, LENGTHS, OPERATION_NAMES, SPECIAL, SYSTEM_TEXTS } from './tables.generated.js';

/**
 * The decoder's tables, as numbers: reading the rows takes longer than most programs that only decode. `make-tables.ts` makes them from the
 * rows, `npm run build:tables` writes them down. Wide columns come first, so that each is aligned.
 */
const bytes =
  typeof Buffer === 'undefined'
    ? Uint8Array.from(atob(COLUMNS), (letter) => letter.charCodeAt(0))
    : Buffer.from(COLUMNS, 'base64');
let at = bytes.byteOffset;
const take = (size: number): number => (at += size) - size;
const int16 = (length: number): Int16Array => new Int16Array(bytes.buffer, take(2 * length), length);
const uint8 = (length: number): Uint8Array => new Uint8Array(bytes.buffer, take(length), length);

/** Three operands a form, as `SPEC | line of SIZE_TABLE for a register << 8 | for memory << 16 | fixed register << 24`. */
export const FORM_OPERANDS = new Int32Array(bytes.buffer, take(4 * LENGTHS.operands), LENGTHS.operands);
/** Number of the operation. */
export const FORM_OP = int16(LENGTHS.op);
/** The eight maps of 256 opcodes: 0 no instruction, a form, or -1 - the group that decides. */
export const OPCODES = int16(LENGTHS.opcodes);
/**
 * A group has 128 cells, `(64-bit mode) << 6 | prefix << 4 | (register) << 3 | ModRM.reg`, where prefix is NP, 66, F3, F2 and
 * register says that ModRM.mod is 3. A cell is 0, a form, or -1 - the fan of eight by ModRM.rm.
 */
export const GROUPS = int16(LENGTHS.groups);
export const FANS = int16(LENGTHS.fans);
/** Whether a group looks at ModRM at all. */
export const GROUP_HAS_MODRM = uint8(LENGTHS.groupHasModrm);
/** FORM_BIT. */
export const FORM_BITS = uint8(LENGTHS.bits);
export const FORM_IMMEDIATE = uint8(LENGTHS.immediate);
export const FORM_IMMEDIATE2 = uint8(LENGTHS.immediate2);
/** FORM_TRAIT. */
export const FORM_TRAITS = uint8(LENGTHS.traits);

/** Numbers of the operations: one for each name that `Form.name` takes. Operation 0 is `(bad)`. */
export const OPERATIONS: readonly string[] = OPERATION_NAMES.split(' ');
/** What the forms with FORM_TRAIT.sys are, in the words of their rows. */
export const SYSTEM_FORM_TEXTS: readonly string[] = SYSTEM_TEXTS.split(';');

export const { NOP_90, PAUSE_90, XCHG_90, SHAPE_RM, SHAPE_RM_IB } = SPECIAL;

export function operation(name: string): number {
  const number = OPERATIONS.indexOf(name);
  if (number < 0) throw new Error(`no operation '${name}' in the instruction table`);
  return number;
}
