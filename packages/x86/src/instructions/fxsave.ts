import { type Cpu, type Semantics } from '../cpu/cpu.js';
import { VECTOR } from '../cpu/exception.js';
import { CR4, WORD } from '../cpu/state.js';
import { LANE, PREFIX } from '../decode/lanes.js';
import { checkX87 } from '../system/fpu-available.js';
import { MXCSR_MASK } from './sse-environment.js';
import { checkAlignment } from './vector.js';
import { setControl } from './x87-control.js';
import { advance } from './x87-memory.js';
import { place, writeRaw } from './x87-state.js';

/** Bytes that FXSAVE writes of its 512: those behind XMM15, and behind XMM7 outside 64-bit mode, are left alone. */
const AREA = 512;

/** Checks and aims an instruction that goes over the whole area; nothing of it faults any more afterwards. */
function begin(cpu: Cpu, write: boolean): void {
  checkX87(cpu);
  cpu.address();
  checkAlignment(cpu);
  const { offsetLo, offsetHi } = cpu;
  cpu.linear(cpu.lane(LANE.segment), offsetLo, offsetHi, AREA, write);
  advance(cpu, AREA - 1);
  cpu.load(1, write); // the last byte faults first (measured, AMD)
  cpu.setOffset(offsetLo, offsetHi);
  cpu.load(1, write);
}

const put = (cpu: Cpu, lo: number, hi: number): void => {
  cpu.store(8, lo, hi);
  advance(cpu, 8);
};

const hasXmm = (cpu: Cpu): boolean => (cpu.word(WORD.cr + 8) & CR4.OSFXSR) !== 0;
const xmmCount = (cpu: Cpu): number => (hasXmm(cpu) ? (cpu.is64 ? 16 : 8) : 0);

/** Source: Intel SDM vol. 1, tables 10-2 and 10-3, 10.5.1. FCS and FDS are 0, as in processors that have given them up. */
const fxsave: Semantics = (cpu) => {
  begin(cpu, true);
  const { words } = cpu;
  const wide = (cpu.lane(LANE.prefixes) & PREFIX.rexW) !== 0;
  const upper = (word: number): number => (wide ? (words[word + 1] as number) : 0);
  put(cpu, cpu.word(WORD.fcw) | (cpu.word(WORD.fsw) << 16), cpu.word(WORD.ftw) | ((cpu.word(WORD.fop) & 0x7ff) << 16));
  put(cpu, cpu.word(WORD.fip), upper(WORD.fip));
  put(cpu, cpu.word(WORD.fdp), upper(WORD.fdp));
  put(cpu, cpu.word(WORD.mxcsr), MXCSR_MASK);
  for (let i = 0; i < 8; i++) {
    const at = place(cpu, i);
    put(cpu, cpu.word(at), cpu.word(at + 1));
    put(cpu, cpu.word(at + 2), 0);
  }
  for (let i = 0; i < xmmCount(cpu); i++) {
    const at = WORD.xmm + 4 * i;
    put(cpu, cpu.word(at), cpu.word(at + 1));
    put(cpu, cpu.word(at + 2), cpu.word(at + 3));
  }
};

const fxrstor: Semantics = (cpu) => {
  begin(cpu, false);
  const { words } = cpu;
  const { offsetLo, offsetHi } = cpu;
  advance(cpu, 24);
  const mxcsr = cpu.load(4, false);
  if (hasXmm(cpu) && mxcsr & ~MXCSR_MASK) throw cpu.raise(VECTOR.GP, 0);
  cpu.setOffset(offsetLo, offsetHi);
  const wide = (cpu.lane(LANE.prefixes) & PREFIX.rexW) !== 0;
  const get = (): number => {
    const lo = cpu.load(8, false);
    advance(cpu, 8);
    return lo;
  };
  const controls = get();
  words[WORD.ftw] = cpu.high & 0xff;
  words[WORD.fop] = (cpu.high >>> 16) & 0x7ff;
  words[WORD.fip] = get();
  words[WORD.fip + 1] = wide ? cpu.high : 0;
  words[WORD.fdp] = get();
  words[WORD.fdp + 1] = wide ? cpu.high : 0;
  get();
  if (hasXmm(cpu)) words[WORD.mxcsr] = mxcsr;
  words[WORD.fsw] = controls >>> 16;
  setControl(cpu, controls);
  const tags = cpu.word(WORD.ftw);
  for (let i = 0; i < 8; i++) {
    const lo = get();
    const hi = cpu.high;
    writeRaw(cpu, i, lo, hi, get());
  }
  words[WORD.ftw] = tags;
  for (let i = 0; i < 2 * xmmCount(cpu); i++) {
    words[WORD.xmm + 2 * i] = get();
    words[WORD.xmm + 2 * i + 1] = cpu.high;
  }
};

export const FXSAVE: Readonly<Record<string, Semantics>> = { FXSAVE: fxsave, FXRSTOR: fxrstor };
