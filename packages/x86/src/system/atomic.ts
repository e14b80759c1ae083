import { type Cpu } from '../cpu/cpu.js';
import { GUEST_EXCEPTION, VECTOR } from '../cpu/exception.js';
import { STATE_ROWS, WORD } from '../cpu/state.js';

/** Words that a far transfer, a task switch or a delivery can change: all up to the vector registers, but the pending exception and CR2. */
const END = (STATE_ROWS.find(([, , name]) => name === 'xmm')?.[0] ?? 0) >> 2;
const KEPT = [WORD.vector, WORD.errorCode, WORD.cr + 4, WORD.cr + 5];

/** What `atomically` would go back to is the state of now. */
export function commit({ words, saved }: Cpu): void {
  saved.set(words);
}

/**
 * Does something of many steps, or nothing: whatever `action` throws, registers are as before. That lets the steps follow each other as it is natural,
 * without a test of everything before the first; only memory that was written below the stack pointer stays written.
 */
export function atomically(cpu: Cpu, action: () => void): void {
  commit(cpu);
  try {
    action();
  } catch (thrown) {
    const { words, saved } = cpu;
    for (const word of KEPT) saved[word] = words[word] as number;
    const changed = saved[WORD.cpl] !== words[WORD.cpl] || saved[WORD.eflags] !== words[WORD.eflags];
    for (let i = 0; i < END; i++) words[i] = saved[i] as number;
    if (changed) cpu.memory.rightsChanged();
    cpu.refresh();
    throw thrown;
  }
}

/** Runs `action`, and gives the error code of a #SS(0) that it raises the selector of the stack it is about. */
export function withStackSelector(cpu: Cpu, selector: number, action: () => void): void {
  try {
    action();
  } catch (thrown) {
    const isStack = thrown === GUEST_EXCEPTION && cpu.word(WORD.vector) === VECTOR.SS && cpu.word(WORD.errorCode) === 0;
    if (isStack) cpu.words[WORD.errorCode] = selector & 0xfffc;
    throw thrown;
  }
}
