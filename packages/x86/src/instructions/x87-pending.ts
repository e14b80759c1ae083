import { type CpuState } from '../cpu/cpu-state.js';
import { VECTOR } from '../cpu/exception.js';
import { WORD } from '../cpu/state.js';

/** FSW: an exception that is not masked waits for the next instruction. B mirrors ES. Source: Intel SDM vol. 1, 8.1.3. */
export const FSW = {
  ie: 1,
  stackFault: 0x40,
  es: 0x80,
  c0: 0x100,
  c1: 0x200,
  c2: 0x400,
  top: 0x3800,
  c3: 0x4000,
  busy: 0x8000,
} as const;

/** #MF for what an earlier x87 instruction has left. With CR0.NE = 0 it would be a signal to the PIC, which nobody uses any more. */
export function checkPending(cpu: CpuState): void {
  if (cpu.word(WORD.fsw) & FSW.es) throw cpu.raise(VECTOR.MF);
}
