/** Numbers of the floating-point formats, taken apart: exact arithmetic and one rounding, for SSE with flags and for x87. */

/** Exceptions, at their places in MXCSR and in the x87 status word. */
export const FLAG = { IE: 1, DE: 2, ZE: 4, OE: 8, UE: 16, PE: 32 } as const;

/** Bits of significand, and the exponents of the smallest and largest normal number, written 1.x · 2^e. */
export interface Format {
  readonly precision: number;
  readonly lowest: number;
  readonly highest: number;
}
export const SINGLE: Format = { precision: 24, lowest: -126, highest: 127 };
export const DOUBLE: Format = { precision: 53, lowest: -1022, highest: 1023 };
export const EXTENDED: Format = { precision: 64, lowest: -16382, highest: 16383 };

export const CLASS = { zero: 0, finite: 1, infinity: 2, nan: 3, unsupported: 4 } as const;
type Class = (typeof CLASS)[keyof typeof CLASS];

/**
 * A number: (-1)^negative · significand · 2^exponent, where the significand of what is finite has its bit 63 set. NaNs have theirs as the
 * extended format does. `unsupported` are encodings of that format that are no numbers.
 */
export interface Real {
  readonly kind: Class;
  readonly negative: boolean;
  readonly exponent: number;
  readonly significand: bigint;
  /** Its encoding was denormal. */
  readonly denormal: boolean;
}

const TOP = 1n << 63n;
const QUIET = 1n << 62n;
const MASK_64 = (1n << 64n) - 1n;

export const zero = (negative: boolean): Real => ({
  kind: CLASS.zero,
  negative,
  exponent: 0,
  significand: 0n,
  denormal: false,
});
export const infinity = (negative: boolean): Real => ({ ...zero(negative), kind: CLASS.infinity, significand: TOP });
/** The NaN that invalid operations give. */
export const INDEFINITE: Real = { ...zero(true), kind: CLASS.nan, significand: TOP | QUIET };
export const finite = (negative: boolean, significand: bigint, exponent: number): Real => ({
  kind: CLASS.finite,
  negative,
  exponent,
  significand,
  denormal: false,
});

/** Exact, of any significand. */
export function normal(negative: boolean, significand: bigint, exponent: number): Real {
  if (significand === 0n) return zero(negative);
  const shift = 64 - bitLength(significand);
  return finite(negative, significand << BigInt(shift), exponent - shift);
}

export const negated = (real: Real): Real => ({ ...real, negative: !real.negative });
export const isSignaling = ({ kind, significand }: Real): boolean => kind === CLASS.nan && (significand & QUIET) === 0n;
export const quieted = (real: Real): Real => ({ ...real, significand: real.significand | QUIET });

export function bitLength(value: bigint): number {
  let length = 0;
  let rest = value;
  while (rest > 0xffffffffn) {
    rest >>= 32n;
    length += 32;
  }
  return length + 32 - Math.clz32(Number(rest));
}

// encodings

export function fromSingle(bits: number): Real {
  return decode(bits < 0, (bits >>> 23) & 0xff, BigInt(bits & 0x7fffff), SINGLE, 0xff);
}

export function fromDouble(lo: number, hi: number): Real {
  const fraction = (BigInt(hi & 0xfffff) << 32n) | BigInt(lo >>> 0);
  return decode(hi < 0, (hi >>> 20) & 0x7ff, fraction, DOUBLE, 0x7ff);
}

function decode(negative: boolean, biased: number, fraction: bigint, format: Format, special: number): Real {
  const bits = format.precision - 1;
  const shifted = fraction << BigInt(63 - bits);
  if (biased === special)
    return fraction === 0n ? infinity(negative) : { ...zero(negative), kind: CLASS.nan, significand: TOP | shifted };
  if (biased > 0) return finite(negative, TOP | shifted, format.lowest + biased - 1 - 63);
  if (fraction === 0n) return zero(negative);
  return { ...normal(negative, fraction, format.lowest - bits), denormal: true };
}

/** `top`: sign and exponent. */
export function fromExtended(significand: bigint, top: number): Real {
  const negative = (top & 0x8000) !== 0;
  const biased = top & 0x7fff;
  if (biased === 0) {
    if (significand === 0n) return zero(negative);
    return { ...normal(negative, significand, EXTENDED.lowest - 63), denormal: true };
  }
  if ((significand & TOP) === 0n) return { ...zero(negative), kind: CLASS.unsupported };
  if (biased !== 0x7fff) return finite(negative, significand, EXTENDED.lowest + biased - 1 - 63);
  return significand === TOP ? infinity(negative) : { ...zero(negative), kind: CLASS.nan, significand };
}

/** Biased exponent and fraction (with the integer bit at `precision - 1`) of a number that `round` has made fit. */
function encode(real: Real, format: Format): { biased: number; significand: bigint } {
  const { precision, lowest, highest } = format;
  if (real.kind === CLASS.zero) return { biased: 0, significand: 0n };
  const shift = 64 - precision;
  if (real.kind !== CLASS.finite)
    return { biased: highest - lowest + 2, significand: real.significand >> BigInt(shift) };
  const below = lowest - (real.exponent + 63);
  if (below > 0) return { biased: 0, significand: real.significand >> BigInt(shift + below) };
  return { biased: 1 - below, significand: real.significand >> BigInt(shift) };
}

export function toSingle(real: Real): number {
  const { biased, significand } = encode(real, SINGLE);
  return (real.negative ? 1 << 31 : 0) | (biased << 23) | (Number(significand) & 0x7fffff);
}

/** Low word, high word. */
export function toDouble(real: Real): readonly [number, number] {
  const { biased, significand } = encode(real, DOUBLE);
  const hi = Number(significand >> 32n) & 0xfffff;
  return [Number(significand & 0xffffffffn) | 0, (real.negative ? 1 << 31 : 0) | (biased << 20) | hi];
}

/** Significand, sign and exponent. */
export function toExtended(real: Real): readonly [bigint, number] {
  const { biased, significand } = encode(real, EXTENDED);
  return [significand & MASK_64, (real.negative ? 0x8000 : 0) | biased];
}
