import { type Cpu } from '../cpu/cpu.js';
import { VECTOR } from '../cpu/exception.js';
import { WORD } from '../cpu/state.js';
import { DR6 } from './control.js';

const STATUS = WORD.dr + 12;
const CONTROL = WORD.dr + 14;

/** #DB before an instruction that a breakpoint on execution is set on. Source: Intel SDM vol. 3B, 17.2.3 and 17.3.1.1. */
export function checkCodeBreakpoints(cpu: Cpu): void {
  const control = cpu.word(CONTROL);
  const linear = (cpu.startLo + cpu.codeBase) | 0;
  let hits = 0;
  for (let i = 0; i < 4; i++) {
    const isOnCode = ((control >> (16 + 4 * i)) & 3) === 0;
    const matches = cpu.word(WORD.dr + 2 * i) === linear && cpu.word(WORD.dr + 2 * i + 1) === cpu.startHi;
    if (matches && isOnCode && (control >> (2 * i)) & 3) hits |= 1 << i;
  }
  if (hits === 0) return;
  cpu.words[STATUS] = (cpu.word(STATUS) & ~15) | hits | DR6.ones;
  throw cpu.raise(VECTOR.DB);
}

/** DR6 of a debug trap: which breakpoints were met, and what else there was. Only bits 0 to 3 are ever cleared. */
export function markTrap(cpu: Cpu, causes: number): void {
  cpu.words[STATUS] = (cpu.word(STATUS) & ~15) | causes | DR6.ones;
}
