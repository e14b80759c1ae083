import { type Cpu, type Semantics } from '../cpu/cpu.js';
import { VECTOR } from '../cpu/exception.js';
import { HALTED, Stop } from '../cpu/exit.js';
import { SHADOW, WORD } from '../cpu/state.js';
import { LANE } from '../decode/lanes.js';
import { IF, IOPL } from '../isa/flags.js';
import { markTrap } from './debug.js';
import { deliver } from './delivery.js';
import { isVirtual8086 } from './descriptor.js';

/** INT3 and INTO, which no IOPL forbids. */
export function trap(cpu: Cpu, vector: number): void {
  if (!cpu.delivers) throw cpu.raise(vector);
  if (cpu.hooks.fault?.(vector, -1) === 'stop') throw new Stop({ reason: 'exception', vector }, false);
  cpu.trapInhibited = true;
  deliver(cpu, { vector, errorCode: -1, software: true, resume: false });
}

/** INT n. */
const interrupt: Semantics = (cpu) => {
  const vector = cpu.lane(LANE.immLo) & 0xff;
  if (isVirtual8086(cpu) && (cpu.word(WORD.eflags) & IOPL) !== IOPL) throw cpu.raise(VECTOR.GP, 0);
  const answer = cpu.hooks.interrupt?.(vector) ?? 'deliver';
  if (answer === 'skip') return;
  if (answer === 'stop' || !cpu.delivers) throw new Stop({ reason: 'interrupt', vector }, false);
  cpu.trapInhibited = true;
  deliver(cpu, { vector, errorCode: -1, software: true, resume: false });
};

/** INT1 is an exception by itself: the gate's DPL does not count. Source: Intel SDM vol. 2A, INT n. */
const interrupt1: Semantics = (cpu) => {
  if (!cpu.delivers) throw cpu.raise(VECTOR.DB);
  cpu.trapInhibited = true;
  // what has waited behind MOV SS comes along
  markTrap(cpu, cpu.word(WORD.debugPending));
  cpu.words[WORD.debugPending] = 0;
  deliver(cpu, { vector: VECTOR.DB, errorCode: -1, software: false, resume: false });
};

export const EVENTS: Readonly<Record<string, Semantics>> = {
  INT: interrupt,
  INT1: interrupt1,
  HLT: () => {
    throw HALTED;
  },
  CLI: (cpu) => {
    cpu.words[WORD.eflags] = cpu.word(WORD.eflags) & ~IF;
  },
  /** Interrupts come after the instruction behind STI, if they were off before it. */
  STI: (cpu) => {
    const flags = cpu.word(WORD.eflags);
    if ((flags & IF) === 0) cpu.words[WORD.shadow] = SHADOW.sti;
    cpu.words[WORD.eflags] = flags | IF;
  },
};
