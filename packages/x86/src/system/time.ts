import { type Cpu } from '../cpu/cpu.js';
import { MSR_SLOTS, WORD } from '../cpu/state.js';

const TSC_OFFSET = WORD.msrs + 2 * MSR_SLOTS.tscOffset;
const WORDS = 0x1_0000_0000;

/** Instructions retired times a constant, as two words: nothing else makes time pass. The high one is left in `cpu.high`. */
function elapsed(cpu: Cpu): number {
  const factor = cpu.profile.tscPerInstruction;
  const low = (cpu.word(WORD.count) >>> 0) * factor;
  cpu.high = ((cpu.word(WORD.count + 1) >>> 0) * factor + Math.floor(low / WORDS)) | 0;
  return (low % WORDS) | 0;
}

/** The time-stamp counter: low word, and `cpu.high`. */
export function readTsc(cpu: Cpu): number {
  const lo = elapsed(cpu);
  const sum = (lo >>> 0) + (cpu.word(TSC_OFFSET) >>> 0);
  cpu.high = (cpu.high + cpu.word(TSC_OFFSET + 1) + (sum >= WORDS ? 1 : 0)) | 0;
  return sum | 0;
}

export function writeTsc(cpu: Cpu, lo: number, hi: number): void {
  const now = elapsed(cpu);
  const difference = (lo >>> 0) - (now >>> 0);
  cpu.words[TSC_OFFSET] = difference | 0;
  cpu.words[TSC_OFFSET + 1] = (hi - cpu.high - (difference < 0 ? 1 : 0)) | 0;
}
