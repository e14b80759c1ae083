import { type Cpu } from '../cpu/cpu.js';
import { VECTOR } from '../cpu/exception.js';
import { REGISTER, SEGMENT, TABLE } from '../cpu/state.js';
import { isLong, isNull, loadTable, SYSTEM_TYPE, tableLimit, tableWord } from './descriptor.js';
import { loadNullStack, loadStackOf } from './segment.js';

const RSP = 2 * REGISTER.rsp;

/** Reads from the TSS; #TS with its selector when it is too short. The high word of 8 bytes is in `memory.high`. */
function loadTask(cpu: Cpu, offset: number, size: number, last = offset + size - 1): number {
  if (last > tableLimit(cpu, TABLE.TR)) throw cpu.raise(VECTOR.TS, cpu.word(tableWord(TABLE.TR)) & 0xfffc);
  return loadTable(cpu, TABLE.TR, offset, size);
}

/** rSP of a level, or of the interrupt stack table, in IA-32e mode. Source: Intel SDM vol. 3A, figure 8-11. */
export function longStack(cpu: Cpu, level: number, ist: number): void {
  const offset = ist === 0 ? 4 + 8 * level : 0x24 + 8 * (ist - 1);
  cpu.words[RSP] = loadTask(cpu, offset, 8);
  cpu.words[RSP + 1] = cpu.memory.high;
}

/** SS and rSP of a more privileged level, from the TSS. Returns the selector. Source: Intel SDM vol. 3A, 5.8.5. */
export function switchStack(cpu: Cpu, level: number): number {
  if (isLong(cpu)) {
    longStack(cpu, level, 0);
    loadNullStack(cpu, level);
    return level;
  }
  const type = cpu.word(tableWord(TABLE.TR) + SEGMENT.attributes) & 15;
  const is32 = (type & SYSTEM_TYPE.tss & 8) !== 0;
  const offset = is32 ? 4 + 8 * level : 2 + 4 * level;
  const size = is32 ? 4 : 2;
  const pointer = loadTask(cpu, offset, size, offset + size + 1);
  const selector = loadTask(cpu, offset + size, 2);
  if (isNull(selector)) throw cpu.raise(VECTOR.TS, 0);
  loadStackOf(cpu, selector, level, VECTOR.TS);
  cpu.words[RSP] = pointer;
  cpu.words[RSP + 1] = 0;
  return selector;
}

/** rSP as a task or an outer level has it: whole, but for 16-bit stacks outside 64-bit code, whose upper half stays. */
export function setStackPointer(cpu: Cpu, lo: number, hi: number): void {
  cpu.setRegister(REGISTER.rsp, cpu.stackSize, lo, hi);
  if (!cpu.is64) cpu.words[RSP + 1] = 0;
}
