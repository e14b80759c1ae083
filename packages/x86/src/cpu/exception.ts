/** Exceptions by vector. Source: Intel SDM vol. 3A, table 6-1. */
// prettier-ignore
export const VECTOR = {
  DE: 0, DB: 1, NMI: 2, BP: 3, OF: 4, BR: 5, UD: 6, NM: 7, DF: 8, TS: 10, NP: 11, SS: 12, GP: 13, PF: 14, MF: 16, AC: 17, XM: 19,
} as const;

/** Thrown and caught inside the interpreter only; one object for all, because the exception itself is in the state block. */
export const GUEST_EXCEPTION = { name: 'guest exception' } as const;
