import { type Cpu, type Semantics } from '../cpu/cpu.js';
import { VECTOR } from '../cpu/exception.js';
import { REGISTER } from '../cpu/state.js';
import { LANE } from '../decode/lanes.js';
import { highOf, join, lowOf } from './shift.js';

const { rax, rdx } = REGISTER;
const AH = 16;

/** CF and OF: the upper half is needed. SF, ZF, AF and PF are undefined; we leave those of the low half. */
function setProductFlags(cpu: Cpu, size: number, product: bigint, significant: boolean): void {
  const carry = significant ? 1 : 0;
  cpu.setFlags(carry, 0, carry, size, lowOf(product), highOf(product));
}

/** The product of one operand and rAX goes to rDX:rAX, or AX for bytes. */
const multiply =
  (signed: boolean): Semantics =>
  (cpu) => {
    const size = cpu.sizeOf(0);
    const bits = 8 * size;
    const value = (raw: bigint) => (signed ? BigInt.asIntN(bits, raw) : raw);
    const b = value(join(size, cpu.read(0), cpu.high));
    const a = value(join(size, cpu.register(rax, size), cpu.high));
    const product = a * b;
    const upper = product >> BigInt(bits);
    if (size === 1) cpu.setRegister(rax, 2, lowOf(product), 0);
    else {
      cpu.setRegister(rax, size, lowOf(product), highOf(product));
      cpu.setRegister(rdx, size, lowOf(upper), highOf(upper));
    }
    setProductFlags(cpu, size, product, signed ? BigInt.asIntN(bits, product) !== product : upper !== 0n);
  };

/** IMUL with two or three operands: the product cut to the destination. */
function multiplyTo(cpu: Cpu): void {
  const size = cpu.sizeOf(0);
  const bits = 8 * size;
  const three = cpu.lane(LANE.kind2) !== 0;
  const b = BigInt.asIntN(bits, join(size, cpu.read(1), cpu.high));
  const a = BigInt.asIntN(bits, join(size, cpu.read(three ? 2 : 0), cpu.high));
  const product = a * b;
  cpu.writeBack(0, lowOf(product), highOf(product));
  setProductFlags(cpu, size, product, BigInt.asIntN(bits, product) !== product);
}

const imulOne = multiply(true);
const imul: Semantics = (cpu) => (cpu.lane(LANE.kind1) === 0 ? imulOne(cpu) : multiplyTo(cpu));

/** MULX: unsigned, no flags; the low half first, so that the high half stays when both go to one register. */
const mulx: Semantics = (cpu) => {
  const size = cpu.sizeOf(0);
  const product = join(size, cpu.read(2), cpu.high) * join(size, cpu.register(rdx, size), cpu.high);
  const upper = product >> BigInt(8 * size);
  cpu.writeBack(1, lowOf(product), highOf(product));
  cpu.writeBack(0, lowOf(upper), highOf(upper));
};

/** rDX:rAX by one operand; #DE when it is 0 or the quotient does not fit. Flags are undefined, and stay. */
const divide =
  (signed: boolean): Semantics =>
  (cpu) => {
    const size = cpu.sizeOf(0);
    const bits = 8 * size;
    const divisor = join(size, cpu.read(0), cpu.high);
    const dividend = dividendOf(cpu, size);
    const b = signed ? BigInt.asIntN(bits, divisor) : divisor;
    const a = signed ? BigInt.asIntN(2 * bits, dividend) : dividend;
    if (b === 0n) throw cpu.raise(VECTOR.DE);
    const quotient = a / b;
    if ((signed ? BigInt.asIntN(bits, quotient) : BigInt.asUintN(bits, quotient)) !== quotient)
      throw cpu.raise(VECTOR.DE);
    const remainder = a % b;
    cpu.setRegister(rax, size, lowOf(quotient), highOf(quotient));
    cpu.setRegister(size === 1 ? AH : rdx, size, lowOf(remainder), highOf(remainder));
  };

function dividendOf(cpu: Cpu, size: number): bigint {
  if (size === 1) return join(2, cpu.register(rax, 2), 0);
  const low = join(size, cpu.register(rax, size), cpu.high);
  return (join(size, cpu.register(rdx, size), cpu.high) << BigInt(8 * size)) | low;
}

/** CBW, CWDE, CDQE: rAX from its lower half. */
const signExtendAccumulator: Semantics = (cpu) => {
  const size = cpu.operandSize;
  const lo =
    size === 2
      ? (cpu.register(rax, 1) << 24) >> 24
      : size === 4
        ? (cpu.register(rax, 2) << 16) >> 16
        : cpu.register(rax, 4);
  cpu.setRegister(rax, size, lo, lo >> 31);
};

/** CWD, CDQ, CQO: rDX is the sign of rAX. */
const signToData: Semantics = (cpu) => {
  const size = cpu.operandSize;
  const lo = cpu.register(rax, size);
  const sign = size === 2 ? (lo << 16) >> 31 : (size === 8 ? cpu.high : lo) >> 31;
  cpu.setRegister(rdx, size, sign, sign);
};

export const MULTIPLY: Readonly<Record<string, Semantics>> = {
  MUL: multiply(false),
  IMUL: imul,
  MULX: mulx,
  DIV: divide(false),
  IDIV: divide(true),
  CBW: signExtendAccumulator,
  CWD: signToData,
};
