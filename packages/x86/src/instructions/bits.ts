import { type Cpu, type Semantics } from '../cpu/cpu.js';
import { KIND, LANE } from '../decode/lanes.js';
import { AF, CF, PF, SF, STATUS_FLAGS, ZF } from '../isa/flags.js';
import { highOf, join, lowOf } from './shift.js';

/** What becomes of the bit that BT, BTS, BTR and BTC put into CF. */
type BitChange = (word: number, mask: number) => number;

/**
 * A bit offset in a register counts from the address of a memory operand and may be negative; an immediate one is taken modulo the
 * operand's width. Source: Intel SDM vol. 2A, BT.
 */
const bitTest =
  (change: BitChange | undefined): Semantics =>
  (cpu) => {
    const size = cpu.sizeOf(0);
    const offset = cpu.read(1);
    const offsetHigh = cpu.high;
    const number = offset & (8 * size - 1);
    if (cpu.isMemory(0)) {
      cpu.address();
      if (cpu.lane(LANE.kind1) === KIND.reg) moveByBits(cpu, size, offset, offsetHigh);
    }
    const lo = cpu.isMemory(0) ? cpu.load(size, change !== undefined) : cpu.read(0);
    const high = cpu.high;
    const mask = 1 << (number & 31);
    const upper = number >= 32;
    const found = ((upper ? high : lo) & mask) !== 0;
    if (change !== undefined) cpu.writeBack(0, upper ? lo : change(lo, mask), upper ? change(high, mask) : high);
    cpu.changeFlags(CF, found ? CF : 0);
  };

/** Moves the address by whole operands: the bit offset, signed, over the operand's width. */
function moveByBits(cpu: Cpu, size: number, offset: number, offsetHigh: number): void {
  const lo = size === 2 ? (offset << 16) >> 16 : offset;
  const hi = size === 8 ? offsetHigh : lo >> 31;
  const bytesLo = ((lo >>> 3) | (hi << 29)) & -size;
  const bytesHi = hi >> 3;
  const sum = (cpu.offsetLo >>> 0) + (bytesLo >>> 0);
  cpu.setOffset(sum | 0, (cpu.offsetHi + bytesHi + (sum > 0xffffffff ? 1 : 0)) | 0);
}

const trailingZeros = (size: number, lo: number, hi: number): number => {
  if (lo !== 0) return 31 - Math.clz32(lo & -lo);
  return size === 8 && hi !== 0 ? 63 - Math.clz32(hi & -hi) : 8 * size;
};
const leadingZeros = (size: number, lo: number, hi: number): number => {
  if (size === 8) return hi !== 0 ? Math.clz32(hi) : 32 + Math.clz32(lo);
  return Math.clz32(lo) - (32 - 8 * size);
};

/** BSF, BSR: a source of 0 sets ZF and leaves the destination alone, as AMD documents and Intel does. */
const scan =
  (find: (size: number, lo: number, hi: number) => number): Semantics =>
  (cpu) => {
    const size = cpu.sizeOf(0);
    const lo = cpu.read(1);
    const isZero = lo === 0 && (size !== 8 || cpu.high === 0);
    if (!isZero) cpu.writeBack(0, find(size, lo, cpu.high), 0);
    cpu.changeFlags(ZF, isZero ? ZF : 0);
  };

/** TZCNT, LZCNT: a source of 0 gives the width and CF. */
const count =
  (find: (size: number, lo: number, hi: number) => number): Semantics =>
  (cpu) => {
    const size = cpu.sizeOf(0);
    const lo = cpu.read(1);
    const found = find(size, lo, cpu.high);
    cpu.changeFlags(CF | ZF, (found === 8 * size ? CF : 0) | (found === 0 ? ZF : 0));
    cpu.writeBack(0, found, 0);
  };

const ones = (word: number): number => {
  let rest = word - ((word >>> 1) & 0x55555555);
  rest = (rest & 0x33333333) + ((rest >>> 2) & 0x33333333);
  return Math.imul((rest + (rest >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
};

const popcnt: Semantics = (cpu) => {
  const lo = cpu.read(1);
  const total = ones(lo) + (cpu.sizeOf(0) === 8 ? ones(cpu.high) : 0);
  cpu.changeFlags(STATUS_FLAGS, total === 0 ? ZF : 0);
  cpu.writeBack(0, total, 0);
};

const swapWord = (word: number): number =>
  (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
const swap = (cpu: Cpu, size: number, lo: number, hi: number): number => {
  if (size === 2) return ((lo & 0xff) << 8) | ((lo >>> 8) & 0xff);
  cpu.high = swapWord(lo);
  return size === 8 ? swapWord(hi) : swapWord(lo);
};

/** BSWAP of 16 bits is undefined; processors leave 0. */
const bswap: Semantics = (cpu) => {
  const size = cpu.sizeOf(0);
  const lo = cpu.readToModify(0);
  const swapped = size === 2 ? 0 : swap(cpu, size, lo, cpu.high);
  cpu.writeBack(0, swapped, cpu.high);
};

const movbe: Semantics = (cpu) => {
  const lo = cpu.read(1);
  const swapped = swap(cpu, cpu.sizeOf(0), lo, cpu.high);
  cpu.write(0, swapped, cpu.high);
};

/** An operation of BMI1 and BMI2 on whole values; flags as it says. */
type Field = (a: bigint, b: bigint, bits: number) => { result: bigint; cf?: boolean; zf?: false; noSign?: true };

const fieldFlags = (cpu: Cpu, bits: number, { result, cf, zf, noSign }: ReturnType<Field>): void => {
  const sign = noSign !== true && result >> BigInt(bits - 1) ? SF : 0;
  cpu.changeFlags(STATUS_FLAGS & ~(AF | PF), (cf === true ? CF : 0) | (zf !== false && result === 0n ? ZF : 0) | sign);
};

const field =
  (operation: Field, first: number, second: number): Semantics =>
  (cpu) => {
    const size = cpu.sizeOf(0);
    const b = join(size, cpu.read(second), cpu.high);
    const a = join(size, cpu.read(first), cpu.high);
    const found = operation(a, b, 8 * size);
    const result = BigInt.asUintN(8 * size, found.result);
    cpu.writeBack(0, lowOf(result), highOf(result));
    fieldFlags(cpu, 8 * size, { ...found, result });
  };

const low = (bits: number, value: bigint): bigint => BigInt.asUintN(bits, value);
const andn: Field = (a, b, bits) => ({ result: low(bits, ~a) & b });
const blsr: Field = (_, b) => ({ result: b & (b - 1n), cf: b === 0n });
const blsmsk: Field = (_, b, bits) => ({ result: low(bits, b ^ (b - 1n)), cf: b === 0n, zf: false });
const blsi: Field = (_, b) => ({ result: b & -b, cf: b !== 0n });
const bzhi: Field = (a, b, bits) => {
  const n = Number(b & 0xffn);
  return { result: n < bits ? low(n, a) : a, cf: n >= bits };
};
const bextr: Field = (a, b) => ({ result: low(Number((b >> 8n) & 0xffn), a >> (b & 0xffn)), noSign: true });

/** PDEP, PEXT: bits of the source to or from the places of the mask's ones. */
const pdep = (source: bigint, mask: bigint): bigint => {
  let result = 0n;
  let from = source;
  for (let rest = mask; rest !== 0n; rest &= rest - 1n, from >>= 1n) if (from & 1n) result |= rest & -rest;
  return result;
};
const pext = (source: bigint, mask: bigint): bigint => {
  let result = 0n;
  let to = 1n;
  for (let rest = mask; rest !== 0n; rest &= rest - 1n, to <<= 1n) if (source & rest & -rest) result |= to;
  return result;
};
const scatter =
  (operation: (source: bigint, mask: bigint) => bigint): Semantics =>
  (cpu) => {
    const size = cpu.sizeOf(0);
    const mask = join(size, cpu.read(2), cpu.high);
    const result = operation(join(size, cpu.read(1), cpu.high), mask);
    cpu.writeBack(0, lowOf(result), highOf(result));
  };

/** CRC32C, bit by bit: reflected polynomial 0x82F63B78. */
const crc32: Semantics = (cpu) => {
  const size = cpu.sizeOf(1);
  let data = join(size, cpu.read(1), cpu.high);
  let crc = cpu.read(0);
  for (let i = 0; i < size; i++, data >>= 8n) {
    crc ^= Number(data & 0xffn);
    for (let n = 0; n < 8; n++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  cpu.writeBack(0, crc | 0, 0);
};

export const BITS: Readonly<Record<string, Semantics>> = {
  BT: bitTest(undefined),
  BTS: bitTest((word, mask) => word | mask),
  BTR: bitTest((word, mask) => word & ~mask),
  BTC: bitTest((word, mask) => word ^ mask),
  BSF: scan(trailingZeros),
  BSR: scan((size, lo, hi) => 8 * size - 1 - leadingZeros(size, lo, hi)),
  TZCNT: count(trailingZeros),
  LZCNT: count(leadingZeros),
  POPCNT: popcnt,
  BSWAP: bswap,
  MOVBE: movbe,
  ANDN: field(andn, 1, 2),
  BLSR: field(blsr, 0, 1),
  BLSMSK: field(blsmsk, 0, 1),
  BLSI: field(blsi, 0, 1),
  BZHI: field(bzhi, 1, 2),
  BEXTR: field(bextr, 1, 2),
  PDEP: scatter(pdep),
  PEXT: scatter(pext),
  CRC32: crc32,
};
