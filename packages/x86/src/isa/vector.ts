import { type IsaRow } from './row.js';

/**
 * What lies behind VEX, EVEX, XOP and 3DNow! prefixes, but for the integer instructions of `general.ts`: only the shape is known, so that
 * lengths and memory operands are right; which opcodes exist is not checked. Source: Intel SDM vol. 2A, 2.3.11, "VEX Instruction
 * Length"; AMD APM vol. 3, appendix A.
 */
// prettier-ignore
export const VECTOR_PREFIX_ROWS: readonly IsaRow[] = [
  ['VEX any 0F 77',             'VZEROUPPER',        'todo'],
  ...['70', '71', '72', '73', 'C2', 'C4', 'C5', 'C6'].map(
    (opcode): IsaRow => [`VEX any 0F ${opcode} /r ib`, 'VEX rm, imm8u', 'todo']),
  ['VEX any 0F ** /r',          'VEX rm',            'todo'],
  ['VEX any 0F 38 ** /r',       'VEX rm',            'todo'],
  ['VEX any 0F 3A ** /r ib',    'VEX rm, imm8u',     'todo'],
  ['0F 0F /r ib',               '3DNOW rm, imm8u',   'todo'],
];
