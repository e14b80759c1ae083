import { type Cpu } from '../cpu/cpu.js';
import { VECTOR } from '../cpu/exception.js';
import { CR0, CR4, WORD } from '../cpu/state.js';

/** x87 instructions but WAIT, FXSAVE and FXRSTOR too: #NM while EM or TS is set. Source: Intel SDM vol. 3A, 2.5, table 2-2. */
export function checkX87(cpu: Cpu): void {
  if (cpu.word(WORD.cr) & (CR0.EM | CR0.TS)) throw cpu.raise(VECTOR.NM);
}

/** WAIT: #NM only while MP and TS are both set. */
export function checkWait(cpu: Cpu): void {
  if ((~cpu.word(WORD.cr) & (CR0.MP | CR0.TS)) === 0) throw cpu.raise(VECTOR.NM);
}

/** MMX: there is no emulation of it, so EM is #UD. Source: Intel SDM vol. 3A, 12.1, table 12-1. */
export function checkMmx(cpu: Cpu): void {
  const cr0 = cpu.word(WORD.cr);
  if (cr0 & CR0.EM) throw cpu.raise(VECTOR.UD);
  if (cr0 & CR0.TS) throw cpu.raise(VECTOR.NM);
}

/** SSE and its successors, LDMXCSR and STMXCSR: the system has to have said that it saves their registers. Source: Intel SDM vol. 3A, 13.1.3. */
export function checkSse(cpu: Cpu): void {
  if ((cpu.word(WORD.cr + 8) & CR4.OSFXSR) === 0) throw cpu.raise(VECTOR.UD);
  checkMmx(cpu);
}

/** SSE3, of which FISTTP is a part that works on the x87 stack. */
export function checkSse3(cpu: Cpu): void {
  if (!cpu.profile.features.has('pni')) throw cpu.raise(VECTOR.UD);
}
