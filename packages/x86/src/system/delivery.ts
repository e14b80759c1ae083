import { type Cpu } from '../cpu/cpu.js';
import { GUEST_EXCEPTION, VECTOR } from '../cpu/exception.js';
import { CR0, REGISTER, TABLE, WORD } from '../cpu/state.js';
import { SEG } from '../decode/lanes.js';
import { AC, IF, NT, RF, TF, VM } from '../isa/flags.js';
import { atomically, withStackSelector } from './atomic.js';
import {
  Descriptor,
  isLong,
  isNull,
  isVirtual8086,
  loadTable,
  readDescriptor,
  SYSTEM_TYPE,
  tableLimit,
} from './descriptor.js';
import { checkTarget, isAmbiguous, setRip } from './far.js';
import { loadCode, loadNull, loadNullStack, loadRealCode, selectorOf } from './segment.js';
import { longStack, switchStack } from './stack-switch.js';
import { switchTask } from './task.js';

/** An exception or interrupt on its way to its handler. rIP is already the one to be pushed. */
export interface Event {
  readonly vector: number;
  /** -1 when it has none. */
  readonly errorCode: number;
  /** INT n, INT3 and INTO: the gate's DPL counts, and faults on the way are the program's own (EXT is 0). */
  readonly software: boolean;
  /** RF of the flags that are pushed: a fault's, so that a breakpoint on the instruction does not hit again. */
  readonly resume: boolean;
}

/** Bit 1 of an error code: its index is one of the IDT. */
const IDT = 2;

/** Goes to the handler of an event through IVT or IDT, or throws what went wrong with nothing changed. Source: Intel SDM vol. 2A, INT n, and 3A, 6.12. */
export function deliver(cpu: Cpu, event: Event): void {
  const flags = cpu.flags();
  try {
    atomically(cpu, () => {
      if ((cpu.word(WORD.cr) & CR0.PE) === 0) deliverReal(cpu, event.vector, flags);
      else if (isLong(cpu)) deliverLong(cpu, event, flags);
      else deliverProtected(cpu, event, flags);
      cpu.flagsChanged(flags);
    });
  } catch (thrown) {
    // EXT: the event was not the program's wish
    const vector = cpu.word(WORD.vector);
    if (thrown === GUEST_EXCEPTION && !event.software && vector >= VECTOR.TS && vector <= VECTOR.GP)
      cpu.words[WORD.errorCode] = cpu.word(WORD.errorCode) | 1;
    throw thrown;
  }
}

function deliverReal(cpu: Cpu, vector: number, flags: number): void {
  if (4 * vector + 3 > tableLimit(cpu, TABLE.IDTR)) throw cpu.raise(VECTOR.GP, 8 * vector + IDT);
  const entry = loadTable(cpu, TABLE.IDTR, 4 * vector, 4);
  cpu.push(2, flags & 0xffff, 0);
  cpu.push(2, selectorOf(cpu, SEG.CS), 0);
  cpu.push(2, cpu.word(WORD.rip) & 0xffff, 0);
  loadRealCode(cpu, entry >>> 16);
  cpu.checkJump(entry & 0xffff, 0);
  setRip(cpu, entry & 0xffff, 0);
  cpu.changeFlags(IF | TF | AC | RF, 0);
}

/** The gate of an event; its DPL counts for software interrupts, then P. */
function readGate(cpu: Cpu, { vector, software }: Event, types: readonly number[]): Descriptor {
  const long = isLong(cpu);
  const size = long ? 16 : 8;
  const code = 8 * vector + IDT;
  if (size * vector + size - 1 > tableLimit(cpu, TABLE.IDTR)) throw cpu.raise(VECTOR.GP, code);
  const lo = loadTable(cpu, TABLE.IDTR, size * vector, 8);
  const gate = new Descriptor(code, lo, cpu.memory.high, 0, 0);
  if (!gate.isSystem || !types.includes(gate.type)) throw cpu.raise(VECTOR.GP, code);
  if (software && gate.dpl < cpu.word(WORD.cpl)) throw cpu.raise(VECTOR.GP, code);
  if (!gate.isPresent) throw cpu.raise(VECTOR.NP, code);
  return gate;
}

/** The code segment of a handler; the level that it runs at is no outer one. */
function handlerCode(cpu: Cpu, selector: number): Descriptor {
  if (isNull(selector)) throw cpu.raise(VECTOR.GP, 0);
  const descriptor = readDescriptor(cpu, selector);
  const wrong = !descriptor.isCode || descriptor.dpl > cpu.word(WORD.cpl);
  const wrongMode = isLong(cpu) && (!descriptor.isLong || isAmbiguous(cpu, descriptor));
  if (wrong || wrongMode) throw cpu.raise(VECTOR.GP, selector & 0xfffc);
  if (!descriptor.isPresent) throw cpu.raise(VECTOR.NP, selector & 0xfffc);
  return descriptor;
}

const LEGACY_GATES = [
  SYSTEM_TYPE.taskGate,
  SYSTEM_TYPE.interruptGate16,
  SYSTEM_TYPE.trapGate16,
  SYSTEM_TYPE.interruptGate,
  SYSTEM_TYPE.trapGate,
];
const LONG_GATES = [SYSTEM_TYPE.interruptGate, SYSTEM_TYPE.trapGate];
const isInterruptGate = (type: number): boolean => (type & 1) === 0;

function deliverProtected(cpu: Cpu, event: Event, flags: number): void {
  const gate = readGate(cpu, event, LEGACY_GATES);
  const { type } = gate;
  if (type === SYSTEM_TYPE.taskGate) {
    const errorSize = switchTask(cpu, gate, 'interrupt');
    if (event.errorCode >= 0) cpu.push(errorSize, event.errorCode, 0);
    return;
  }
  const selector = gate.gateSelector;
  const code = handlerCode(cpu, selector);
  const offset = type & 8 ? (gate.hi & 0xffff0000) | (gate.lo & 0xffff) : gate.lo & 0xffff;
  const cpl = code.isConforming ? cpu.word(WORD.cpl) : code.dpl;
  if (isVirtual8086(cpu) && cpl !== 0) throw cpu.raise(VECTOR.GP, selector & 0xfffc);
  checkTarget(cpu, code, offset, 0);
  pushFrame(cpu, event, { size: type & 8 ? 4 : 2, code, selector, cpl }, flags);
  setRip(cpu, offset, 0);
  cpu.changeFlags(TF | NT | RF | VM | (isInterruptGate(type) ? IF : 0), 0);
}

interface Entry {
  readonly size: 2 | 4;
  readonly code: Descriptor;
  readonly selector: number;
  readonly cpl: number;
}

/** In the order in which they are pushed. */
const DATA_SEGMENTS = [SEG.GS, SEG.FS, SEG.DS, SEG.ES];

/** Changes to the handler's stack and code segment, and pushes what the handler finds. Source: Intel SDM vol. 3A, figures 6-4 and 20-4. */
function pushFrame(cpu: Cpu, { errorCode, resume }: Event, entry: Entry, flags: number): void {
  const { size, code, selector, cpl } = entry;
  const fromVirtual = isVirtual8086(cpu);
  const outer = fromVirtual ? DATA_SEGMENTS.map((segment) => selectorOf(cpu, segment)) : [];
  const [cs, ss, sp] = [selectorOf(cpu, SEG.CS), selectorOf(cpu, SEG.SS), cpu.word(2 * REGISTER.rsp)];
  const changes = cpl < cpu.word(WORD.cpl);
  if (fromVirtual) cpu.changeFlags(VM, 0);
  const inner = changes ? switchStack(cpu, cpl) : 0;
  loadCode(cpu, selector, code, cpl);
  withStackSelector(cpu, inner, () => {
    if (fromVirtual) for (const own of outer) cpu.push(size, own, 0);
    if (changes) {
      cpu.push(size, ss, 0);
      cpu.push(size, sp, 0);
    }
    cpu.push(size, resume ? flags | RF : flags, 0);
    cpu.push(size, cs, 0);
    cpu.push(size, cpu.word(WORD.rip), 0);
    if (errorCode >= 0) cpu.push(size, errorCode, 0);
  });
  if (fromVirtual) for (const segment of DATA_SEGMENTS) loadNull(cpu, segment, 0);
}

function deliverLong(cpu: Cpu, event: Event, flags: number): void {
  const gate = readGate(cpu, event, LONG_GATES);
  const offsetHi = loadTable(cpu, TABLE.IDTR, 16 * event.vector + 8, 4);
  const offsetLo = (gate.hi & 0xffff0000) | (gate.lo & 0xffff);
  const code = handlerCode(cpu, gate.gateSelector);
  const cpl = code.isConforming ? cpu.word(WORD.cpl) : code.dpl;
  checkTarget(cpu, code, offsetLo, offsetHi);
  const ist = gate.hi & 7;
  const [cs, ss] = [selectorOf(cpu, SEG.CS), selectorOf(cpu, SEG.SS)];
  const [spLo, spHi] = [cpu.word(2 * REGISTER.rsp), cpu.word(2 * REGISTER.rsp + 1)];
  const [ripLo, ripHi] = [cpu.word(WORD.rip), cpu.word(WORD.rip + 1)];
  const changes = cpl < cpu.word(WORD.cpl);
  if (changes || ist !== 0) longStack(cpu, cpl, ist);
  if (changes) loadNullStack(cpu, cpl);
  loadCode(cpu, gate.gateSelector, code, cpl);
  cpu.words[2 * REGISTER.rsp] = cpu.word(2 * REGISTER.rsp) & ~15;
  cpu.push(8, ss, 0);
  cpu.push(8, spLo, spHi);
  cpu.push(8, event.resume ? flags | RF : flags, 0);
  cpu.push(8, cs, 0);
  cpu.push(8, ripLo, ripHi);
  if (event.errorCode >= 0) cpu.push(8, event.errorCode, 0);
  setRip(cpu, offsetLo, offsetHi);
  cpu.changeFlags(TF | NT | RF | (isInterruptGate(gate.type) ? IF : 0), 0);
}

/** Type of an event in the question whether two make a double fault. Source: Intel SDM vol. 3A, tables 6-4 and 6-5. */
const isContributory = (vector: number): boolean =>
  vector === VECTOR.DE || (vector >= VECTOR.TS && vector <= VECTOR.GP);

/** What comes of a fault while another exception is delivered: 'double', 'shutdown', or the second alone ('serial'). */
export function combine(first: number, second: number): 'double' | 'shutdown' | 'serial' {
  const severe = isContributory(second) || second === VECTOR.PF;
  if (first === VECTOR.DF) return severe ? 'shutdown' : 'serial';
  if (first === VECTOR.PF) return severe ? 'double' : 'serial';
  return isContributory(first) && isContributory(second) ? 'double' : 'serial';
}
