import { type Cpu } from '../cpu/cpu.js';
import { LANE } from '../decode/lanes.js';
import { fromDouble, fromSingle, normal, type Real } from '../float/index.js';

/** m32 or m64, as it is. */
export function loadReal(cpu: Cpu): Real {
  cpu.address();
  const size = cpu.sizeOf(0);
  const lo = cpu.load(size, false);
  return size === 4 ? fromSingle(lo) : fromDouble(lo, cpu.high);
}

/** m16, m32 or m64. */
export function loadInteger(cpu: Cpu): Real {
  cpu.address();
  const size = cpu.sizeOf(0);
  const lo = cpu.load(size, false);
  const value =
    size === 8 ? (BigInt(cpu.high) << 32n) | BigInt(lo >>> 0) : BigInt(size === 2 ? (lo << 16) >> 16 : lo | 0);
  return normal(value < 0n, value < 0n ? -value : value, 0);
}

/** Ten bytes at the operand's address: three words, the last of 16 bits. */
export function loadTen(cpu: Cpu): [number, number, number] {
  cpu.address();
  probe(cpu, 10, false);
  const { offsetLo, offsetHi } = cpu;
  const lo = cpu.load(8, false);
  const hi = cpu.high;
  advance(cpu, 8);
  const sign = cpu.load(2, false);
  cpu.setOffset(offsetLo, offsetHi);
  return [lo, hi, sign];
}

export function storeTen(cpu: Cpu, lo: number, hi: number, sign: number): void {
  cpu.address();
  probe(cpu, 10, true);
  const { offsetLo, offsetHi } = cpu;
  advance(cpu, 8);
  cpu.store(2, sign, 0);
  cpu.setOffset(offsetLo, offsetHi);
  cpu.store(8, lo, hi);
}

/** Moves the address of the memory operand on. */
export function advance(cpu: Cpu, by: number): void {
  const sum = (cpu.offsetLo >>> 0) + by;
  cpu.setOffset(sum | 0, (cpu.offsetHi + (sum > 0xffffffff ? 1 : 0)) | 0);
}

/** Asks for all of an area, at most a page, before any of it is used. */
export function probe(cpu: Cpu, size: number, write: boolean): void {
  const { offsetLo, offsetHi } = cpu;
  // what begins an area faults before the area is found to be too long (measured, AMD)
  if (size > 10) cpu.load(size === 14 || size === 94 ? 2 : 4, write);
  else if (size === 10 && !write) cpu.load(8, write);
  cpu.linear(cpu.lane(LANE.segment), offsetLo, offsetHi, size, write);
  const left = 0x1000 - (cpu.linearLo & 0xfff);
  cpu.load(1, write);
  if (left < size) {
    advance(cpu, left);
    cpu.load(1, write);
    cpu.setOffset(offsetLo, offsetHi);
  }
}
