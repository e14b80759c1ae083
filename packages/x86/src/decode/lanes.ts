/** Where the decoder writes a field; one instruction takes `LANES` consecutive 32-bit lanes. */
// prettier-ignore
export const LANE = {
  form: 0,      // row of the table
  op: 1,        // number of the operation
  length: 2,    // bytes
  size: 3,      // operand size, bytes: 2, 4, 8
  address: 4,   // address size, bytes: 2, 4, 8
  prefixes: 5,  // PREFIX bits
  segment: 6,   // of the memory operand (and of X), after overrides: SEG
  base: 7,      // of the memory operand: register, RIP or -1
  index: 8,     // register or -1
  scale: 9,     // 0 to 3: the index is shifted left by it
  dispLo: 10,   // sign-extended to 64 bits
  dispHi: 11,
  immLo: 12,    // sign-extended to 64 bits unless the row says otherwise
  immHi: 13,
  imm2: 14,     // second immediate, or the selector of a far pointer
  kind0: 15,    // operands: KIND, number, bytes
  reg0: 16,
  size0: 17,
  kind1: 18,
  reg1: 19,
  size1: 20,
  kind2: 21,
  reg2: 22,
  size2: 23,
} as const;
export const LANES = 24;

/** What an operand is. General registers are 0 to 15; AH, CH, DH, BH are 16 to 19. */
// prettier-ignore
export const KIND = {
  none: 0, reg: 1, mem: 2, imm: 3, imm2: 4, sreg: 5, cr: 6, dr: 7, rel: 8, far: 9, x: 10, y: 11, other: 12, xmm: 13, mm: 14, st: 15,
} as const;
export const HIGH_BYTE = 16;
/** In the base lane: the address of the next instruction. */
export const RIP = 16;
export const SEG = { ES: 0, CS: 1, SS: 2, DS: 3, FS: 4, GS: 5 } as const;

export const PREFIX = {
  operandSize: 0x01,
  addressSize: 0x02,
  lock: 0x04,
  rep: 0x08,
  repne: 0x10,
  rex: 0x20,
  rexW: 0x40,
  segment: 0x80,
  vex: 0x100,
  evex: 0x200,
  xop: 0x400,
} as const;

/** What `decode` returns in place of a length. */
export const DECODE_INVALID = -1;
/** The bytes end before the instruction does. */
export const DECODE_TRUNCATED = -2;
/** More than 15 bytes: #GP(0), not #UD. */
export const DECODE_TOO_LONG = -3;
export const MAX_LENGTH = 15;
