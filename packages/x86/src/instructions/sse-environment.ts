import { type Cpu } from '../cpu/cpu.js';
import { VECTOR } from '../cpu/exception.js';
import { CR4, WORD } from '../cpu/state.js';
import { Environment, FLAG } from '../float/index.js';

/** Bits of MXCSR. Source: Intel SDM vol. 1, figure 10-3. */
export const MXCSR = { daz: 0x40, masks: 7, rounding: 13, ftz: 0x8000, pe: 0x20, pm: 0x1000 } as const;
/** Bits that may be set; LDMXCSR and FXRSTOR raise #GP for others. */
export const MXCSR_MASK = 0xffff;

const environment = new Environment();

/** The one environment of SSE, set up from MXCSR. */
export function sseEnvironment(cpu: Cpu): Environment {
  const mxcsr = cpu.word(WORD.mxcsr);
  environment.rounding = (mxcsr >> MXCSR.rounding) & 3;
  environment.masked = (mxcsr >> MXCSR.masks) & 0x3f;
  environment.flushToZero = (mxcsr & MXCSR.ftz) !== 0;
  environment.denormalsAreZero = (mxcsr & MXCSR.daz) !== 0;
  environment.flags = 0;
  return environment;
}

/** Before the result is written: notes the exceptions, and raises #XM when one is not masked, or #UD when the system does not handle that. */
export function settle(cpu: Cpu, { flags, masked }: Environment): void {
  if (flags === 0) return;
  const before = FLAG.IE | FLAG.DE | FLAG.ZE;
  // what is found before the computation keeps it from happening
  const seen = flags & before & ~masked ? flags & before : flags;
  cpu.words[WORD.mxcsr] = cpu.word(WORD.mxcsr) | seen;
  if (seen & ~masked) throw cpu.raise(cpu.word(WORD.cr + 8) & CR4.OSXMMEXCPT ? VECTOR.XM : VECTOR.UD);
}
