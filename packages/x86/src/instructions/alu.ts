import { type Cpu, type Semantics } from '../cpu/cpu.js';
import { LANE } from '../decode/lanes.js';
import { OF } from '../isa/flags.js';
import { WORD } from '../cpu/state.js';

/** An operation on two operands: leaves its result in `high` and the returned low word, and sets the flags. */
type Kernel = (cpu: Cpu, size: number, a: number, aHigh: number, b: number, bHigh: number) => number;

const cut = (size: number, lo: number): number => (size === 1 ? lo & 0xff : size === 2 ? lo & 0xffff : lo);

/** Flags from the vector of carries out of each bit: CF is the top one, OF differs from the one below, AF is bit 3. */
function carries(cpu: Cpu, size: number, vector: number, low: number, lo: number, hi: number): void {
  const top = size >= 4 ? 31 : 8 * size - 1;
  const cf = (vector >>> top) & 1;
  cpu.setFlags(cf, (low >>> 3) & 1, cf ^ ((vector >>> (top - 1)) & 1), size, lo, hi);
}

function sum(cpu: Cpu, size: number, a: number, aHigh: number, b: number, bHigh: number, carry: number): number {
  const lo = cut(size, (a + b + carry) | 0);
  const low = (a & b) | ((a | b) & ~lo);
  if (size !== 8) {
    carries(cpu, size, low, low, lo, 0);
    return lo;
  }
  const hi = (aHigh + bHigh + (low >>> 31)) | 0;
  carries(cpu, size, (aHigh & bHigh) | ((aHigh | bHigh) & ~hi), low, lo, hi);
  cpu.high = hi;
  return lo;
}

function difference(
  cpu: Cpu,
  size: number,
  a: number,
  aHigh: number,
  b: number,
  bHigh: number,
  borrow: number,
): number {
  const lo = cut(size, (a - b - borrow) | 0);
  const low = (~a & b) | (~(a ^ b) & lo);
  if (size !== 8) {
    carries(cpu, size, low, low, lo, 0);
    return lo;
  }
  const hi = (aHigh - bHigh - (low >>> 31)) | 0;
  carries(cpu, size, (~aHigh & bHigh) | (~(aHigh ^ bHigh) & hi), low, lo, hi);
  cpu.high = hi;
  return lo;
}

/** CF and OF cleared; AF, which is undefined, too. */
function logic(cpu: Cpu, size: number, lo: number, hi: number): number {
  cpu.setFlags(0, 0, 0, size, lo, hi);
  cpu.high = hi;
  return lo;
}

export const add: Kernel = (cpu, size, a, aHigh, b, bHigh) => sum(cpu, size, a, aHigh, b, bHigh, 0);
const adc: Kernel = (cpu, size, a, aHigh, b, bHigh) => sum(cpu, size, a, aHigh, b, bHigh, cpu.carry);
export const sub: Kernel = (cpu, size, a, aHigh, b, bHigh) => difference(cpu, size, a, aHigh, b, bHigh, 0);
const sbb: Kernel = (cpu, size, a, aHigh, b, bHigh) => difference(cpu, size, a, aHigh, b, bHigh, cpu.carry);
const and: Kernel = (cpu, size, a, aHigh, b, bHigh) => logic(cpu, size, a & b, aHigh & bHigh);
const or: Kernel = (cpu, size, a, aHigh, b, bHigh) => logic(cpu, size, a | b, aHigh | bHigh);
const xor: Kernel = (cpu, size, a, aHigh, b, bHigh) => logic(cpu, size, a ^ b, aHigh ^ bHigh);

/** dst ← kernel(dst, src). */
const twoOperands =
  (kernel: Kernel): Semantics =>
  (cpu) => {
    const b = cpu.read(1);
    const bHigh = cpu.high;
    const a = cpu.readToModify(0);
    const result = kernel(cpu, cpu.sizeOf(0), a, cpu.high, b, bHigh);
    cpu.writeBack(0, result, cpu.high);
  };

/** Flags of kernel(dst, src), and no result. */
const flagsOnly =
  (kernel: Kernel): Semantics =>
  (cpu) => {
    const b = cpu.read(1);
    const bHigh = cpu.high;
    const a = cpu.read(0);
    kernel(cpu, cpu.sizeOf(0), a, cpu.high, b, bHigh);
  };

/** INC, DEC: like ADD and SUB of 1, but CF stays. */
const step =
  (kernel: Kernel): Semantics =>
  (cpu) => {
    const a = cpu.readToModify(0);
    const carry = cpu.carry;
    const result = kernel(cpu, cpu.sizeOf(0), a, cpu.high, 1, 0);
    cpu.words[WORD.eflags] = (cpu.word(WORD.eflags) & ~1) | carry;
    cpu.writeBack(0, result, cpu.high);
  };

const neg: Semantics = (cpu) => {
  const b = cpu.readToModify(0);
  const result = sub(cpu, cpu.sizeOf(0), 0, 0, b, cpu.high);
  cpu.writeBack(0, result, cpu.high);
};

const not: Semantics = (cpu) => {
  const a = cpu.readToModify(0);
  cpu.writeBack(0, ~a, ~cpu.high);
};

/** XADD: src ← dst, dst ← dst + src. With one register for both the sum stays. */
const xadd: Semantics = (cpu) => {
  const b = cpu.read(1);
  const bHigh = cpu.high;
  const a = cpu.readToModify(0);
  const aHigh = cpu.high;
  const result = add(cpu, cpu.sizeOf(0), a, aHigh, b, bHigh);
  const resultHigh = cpu.high;
  cpu.writeBack(1, a, aHigh);
  cpu.writeBack(0, result, resultHigh);
};

/**
 * CMPXCHG: memory is written in either case and needs write permission. A 32-bit register that was not equal keeps its upper half, which
 * the manual leaves open and processors do.
 */
const cmpxchg: Semantics = (cpu) => {
  const size = cpu.sizeOf(0);
  const source = cpu.read(1);
  const sourceHigh = cpu.high;
  const old = cpu.readToModify(0);
  const oldHigh = cpu.high;
  const wanted = cpu.register(0, size);
  sub(cpu, size, wanted, cpu.high, old, oldHigh);
  if (cpu.flags() & 0x40) cpu.writeBack(0, source, sourceHigh);
  else {
    if (cpu.isMemory(0)) cpu.writeBack(0, old, oldHigh);
    cpu.setRegister(0, size, old, oldHigh);
  }
};

/** ADCX, ADOX: an addition whose carry goes in and out of one flag, and no other is touched. */
const addThrough =
  (mask: number): Semantics =>
  (cpu) => {
    const size = cpu.sizeOf(0);
    const carry = cpu.flags() & mask ? 1 : 0;
    const b = cpu.read(1);
    const bHigh = cpu.high;
    const a = cpu.register(cpu.lane(LANE.reg0), size);
    const before = cpu.flags();
    const result = sum(cpu, size, a, cpu.high, b, bHigh, carry);
    cpu.writeBack(0, result, cpu.high);
    const out = cpu.carry;
    cpu.flags();
    cpu.words[WORD.eflags] = (before & ~mask) | (out ? mask : 0);
  };

// prettier-ignore
export const ALU: Readonly<Record<string, Semantics>> = {
  ADD: twoOperands(add),
  ADC: twoOperands(adc),
  SUB: twoOperands(sub),
  SBB: twoOperands(sbb),
  AND: twoOperands(and),
  OR:  twoOperands(or),
  XOR: twoOperands(xor),
  CMP: flagsOnly(sub),
  TEST: flagsOnly(and),
  INC: step(add),
  DEC: step(sub),
  NEG: neg,
  NOT: not,
  XADD: xadd,
  CMPXCHG: cmpxchg,
  ADCX: addThrough(1),
  ADOX: addThrough(OF),
};
