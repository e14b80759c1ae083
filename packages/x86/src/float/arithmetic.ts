import {
  bitLength,
  CLASS,
  finite,
  FLAG,
  INDEFINITE,
  infinity,
  isSignaling,
  normal,
  quieted,
  zero,
  type Format,
  type Real,
} from './real.js';

/** Rounding control, as MXCSR and the x87 control word have it. */
export const ROUND = { nearest: 0, down: 1, up: 2, chop: 3 } as const;

/** How far an unmasked overflow or underflow of x87 moves the exponent. Source: Intel SDM vol. 1, 8.5.4. */
const WRAP = 24576;

/** What an operation depends on beside its operands, and the exceptions that it meets. */
export class Environment {
  rounding: number = ROUND.nearest;
  /** x87 chooses among two NaNs by their significands; SSE takes the first. */
  x87 = false;
  /** Exceptions that are masked; the unmasked ones change some results. */
  masked = 0x3f;
  /** SSE: what is tiny becomes 0. */
  flushToZero = false;
  /** SSE: denormal operands are 0. */
  denormalsAreZero = false;
  flags = 0;
  /** The magnitude was rounded up. */
  roundedUp = false;

  invalid(): Real {
    this.flags |= FLAG.IE;
    return INDEFINITE;
  }
}

/** An operand as the environment sees it. */
export const operand = (env: Environment, real: Real): Real =>
  env.denormalsAreZero && real.denormal ? zero(real.negative) : real;

const isNaN = ({ kind }: Real): boolean => kind === CLASS.nan;

/** The NaN, or the indefinite, when an operand is not a number; else undefined, with the denormal exception noted. */
function special(env: Environment, a: Real, b: Real): Real | undefined {
  if (a.kind === CLASS.unsupported || b.kind === CLASS.unsupported) return env.invalid();
  if (!isNaN(a) && !isNaN(b)) return undefined;
  if (isSignaling(a) || isSignaling(b)) env.flags |= FLAG.IE;
  if (!isNaN(b)) return quieted(a);
  if (!isNaN(a)) return quieted(b);
  return quieted(env.x87 ? larger(a, b) : a);
}

/** Of two NaNs. Source: Intel SDM vol. 1, table 4-7. */
function larger(a: Real, b: Real): Real {
  if (isSignaling(a) !== isSignaling(b)) return isSignaling(a) ? b : a;
  if (a.significand !== b.significand) return a.significand > b.significand ? a : b;
  return a.negative ? b : a;
}

export function noteDenormals(env: Environment, a: Real, b: Real = a): void {
  if (a.denormal || b.denormal) env.flags |= FLAG.DE;
}

export function add(env: Environment, format: Format, first: Real, second: Real, subtract = false): Real {
  const a = operand(env, first);
  const b = operand(env, second);
  const nan = special(env, a, b);
  if (nan !== undefined) return nan;
  const bNegative = b.negative !== subtract;
  if (a.kind === CLASS.infinity && b.kind === CLASS.infinity && a.negative !== bNegative) return env.invalid();
  noteDenormals(env, a, b);
  if (a.kind === CLASS.infinity) return a;
  if (b.kind === CLASS.infinity) return infinity(bNegative);
  if (b.kind === CLASS.zero) {
    if (a.kind !== CLASS.zero) return round(env, format, a.negative, a.significand, a.exponent);
    return zero(a.negative === bNegative ? a.negative : env.rounding === ROUND.down);
  }
  if (a.kind === CLASS.zero) return round(env, format, bNegative, b.significand, b.exponent);
  return a.exponent >= b.exponent
    ? sum(env, format, a.negative, a, bNegative, b)
    : sum(env, format, bNegative, b, a.negative, a);
}

/** a + b, where a's exponent is not less. */
function sum(env: Environment, format: Format, aNegative: boolean, a: Real, bNegative: boolean, b: Real): Real {
  const distance = a.exponent - b.exponent;
  const far = distance > 140; // then b is less than any bit that matters, but not nothing
  const exponent = far ? a.exponent - 140 : b.exponent;
  const aligned = a.significand << BigInt(far ? 140 : distance);
  const other = far ? 1n : b.significand;
  if (aNegative === bNegative) return round(env, format, aNegative, aligned + other, exponent);
  const difference = aligned - other;
  if (difference === 0n) return zero(env.rounding === ROUND.down);
  const negative = difference < 0n ? bNegative : aNegative;
  return round(env, format, negative, difference < 0n ? -difference : difference, exponent);
}

export function multiply(env: Environment, format: Format, first: Real, second: Real): Real {
  const a = operand(env, first);
  const b = operand(env, second);
  const nan = special(env, a, b);
  if (nan !== undefined) return nan;
  const negative = a.negative !== b.negative;
  const hasInfinity = a.kind === CLASS.infinity || b.kind === CLASS.infinity;
  const hasZero = a.kind === CLASS.zero || b.kind === CLASS.zero;
  if (hasInfinity && hasZero) return env.invalid();
  noteDenormals(env, a, b);
  if (hasInfinity) return infinity(negative);
  if (hasZero) return zero(negative);
  return round(env, format, negative, a.significand * b.significand, a.exponent + b.exponent);
}

export function divide(env: Environment, format: Format, first: Real, second: Real): Real {
  const a = operand(env, first);
  const b = operand(env, second);
  const nan = special(env, a, b);
  if (nan !== undefined) return nan;
  const negative = a.negative !== b.negative;
  if (a.kind === b.kind && a.kind !== CLASS.finite) return env.invalid();
  if (b.kind === CLASS.zero && a.kind === CLASS.finite) {
    env.flags |= FLAG.ZE;
    return infinity(negative);
  }
  noteDenormals(env, a, b);
  if (a.kind === CLASS.infinity || b.kind === CLASS.zero) return infinity(negative);
  if (a.kind === CLASS.zero || b.kind === CLASS.infinity) return zero(negative);
  const dividend = a.significand << 68n;
  const quotient = dividend / b.significand;
  const sticky = quotient * b.significand === dividend ? 0n : 1n;
  return round(env, format, negative, (quotient << 1n) | sticky, a.exponent - b.exponent - 69);
}

export function squareRoot(env: Environment, format: Format, source: Real): Real {
  const a = operand(env, source);
  const nan = special(env, a, a);
  if (nan !== undefined) return nan;
  if (a.kind === CLASS.zero) return a;
  if (a.negative) return env.invalid();
  noteDenormals(env, a);
  if (a.kind === CLASS.infinity) return a;
  const odd = a.exponent & 1;
  const radicand = a.significand << BigInt(76 + odd);
  const root = integerRoot(radicand);
  const sticky = root * root === radicand ? 0n : 1n;
  return round(env, format, false, (root << 1n) | sticky, (a.exponent - odd - 76) / 2 - 1);
}

/** The largest integer whose square is not larger, by Newton's method from above. */
function integerRoot(value: bigint): bigint {
  let root = 1n << BigInt((bitLength(value) + 1) >> 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** Whether what is cut off (of `cut` bits) makes the magnitude one larger. */
function roundsUp(rounding: number, negative: boolean, kept: bigint, rest: bigint, cut: number): boolean {
  if (rest === 0n) return false;
  switch (rounding) {
    case ROUND.nearest: {
      const half = 1n << BigInt(cut - 1);
      return rest > half || (rest === half && (kept & 1n) === 1n);
    }
    case ROUND.down:
      return negative;
    case ROUND.up:
      return !negative;
    default:
      return false;
  }
}

/** Cuts `cut` bits off, 0 or less is none: the rounded rest, and whether that is inexact and larger. */
function shorten(env: Environment, negative: boolean, significand: bigint, cut: number) {
  if (cut <= 0) return { value: significand << BigInt(-cut), inexact: false, up: false };
  const kept = significand >> BigInt(cut);
  const rest = significand - (kept << BigInt(cut));
  const up = roundsUp(env.rounding, negative, kept, rest, cut);
  return { value: up ? kept + 1n : kept, inexact: rest !== 0n, up };
}

/** The number of a format that stands for significand · 2^exponent, with its exceptions. A sticky bit may be the lowest. */
export function round(
  env: Environment,
  { precision, lowest, highest }: Format,
  negative: boolean,
  significand: bigint,
  exponent: number,
): Real {
  const length = bitLength(significand);
  const top = exponent + length - 1;
  const unbounded = shorten(env, negative, significand, length - precision);
  const place = exponent + length - precision;
  const roundedTop = bitLength(unbounded.value) > precision ? top + 1 : top;
  if (roundedTop < lowest) {
    const tiny = { negative, significand, exponent };
    return underflow(env, precision, lowest, tiny, normal(negative, unbounded.value, place), unbounded);
  }
  // just below the smallest normal number, but rounded up to it: not tiny, yet the result is rounded once, at its own place
  const result = unbounded;
  if (result.inexact) env.flags |= FLAG.PE;
  env.roundedUp = result.up;
  if (roundedTop <= highest) return normal(negative, result.value, place);
  env.flags |= FLAG.OE;
  const wrapped = (env.masked & FLAG.OE) === 0;
  if (wrapped && roundedTop - WRAP <= highest) return normal(negative, result.value, place - WRAP);
  env.flags |= FLAG.PE;
  if (!wrapped) return overflow(env, negative, precision, highest);
  env.roundedUp = true;
  return infinity(negative); // FSCALE gets this far
}

function overflow(env: Environment, negative: boolean, precision: number, highest: number): Real {
  const toInfinity = env.rounding === ROUND.nearest || env.rounding === (negative ? ROUND.down : ROUND.up);
  env.roundedUp = toInfinity;
  if (toInfinity) return infinity(negative);
  return normal(negative, (1n << BigInt(precision)) - 1n, highest - precision + 1);
}

/** Tiny after rounding: `wide` is the result without a bound to its exponent. */
function underflow(
  env: Environment,
  precision: number,
  lowest: number,
  exact: { negative: boolean; significand: bigint; exponent: number },
  wide: Real,
  unbounded: { inexact: boolean; up: boolean },
): Real {
  const { negative } = exact;
  if ((env.masked & FLAG.UE) === 0) {
    env.flags |= FLAG.UE | (unbounded.inexact ? FLAG.PE : 0);
    env.roundedUp = unbounded.up;
    const far = wide.exponent + 63 + WRAP < lowest;
    if (!far) return env.x87 ? finite(negative, wide.significand, wide.exponent + WRAP) : wide;
    env.flags |= FLAG.PE;
    env.roundedUp = false;
    return zero(negative);
  }
  if (env.flushToZero) {
    env.flags |= FLAG.UE | FLAG.PE;
    return zero(negative);
  }
  const place = lowest - precision + 1;
  const result = shorten(env, negative, exact.significand, place - exact.exponent);
  if (result.inexact) env.flags |= FLAG.UE | FLAG.PE;
  env.roundedUp = result.up;
  return { ...normal(negative, result.value, place), denormal: true };
}

/** -1, 0, 1, or undefined when there is no order. `quiet`: only signaling NaNs are invalid. */
export function compare(env: Environment, first: Real, second: Real, quiet: boolean): -1 | 0 | 1 | undefined {
  const a = operand(env, first);
  const b = operand(env, second);
  if (a.kind >= CLASS.nan || b.kind >= CLASS.nan) {
    const unsupported = a.kind === CLASS.unsupported || b.kind === CLASS.unsupported;
    if (!quiet || unsupported || isSignaling(a) || isSignaling(b)) env.flags |= FLAG.IE;
    return undefined;
  }
  noteDenormals(env, a, b);
  if (a.kind === CLASS.zero && b.kind === CLASS.zero) return 0;
  if (a.kind === CLASS.zero) return b.negative ? 1 : -1;
  if (b.kind === CLASS.zero || a.negative !== b.negative) return a.negative ? -1 : 1;
  const magnitude = compareMagnitudes(a, b);
  return a.negative ? (-magnitude as -1 | 0 | 1) : magnitude;
}

function compareMagnitudes(a: Real, b: Real): -1 | 0 | 1 {
  if (a.kind !== b.kind) return a.kind === CLASS.infinity ? 1 : -1;
  if (a.exponent !== b.exponent) return a.exponent > b.exponent ? 1 : -1;
  return a.significand === b.significand ? 0 : a.significand > b.significand ? 1 : -1;
}

/** To an integer of `bits` bits; undefined, and invalid, when it is none of them. */
export function toInteger(env: Environment, source: Real, bits: number): bigint | undefined {
  const a = operand(env, source);
  if (a.kind === CLASS.zero) return 0n;
  if (a.kind !== CLASS.finite || a.exponent > 1) {
    env.flags |= FLAG.IE;
    return undefined;
  }
  const { value, inexact, up } = shorten(env, a.negative, a.significand, Math.min(-a.exponent, 80));
  const signed = a.negative ? -value : value;
  if (BigInt.asIntN(bits, signed) !== signed) {
    env.flags |= FLAG.IE;
    return undefined;
  }
  if (inexact) env.flags |= FLAG.PE;
  env.roundedUp = up;
  return signed;
}
