import { carryOf } from '../cpu/carry.js';
import { type Cpu, type Semantics } from '../cpu/cpu.js';
import { REGISTER, SEGMENT, WORD } from '../cpu/state.js';
import { LANE, PREFIX, SEG } from '../decode/lanes.js';
import { DF, ZF } from '../isa/flags.js';
import { sub } from './alu.js';

const { rax, rcx, rsi, rdi } = REGISTER;

/** Moves rSI or rDI by one element in the direction of DF. */
export function advance(cpu: Cpu, register: number, size: number): void {
  const address = cpu.lane(LANE.address);
  const step = cpu.word(WORD.eflags) & DF ? -size : size;
  const lo = cpu.register(register, address);
  const sum = (lo >>> 0) + (step >>> 0);
  cpu.setRegister(register, address, sum | 0, (cpu.high + (step >> 31) + (sum > 0xffffffff ? 1 : 0)) | 0);
}

function loadSource(cpu: Cpu, size: number): number {
  const lo = cpu.register(rsi, cpu.lane(LANE.address));
  return cpu.loadAt(cpu.lane(LANE.segment), lo, cpu.lane(LANE.address) === 8 ? cpu.high : 0, size, false);
}

/** The destination is in ES, whatever the prefixes say. */
function loadDestination(cpu: Cpu, size: number): number {
  const lo = cpu.register(rdi, cpu.lane(LANE.address));
  return cpu.loadAt(SEG.ES, lo, cpu.lane(LANE.address) === 8 ? cpu.high : 0, size, false);
}

function storeDestination(cpu: Cpu, size: number, valueLo: number, valueHi: number): void {
  const lo = cpu.register(rdi, cpu.lane(LANE.address));
  cpu.storeAt(SEG.ES, lo, cpu.lane(LANE.address) === 8 ? cpu.high : 0, size, valueLo, valueHi);
}

type Iteration = (cpu: Cpu, size: number) => void;

const movs: Iteration = (cpu, size) => {
  const lo = loadSource(cpu, size);
  storeDestination(cpu, size, lo, cpu.high);
  advance(cpu, rsi, size);
  advance(cpu, rdi, size);
};
const stos: Iteration = (cpu, size) => {
  const lo = cpu.register(rax, size);
  storeDestination(cpu, size, lo, cpu.high);
  advance(cpu, rdi, size);
};
const lods: Iteration = (cpu, size) => {
  const lo = loadSource(cpu, size);
  cpu.setRegister(rax, size, lo, cpu.high);
  advance(cpu, rsi, size);
};
const cmps: Iteration = (cpu, size) => {
  const a = loadSource(cpu, size);
  const aHigh = cpu.high;
  const b = loadDestination(cpu, size);
  sub(cpu, size, a, aHigh, b, cpu.high);
  advance(cpu, rsi, size);
  advance(cpu, rdi, size);
};
const scas: Iteration = (cpu, size) => {
  const b = loadDestination(cpu, size);
  const bHigh = cpu.high;
  const a = cpu.register(rax, size);
  sub(cpu, size, a, cpu.high, b, bHigh);
  advance(cpu, rdi, size);
};

/** Does many iterations at once, at most `most`, and returns how many; 0 when they have to be done one by one. */
type Block = (cpu: Cpu, size: number, most: number) => number;

/** An offset is a linear address there, whatever follows in the page. */
function isFlat(cpu: Cpu, segment: number): boolean {
  if (cpu.lane(LANE.address) === 2 || cpu.checksAlignment) return false;
  if (cpu.is64) return segment < SEG.FS;
  const at = WORD.segments + SEGMENT.words * segment;
  return cpu.word(at + SEGMENT.limit) === -1 && cpu.word(at + SEGMENT.baseLo) === 0;
}

const goesDown = (cpu: Cpu): boolean => (cpu.word(WORD.eflags) & DF) !== 0;

/** Moves an index register by so many bytes. */
function advanceBy(cpu: Cpu, register: number, bytes: number): void {
  const address = cpu.lane(LANE.address);
  const lo = cpu.register(register, address);
  const sum = (lo + bytes) | 0;
  cpu.setRegister(register, address, sum, (cpu.high + (bytes >> 31) + carryOf(sum, lo)) | 0);
}

const movsBlock: Block = (cpu, size, most) => {
  const segment = cpu.lane(LANE.segment);
  if (!isFlat(cpu, segment) || !isFlat(cpu, SEG.ES)) return 0;
  const address = cpu.lane(LANE.address);
  const from = cpu.register(rsi, address);
  cpu.linear(segment, from, address === 8 ? cpu.high : 0, size, false);
  const { linearLo: fromLo, linearHi: fromHi } = cpu;
  const to = cpu.register(rdi, address);
  cpu.linear(SEG.ES, to, address === 8 ? cpu.high : 0, size, true);
  const down = goesDown(cpu);
  const done = cpu.memory.move(cpu.linearLo, cpu.linearHi, fromLo, fromHi, size, most, down);
  if (done === 0) return 0;
  advanceBy(cpu, rsi, down ? -done * size : done * size);
  advanceBy(cpu, rdi, down ? -done * size : done * size);
  return done;
};
const stosBlock: Block = (cpu, size, most) => {
  if (!isFlat(cpu, SEG.ES)) return 0;
  const address = cpu.lane(LANE.address);
  const to = cpu.register(rdi, address);
  cpu.linear(SEG.ES, to, address === 8 ? cpu.high : 0, size, true);
  const down = goesDown(cpu);
  const value = cpu.register(rax, size);
  const done = cpu.memory.fill(cpu.linearLo, cpu.linearHi, size, most, down, value, cpu.high);
  if (done > 0) advanceBy(cpu, rdi, down ? -done * size : done * size);
  return done;
};

/** rCX less what was done. */
function countDownBy(cpu: Cpu, done: number): void {
  const size = cpu.lane(LANE.address);
  const lo = cpu.register(rcx, size) >>> 0;
  cpu.setRegister(rcx, size, (lo - done) | 0, lo < done ? cpu.high - 1 : cpu.high);
}

/** How many iterations may be done: what rCX says, and what is left of the limit. */
function most(cpu: Cpu): number {
  const size = cpu.lane(LANE.address);
  const lo = cpu.register(rcx, size) >>> 0;
  const count = size === 8 && cpu.high !== 0 ? Infinity : lo;
  return Math.min(count, cpu.repeatLimit - cpu.iterations);
}

/** rCX of the address size, minus one. */
function countDown(cpu: Cpu): void {
  const size = cpu.lane(LANE.address);
  const lo = cpu.register(rcx, size);
  cpu.setRegister(rcx, size, (lo - 1) | 0, lo === 0 ? cpu.high - 1 : cpu.high);
}

const countIsZero = (cpu: Cpu): boolean => {
  const size = cpu.lane(LANE.address);
  return cpu.register(rcx, size) === 0 && (size !== 8 || cpu.high === 0);
};

/**
 * Registers are true after every iteration, so that a fault in the middle leaves an instruction that can go on. After `repeatLimit`
 * iterations rIP goes back to the instruction.
 */
export function repeat(cpu: Cpu, size: number, iteration: Iteration, compares = false, block?: Block): void {
  if (!cpu.repeats) return iteration(cpu, size);
  const wanted = cpu.lane(LANE.prefixes) & PREFIX.rep ? ZF : 0;
  const { memory } = cpu;
  const { codeVersion } = memory;
  while (!countIsZero(cpu)) {
    // whoever looks at the machine between two iterations finds it the same: it may have written over itself, or a device may want something
    const isInterrupted = cpu.iterations > 0 && (memory.codeVersion !== codeVersion || cpu.attention);
    if (cpu.iterations >= cpu.repeatLimit || isInterrupted) return cpu.again();
    const done = block === undefined ? 0 : block(cpu, size, most(cpu));
    if (done > 0) {
      countDownBy(cpu, done);
      cpu.iterations += done;
      continue;
    }
    iteration(cpu, size);
    countDown(cpu);
    cpu.iterations++;
    if (compares && (cpu.flags() & ZF) !== wanted) return;
  }
}

const string =
  (iteration: Iteration, compares: boolean, block?: Block): Semantics =>
  (cpu) =>
    repeat(cpu, cpu.sizeOf(0), iteration, compares, block);

export const STRINGS: Readonly<Record<string, Semantics>> = {
  MOVS: string(movs, false, movsBlock),
  STOS: string(stos, false, stosBlock),
  LODS: string(lods, false),
  CMPS: string(cmps, true),
  SCAS: string(scas, true),
};
