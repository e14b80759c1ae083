/** What an operand of a row asks of the decoder. Values are stored in typed arrays. */
// prettier-ignore
export const SPEC = {
  none: 0, rm: 1, reg: 2, opcodeReg: 3, vvvv: 4, fixed: 5, imm: 6, imm2: 7, one: 8, moffs: 9, rel: 10, far: 11, sreg: 12, cr: 13,
  dr: 14, x: 15, y: 16, otherRm: 17, rmAlwaysReg: 18,
  vectorReg: 19, vectorRm: 20, mmxReg: 21, mmxRm: 22, stackTop: 23, stackRm: 24,
} as const;

/** Sizes of operands in bytes, for operand sizes 2, 4, 8 outside 64-bit mode and then inside. */
// prettier-ignore
const SIZES: Readonly<Record<string, readonly [number, number, number, number, number, number]>> = {
  // text      2    4    8      2    4    8 (64-bit mode)
  '0':       [ 0,   0,   0,     0,   0,   0],
  '8':       [ 1,   1,   1,     1,   1,   1],
  '16':      [ 2,   2,   2,     2,   2,   2],
  '32':      [ 4,   4,   4,     4,   4,   4],
  '64':      [ 8,   8,   8,     8,   8,   8],
  '80':      [10,  10,  10,    10,  10,  10],
  '128':     [16,  16,  16,    16,  16,  16],
  v:         [ 2,   4,   8,     2,   4,   8],
  '32:64':   [ 4,   4,   4,     4,   4,   8],
  '16:32':   [ 2,   4,   4,     2,   4,   4],
  s:         [ 2,   4,   4,     2,   4,   4],
  '2':       [ 4,   8,  16,     4,   8,  16],
  x:         [ 8,   8,   8,     8,   8,  16],
  '16:z':    [ 4,   6,   6,     4,   6,  10],
  DT:        [ 6,   6,   6,    10,  10,  10],
  N:         [ 4,   4,   4,     8,   8,   8],
};
/** Lines of SIZE_TABLE, in order. */
export const SIZE_NAMES = Object.keys(SIZES);
/** `SIZE_TABLE[6 * code + 3 * (64-bit mode) + log2(operand size / 2)]`, bytes. */
export const SIZE_TABLE = Uint8Array.from(Object.values(SIZES).flat());
