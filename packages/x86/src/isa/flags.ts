/** The six status flags at their places in EFLAGS, DF, and IF. */
export const CF = 0x001;
export const PF = 0x004;
export const AF = 0x010;
export const ZF = 0x040;
export const SF = 0x080;
export const TF = 0x100;
export const IF = 0x200;
export const DF = 0x400;
export const OF = 0x800;
export const IOPL = 0x3000;
export const NT = 0x4000;
export const RF = 0x10000;
export const VM = 0x20000;
export const AC = 0x40000;
export const VIF = 0x80000;
export const VIP = 0x100000;
export const ID = 0x200000;
export const STATUS_FLAGS = CF | PF | AF | ZF | SF | OF;

const LETTERS: Readonly<Record<string, number>> = { C: CF, P: PF, A: AF, Z: ZF, S: SF, O: OF, D: DF, I: IF, V: AC };

export const flagMask = (letters: string): number =>
  [...letters].reduce((mask, letter) => mask | (LETTERS[letter] ?? 0), 0);
export const flagLetters = (mask: number): string =>
  Object.entries(LETTERS).reduce((text, [letter, bit]) => (mask & bit ? text + letter : text), '');

/**
 * Flags that a shift or rotation leaves undefined because of its count, beside those of its line. `count` is masked (to 5 bits, 6 for
 * 64-bit operands) and `bits` the operand's width. Source: Intel SDM vol. 2B, "SAL/SAR/SHL/SHR", "RCL/RCR/ROL/ROR", "SHLD", "SHRD".
 */
export function undefinedByCount(name: string, count: number, bits: number): number {
  if (count === 0) return 0;
  const of = count === 1 ? 0 : OF;
  switch (name) {
    case 'SHL':
    case 'SHR':
      return of | (count >= bits ? CF : 0);
    case 'SHLD':
    case 'SHRD':
      return count > bits ? STATUS_FLAGS : of;
    default:
      return of;
  }
}
