import { type Cpu, type Semantics } from '../cpu/cpu.js';
import { CF, OF } from '../isa/flags.js';

const MASKS: Readonly<Record<number, bigint>> = { 1: 0xffn, 2: 0xffffn, 4: 0xffffffffn, 8: 0xffffffffffffffffn };

export const maskOf = (size: number): bigint => MASKS[size] ?? 0n;
/** A pair as an unsigned number of `size` bytes. */
export const join = (size: number, lo: number, hi: number): bigint =>
  size === 8 ? (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0) : BigInt(lo >>> 0) & maskOf(size);
export const lowOf = (value: bigint): number => Number(BigInt.asIntN(32, value));
export const highOf = (value: bigint): number => Number(BigInt.asIntN(32, value >> 32n));

const countOf = (cpu: Cpu, operand: number, size: number): number => cpu.read(operand) & (size === 8 ? 0x3f : 0x1f);

/** `(value, count)` to result, last bit shifted out, and OF; count is 1 to 63, and may exceed the width of bytes and words. */
type Shift = (value: bigint, count: number, bits: number) => { result: bigint; cf: bigint; of: bigint };

const shl: Shift = (value, count, bits) => {
  const wide = value << BigInt(count);
  const cf = (wide >> BigInt(bits)) & 1n;
  const result = BigInt.asUintN(bits, wide);
  return { result, cf, of: cf ^ (result >> BigInt(bits - 1)) };
};
const shr: Shift = (value, count, bits) => ({
  result: value >> BigInt(count),
  cf: (value >> BigInt(count - 1)) & 1n,
  of: value >> BigInt(bits - 1),
});
const sar: Shift = (value, count, bits) => {
  const signed = BigInt.asIntN(bits, value);
  return { result: BigInt.asUintN(bits, signed >> BigInt(count)), cf: (signed >> BigInt(count - 1)) & 1n, of: 0n };
};

/** The same for 4 and 8 bytes without bigints: programs are full of these. The high word is in `cpu.high`. */
type WordShift = (cpu: Cpu, size: number, lo: number, count: number) => void;

function finishWords(cpu: Cpu, size: number, lo: number, hi: number, cf: number, of: number): void {
  cpu.setFlags(cf, 0, of, size, lo, hi);
  cpu.writeBack(0, lo, hi);
}

const shlWords: WordShift = (cpu, size, lo, count) => {
  const { high } = cpu;
  const wide = size === 8;
  const low = count < 32 ? lo << count : 0;
  const up = count < 32 ? (high << count) | (lo >>> (32 - count)) : lo << (count - 32);
  // the last bit out: of the high word, or of the low one when that has moved up by 33 and more
  const from = wide && count <= 32 ? high : lo;
  const cf = (from >>> ((count <= 32 ? 32 : 64) - count)) & 1;
  finishWords(cpu, size, low, up, cf, cf ^ ((wide ? up : low) >>> 31));
};
/** SHR fills with zeros, SAR with the sign. */
const rightWords =
  (signed: boolean): WordShift =>
  (cpu, size, lo, count) => {
    const top = size === 8 ? cpu.high : lo;
    const fill = signed ? top >> 31 : 0;
    const high = size === 8 ? cpu.high : fill;
    const low =
      count < 32 ? (lo >>> count) | (high << (32 - count)) : signed ? high >> (count - 32) : high >>> (count - 32);
    const up = count < 32 ? (signed ? high >> count : high >>> count) : fill;
    const cf = count <= 32 ? (lo >>> (count - 1)) & 1 : (high >>> (count - 33)) & 1;
    finishWords(cpu, size, low, up, cf, signed ? 0 : top >>> 31);
  };

/** Shifts that set SF, ZF and PF by the result. A count of 0 leaves all flags alone. */
const shift =
  (operation: Shift, words: WordShift): Semantics =>
  (cpu) => {
    const size = cpu.sizeOf(0);
    const count = countOf(cpu, 1, size);
    const lo = cpu.readToModify(0);
    if (count === 0) return cpu.writeBack(0, lo, cpu.high);
    if (size >= 4) return words(cpu, size, lo, count);
    const { result, cf, of } = operation(join(size, lo, cpu.high), count, 8 * size);
    cpu.setFlags(Number(cf), 0, Number(of), size, lowOf(result), highOf(result));
    cpu.writeBack(0, lowOf(result), highOf(result));
  };

/** Rotations of `bits`, or of `bits + 1` through CF; they set CF and OF only. */
type Rotate = (value: bigint, count: number, bits: number, carry: bigint) => { result: bigint; cf: bigint; of: bigint };

const rotateLeft = (value: bigint, count: number, bits: number): bigint =>
  BigInt.asUintN(bits, (value << BigInt(count % bits)) | (value >> BigInt(bits - (count % bits))));
const bit = (value: bigint, n: number): bigint => (value >> BigInt(n)) & 1n;

const rol: Rotate = (value, count, bits) => {
  const result = rotateLeft(value, count, bits);
  return { result, cf: result & 1n, of: (result & 1n) ^ bit(result, bits - 1) };
};
const ror: Rotate = (value, count, bits) => {
  const result = rotateLeft(value, bits - (count % bits), bits);
  return { result, cf: bit(result, bits - 1), of: bit(result, bits - 1) ^ bit(result, bits - 2) };
};
const rcl: Rotate = (value, count, bits, carry) => {
  const wide = rotateLeft((carry << BigInt(bits)) | value, count, bits + 1);
  const result = BigInt.asUintN(bits, wide);
  return { result, cf: bit(wide, bits), of: bit(wide, bits) ^ bit(result, bits - 1) };
};
const rcr: Rotate = (value, count, bits, carry) => {
  const wide = rotateLeft((carry << BigInt(bits)) | value, bits + 1 - (count % (bits + 1)), bits + 1);
  const result = BigInt.asUintN(bits, wide);
  return { result, cf: bit(wide, bits), of: bit(result, bits - 1) ^ bit(result, bits - 2) };
};

const rotate =
  (operation: Rotate): Semantics =>
  (cpu) => {
    const size = cpu.sizeOf(0);
    const count = countOf(cpu, 1, size);
    const lo = cpu.readToModify(0);
    if (count === 0) return cpu.writeBack(0, lo, cpu.high);
    const { result, cf, of } = operation(join(size, lo, cpu.high), count, 8 * size, BigInt(cpu.carry));
    cpu.changeFlags(CF | OF, Number(cf) | (of ? OF : 0));
    cpu.writeBack(0, lowOf(result), highOf(result));
  };

/** SHLD, SHRD: bits come in from the second operand. */
const doubleShift =
  (left: boolean): Semantics =>
  (cpu) => {
    const size = cpu.sizeOf(0);
    const bits = 8 * size;
    const count = countOf(cpu, 2, size);
    const source = join(size, cpu.read(1), cpu.high);
    const lo = cpu.readToModify(0);
    const high = cpu.high;
    if (count === 0) return cpu.writeBack(0, lo, high);
    const value = join(size, lo, high);
    const n = BigInt(count);
    const width = BigInt(bits);
    // beyond the width (16-bit operands only, undefined) the source comes in twice, as on AMD's processors
    const pair = left
      ? (value << (2n * width)) | (source << width) | source
      : (source << (2n * width)) | (source << width) | value;
    const shifted = BigInt.asUintN(bits, left ? pair >> (2n * width - n) : pair >> n);
    const cf = left ? (pair >> (3n * width - n)) & 1n : (pair >> (n - 1n)) & 1n;
    const of = bit(shifted, bits - 1) ^ bit(value, bits - 1);
    cpu.setFlags(Number(cf), 0, Number(of), size, lowOf(shifted), highOf(shifted));
    cpu.writeBack(0, lowOf(shifted), highOf(shifted));
  };

/** SHL, SHR and SAR of BMI2, and RORX: three operands, no flags, the count from a register or an immediate. */
const flagless =
  (operation: Shift | Rotate): Semantics =>
  (cpu) => {
    const size = cpu.sizeOf(0);
    const count = countOf(cpu, 2, size);
    const value = join(size, cpu.read(1), cpu.high);
    const result = count === 0 ? value : operation(value, count, 8 * size, 0n).result;
    cpu.writeBack(0, lowOf(result), highOf(result));
  };

export const SHIFTS: Readonly<Record<string, Semantics>> = {
  SHL: shift(shl, shlWords),
  SHR: shift(shr, rightWords(false)),
  SAR: shift(sar, rightWords(true)),
  ROL: rotate(rol),
  ROR: rotate(ror),
  RCL: rotate(rcl),
  RCR: rotate(rcr),
  SHLD: doubleShift(true),
  SHRD: doubleShift(false),
  SHLX: flagless(shl),
  SHRX: flagless(shr),
  SARX: flagless(sar),
  RORX: flagless(ror),
};
