/** What makes a comparison of unsigned words one of signed ones, which V8 need not compile anew for the first large word. */
const SIGN = 1 << 31;

/** 1 when a sum of low words, cut to 32 bits, is less than what was added. */
export const carryOf = (sum: number, addend: number): number => ((sum ^ SIGN) < (addend ^ SIGN) ? 1 : 0);
