import { type Cpu } from '../cpu/cpu.js';
import { WORD } from '../cpu/state.js';
import { KIND, LANE } from '../decode/lanes.js';
import {
  Environment,
  EXTENDED,
  FLAG,
  fromExtended,
  INDEFINITE,
  toExtended,
  type Format,
  type Real,
} from '../float/index.js';
import { checkX87 } from '../system/fpu-available.js';
import { checkPending, FSW } from './x87-pending.js';

/** Operands of an operation that may not happen: a register is empty, or the one to push into is not. */
export const STACK_FAULT = 0x40;
const environment = new Environment();
environment.x87 = true;

/** Precisions by the control word's bits 8 and 9; 1 is reserved, and 64 bits here. */
const PRECISIONS = [24, 64, 53, 64] as const;

/** The format of results of arithmetic: the precision is chosen, the exponents are those of the extended format. */
export const resultFormat = (cpu: Cpu): Format => ({
  ...EXTENDED,
  precision: PRECISIONS[((cpu.word(WORD.fcw) >> 8) & 3) as 0 | 1 | 2 | 3],
});

/** Starts an instruction that waits: #NM, then #MF for an exception before it; notes its address. Its environment is fresh. */
export function beginX87(cpu: Cpu): Environment {
  checkX87(cpu);
  checkPending(cpu);
  const fcw = cpu.word(WORD.fcw);
  environment.rounding = (fcw >> 10) & 3;
  environment.masked = fcw & 0x3f;
  environment.flags = 0;
  environment.roundedUp = false;
  return environment;
}

/** FIP and FDP, once the memory operand has been read and nothing can fault any more. */
export function noteAddresses(cpu: Cpu): void {
  const { words } = cpu;
  words[WORD.fip] = cpu.startLo;
  words[WORD.fip + 1] = cpu.startHi;
  if (cpu.lane(LANE.kind0) !== KIND.mem) return;
  words[WORD.fdp] = cpu.offsetLo;
  words[WORD.fdp + 1] = cpu.offsetHi;
}

export const top = (cpu: Cpu): number => (cpu.word(WORD.fsw) >> 11) & 7;
const physical = (cpu: Cpu, i: number): number => (top(cpu) + i) & 7;

export const isEmpty = (cpu: Cpu, i: number): boolean => ((cpu.word(WORD.ftw) >> physical(cpu, i)) & 1) === 0;

export function moveTop(cpu: Cpu, by: number): void {
  const fsw = cpu.word(WORD.fsw);
  cpu.words[WORD.fsw] = (fsw & ~FSW.top) | ((((fsw >> 11) + by) & 7) << 11);
}

export function free(cpu: Cpu, i: number): void {
  cpu.words[WORD.ftw] = cpu.word(WORD.ftw) & ~(1 << physical(cpu, i));
}

export function pop(cpu: Cpu): void {
  free(cpu, 0);
  moveTop(cpu, 1);
}

/** The index of a register's first word. */
export const place = (cpu: Cpu, i: number): number => WORD.x87 + 4 * physical(cpu, i);

export function readStack(cpu: Cpu, i: number): Real {
  const at = place(cpu, i);
  const significand = (BigInt(cpu.word(at + 1) >>> 0) << 32n) | BigInt(cpu.word(at) >>> 0);
  return fromExtended(significand, cpu.word(at + 2));
}

/** Three words: significand, sign and exponent. The register is no longer empty. */
export function writeRaw(cpu: Cpu, i: number, lo: number, hi: number, top: number): void {
  const at = place(cpu, i);
  cpu.words[at] = lo;
  cpu.words[at + 1] = hi;
  cpu.words[at + 2] = top & 0xffff;
  cpu.words[WORD.ftw] = cpu.word(WORD.ftw) | (1 << physical(cpu, i));
}

export function writeStack(cpu: Cpu, i: number, real: Real): void {
  const [significand, top] = toExtended(real);
  writeRaw(cpu, i, Number(significand & 0xffffffffn) | 0, Number(significand >> 32n) | 0, top);
}

export const setC1 = (cpu: Cpu, on: boolean): void => {
  cpu.words[WORD.fsw] = (cpu.word(WORD.fsw) & ~FSW.c1) | (on ? FSW.c1 : 0);
};

/** Notes exceptions (and the stack fault) in the status word; true when one of them is not masked. */
export function note(cpu: Cpu, flags: number): boolean {
  const open = (flags & ~cpu.word(WORD.fcw) & 0x3f) !== 0;
  cpu.words[WORD.fsw] = cpu.word(WORD.fsw) | flags | (open ? FSW.es | FSW.busy : 0);
  return open;
}

/** An empty register is asked for its value. True when the response is masked: the indefinite is to take its place. */
export function underflowed(cpu: Cpu): boolean {
  setC1(cpu, false);
  return !note(cpu, FLAG.IE | STACK_FAULT);
}

const BEFORE = FLAG.IE | FLAG.DE | FLAG.ZE;

/** Ends an operation: notes its exceptions and C1. False when an unmasked one keeps the result from being written. */
export function conclude(cpu: Cpu, env: Environment): boolean {
  const stopped = env.flags & BEFORE & ~env.masked;
  const flags = stopped ? env.flags & BEFORE : env.flags;
  setC1(cpu, !stopped && (flags & FLAG.PE) !== 0 && env.roundedUp);
  note(cpu, flags);
  return !stopped;
}

/** Pushes by three words, unless that register is in use. */
export function pushRaw(cpu: Cpu, lo: number, hi: number, sign: number): void {
  if (!isEmpty(cpu, 7)) {
    setC1(cpu, true);
    if (note(cpu, FLAG.IE | STACK_FAULT)) return;
    moveTop(cpu, -1);
    writeStack(cpu, 0, INDEFINITE);
    return;
  }
  setC1(cpu, false);
  moveTop(cpu, -1);
  writeRaw(cpu, 0, lo, hi, sign);
}

export function push(cpu: Cpu, real: Real): void {
  const [significand, sign] = toExtended(real);
  pushRaw(cpu, Number(significand & 0xffffffffn) | 0, Number(significand >> 32n) | 0, sign);
}
