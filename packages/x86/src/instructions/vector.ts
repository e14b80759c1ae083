import { type Cpu, type Semantics } from '../cpu/cpu.js';
import { VECTOR } from '../cpu/exception.js';
import { SEGMENT, WORD } from '../cpu/state.js';
import { KIND, LANE, SEG } from '../decode/lanes.js';
import { checkMmx, checkSse } from '../system/fpu-available.js';
import { checkPending } from './x87-pending.js';

/** Sixteen bytes, seen in every way. */
export class Lanes {
  readonly u8 = new Uint8Array(16);
  readonly i8 = new Int8Array(this.u8.buffer);
  readonly u16 = new Uint16Array(this.u8.buffer);
  readonly i16 = new Int16Array(this.u8.buffer);
  readonly i32 = new Int32Array(this.u8.buffer);
  readonly u32 = new Uint32Array(this.u8.buffer);
  readonly f32 = new Float32Array(this.u8.buffer);
  readonly f64 = new Float64Array(this.u8.buffer);

  word(i: number): number {
    return this.i32[i] as number;
  }

  set(a: number, b: number, c: number, d: number): void {
    const { i32 } = this;
    i32[0] = a;
    i32[1] = b;
    i32[2] = c;
    i32[3] = d;
  }
}

/** The destination and first source, the second source, and a place for results: one set for all CPUs, used within one instruction. */
export const A = new Lanes();
export const B = new Lanes();
export const C = new Lanes();

const isMmx = (cpu: Cpu): boolean => cpu.lane(LANE.kind0) === KIND.mm || cpu.lane(LANE.kind1) === KIND.mm;

/** Checks that the instruction may execute; 8 for an MMX instruction, 16 for an SSE instruction: the bytes it works on. */
export function beginVector(cpu: Cpu): 8 | 16 {
  if (!isMmx(cpu)) {
    checkSse(cpu);
    return 16;
  }
  checkMmx(cpu);
  checkPending(cpu);
  return 8;
}

/** What every MMX instruction does to the x87 state: TOP = 0, no register empty. Source: Intel SDM vol. 1, 9.5.1. */
export function enterMmx(cpu: Cpu): void {
  cpu.words[WORD.fsw] = cpu.word(WORD.fsw) & ~0x3800;
  cpu.words[WORD.ftw] = 0xff;
}

/** Reads operand `operand` into `to`; what a memory operand does not fill is 0. `aligned`: 16 bytes of memory have to be. */
export function readVector(cpu: Cpu, operand: number, to: Lanes, aligned = true): void {
  const lane = LANE.kind0 + 3 * operand;
  const number = cpu.lane(lane + 1);
  switch (cpu.lane(lane)) {
    case KIND.xmm: {
      const at = WORD.xmm + 4 * number;
      to.set(cpu.word(at), cpu.word(at + 1), cpu.word(at + 2), cpu.word(at + 3));
      return;
    }
    case KIND.mm: {
      const at = WORD.x87 + 4 * number;
      to.set(cpu.word(at), cpu.word(at + 1), 0, 0);
      return;
    }
    case KIND.mem: {
      cpu.address();
      loadVector(cpu, to, cpu.lane(lane + 2), aligned);
      return;
    }
    default: {
      const lo = cpu.read(operand);
      to.set(lo, cpu.lane(lane + 2) === 8 ? cpu.high : 0, 0, 0);
    }
  }
}

/** Loads from the address of the memory operand, as `cpu.address` has left it. */
export function loadVector(cpu: Cpu, to: Lanes, size: number, aligned: boolean): void {
  if (size < 16) {
    const lo = cpu.load(size, false);
    to.set(lo, size === 8 ? cpu.high : 0, 0, 0);
    return;
  }
  const { memory } = cpu;
  if (aligned) checkAlignment(cpu);
  cpu.linear(cpu.lane(LANE.segment), cpu.offsetLo, cpu.offsetHi, 16, false);
  const { linearLo, linearHi } = cpu;
  const a = memory.load(linearLo, linearHi, 8, false);
  const b = memory.high;
  const c = memory.load((linearLo + 8) | 0, secondHigh(cpu), 8, false);
  to.set(a, b, c, memory.high);
}

/** #GP for an address that is no multiple of 16, and before #SS for one outside the stack (measured, AMD). */
export function checkAlignment(cpu: Cpu): void {
  const segment = cpu.lane(LANE.segment);
  const base = cpu.is64 && segment < SEG.FS ? 0 : cpu.word(WORD.segments + SEGMENT.words * segment + SEGMENT.baseLo);
  if ((cpu.offsetLo + base) & 15) throw cpu.raise(VECTOR.GP, 0);
}

const secondHigh = (cpu: Cpu): number =>
  cpu.is64 && cpu.linearLo >>> 0 >= 0xfffffff8 ? (cpu.linearHi + 1) | 0 : cpu.linearHi;

/** Stores to the address of the memory operand. Nothing is written unless all can be. */
export function storeVector(cpu: Cpu, from: Lanes, size: number, aligned: boolean): void {
  if (size < 16) {
    cpu.store(size, from.word(0), from.word(1));
    return;
  }
  const { memory } = cpu;
  if (aligned) checkAlignment(cpu);
  cpu.linear(cpu.lane(LANE.segment), cpu.offsetLo, cpu.offsetHi, 16, true);
  const { linearLo, linearHi } = cpu;
  const second = (linearLo + 8) | 0;
  const secondHi = secondHigh(cpu);
  if ((linearLo & 0xfff) > 0xff0) {
    memory.load(linearLo, linearHi, 8, true);
    memory.load(second, secondHi, 8, true);
  }
  memory.store(linearLo, linearHi, 8, from.word(0), from.word(1));
  memory.store(second, secondHi, 8, from.word(2), from.word(3));
}

/** Writes `from` to the register that is operand `operand`: all of it, or `words` words. An MMX register's exponent becomes all ones. */
export function writeVector(cpu: Cpu, operand: number, from: Lanes, words = 4): void {
  const lane = LANE.kind0 + 3 * operand;
  const number = cpu.lane(lane + 1);
  if (cpu.lane(lane) === KIND.mm) {
    const at = WORD.x87 + 4 * number;
    cpu.words[at] = from.word(0);
    cpu.words[at + 1] = from.word(1);
    cpu.words[at + 2] = 0xffff;
    return;
  }
  const at = WORD.xmm + 4 * number;
  for (let i = 0; i < words; i++) cpu.words[at + i] = from.word(i);
}

/** dst ← kernel(dst, src): kernels work on A and B, leave their result in A, and are given the number of bytes and the immediate. */
export const packed =
  (kernel: (bytes: number, imm: number) => void): Semantics =>
  (cpu) => {
    const bytes = beginVector(cpu);
    readVector(cpu, 1, B);
    readVector(cpu, 0, A);
    if (bytes === 8) enterMmx(cpu);
    kernel(bytes, cpu.lane(LANE.immLo));
    writeVector(cpu, 0, A);
  };
