import { type Cpu, type Semantics } from '../cpu/cpu.js';
import { VECTOR } from '../cpu/exception.js';
import { REGISTER, WORD } from '../cpu/state.js';
import { KIND, LANE, SEG } from '../decode/lanes.js';
import { atomically, withStackSelector } from './atomic.js';
import {
  type Descriptor,
  isCanonical,
  isLong,
  isNull,
  isProtected,
  readDescriptor,
  readUpper,
  SYSTEM_TYPE,
} from './descriptor.js';
import { loadCode, loadRealCode, selectorOf } from './segment.js';
import { switchStack } from './stack-switch.js';
import { switchTask } from './task.js';

/** Where a far transfer goes. */
export interface Target {
  readonly selector: number;
  readonly lo: number;
  readonly hi: number;
}

/** The far pointer of the instruction: immediate, or in memory with the offset first. */
function targetOf(cpu: Cpu): Target {
  const size = cpu.operandSize;
  if (cpu.lane(LANE.kind0) === KIND.far) {
    const lo = cpu.lane(LANE.immLo);
    return { selector: cpu.lane(LANE.imm2) & 0xffff, lo: size === 2 ? lo & 0xffff : lo, hi: 0 };
  }
  const { lo, hi, selector } = loadFarPointer(cpu, size);
  return { selector, lo, hi };
}

/** Offset and selector at the memory operand. */
export function loadFarPointer(cpu: Cpu, size: number): Target {
  cpu.address();
  const { offsetLo, offsetHi } = cpu;
  const lo = cpu.load(size, false);
  const hi = size === 8 ? cpu.high : 0;
  const sum = (offsetLo >>> 0) + size;
  cpu.setOffset(sum | 0, (offsetHi + (sum > 0xffffffff ? 1 : 0)) | 0);
  return { selector: cpu.load(2, false), lo, hi };
}

/** Checks an offset against the code segment that it is for. */
export function checkTarget(cpu: Cpu, descriptor: Descriptor, lo: number, hi: number): void {
  const inside = isLong(cpu) && descriptor.isLong ? isCanonical(hi) : lo >>> 0 <= descriptor.limit >>> 0 && hi === 0;
  if (!inside) throw cpu.raise(VECTOR.GP, 0);
}

/** In IA-32e mode a code segment is 64-bit or 32-bit, and not both. */
export const isAmbiguous = (cpu: Cpu, descriptor: Descriptor): boolean =>
  isLong(cpu) && descriptor.isLong && descriptor.isBig;

export function setRip(cpu: Cpu, lo: number, hi: number): void {
  cpu.words[WORD.rip] = lo;
  cpu.words[WORD.rip + 1] = hi;
}

/** A code segment reached directly, or through a gate that does not change the level. */
function checkDirect(cpu: Cpu, descriptor: Descriptor, selector: number, rpl: number): void {
  const cpl = cpu.word(WORD.cpl);
  const allowed = descriptor.isConforming ? descriptor.dpl <= cpl : rpl <= cpl && descriptor.dpl === cpl;
  if (!descriptor.isCode || !allowed || isAmbiguous(cpu, descriptor)) throw cpu.raise(VECTOR.GP, selector & 0xfffc);
  if (!descriptor.isPresent) throw cpu.raise(VECTOR.NP, selector & 0xfffc);
}

function pushReturn(cpu: Cpu, size: number, selector: number, lo: number, hi: number): void {
  cpu.push(size, selector, 0);
  cpu.push(size, lo, hi);
}

/** Far JMP and CALL. Source: Intel SDM vol. 2A, JMP and CALL, "far". */
function transfer(cpu: Cpu, calls: boolean): void {
  const target = targetOf(cpu);
  const { selector, lo, hi } = target;
  if (!isProtected(cpu)) return transferReal(cpu, target, calls);
  if (isNull(selector)) throw cpu.raise(VECTOR.GP, 0);
  const descriptor = readDescriptor(cpu, selector);
  if (descriptor.isSystem) return transferSystem(cpu, descriptor, calls);
  checkDirect(cpu, descriptor, selector, selector & 3);
  checkTarget(cpu, descriptor, lo, hi);
  if (calls) pushReturn(cpu, cpu.operandSize, selectorOf(cpu, SEG.CS), cpu.word(WORD.rip), cpu.word(WORD.rip + 1));
  loadCode(cpu, selector, descriptor, cpu.word(WORD.cpl));
  setRip(cpu, lo, hi);
}

function transferReal(cpu: Cpu, { selector, lo }: Target, calls: boolean): void {
  if (calls) pushReturn(cpu, cpu.operandSize, selectorOf(cpu, SEG.CS), cpu.word(WORD.rip), 0);
  loadRealCode(cpu, selector);
  cpu.checkJump(lo, 0);
  setRip(cpu, lo, 0);
}

/** The descriptor is a call gate, a task gate or a TSS. */
function transferSystem(cpu: Cpu, gate: Descriptor, calls: boolean): void {
  const { selector, type, dpl } = gate;
  const long = isLong(cpu);
  const isCallGate = type === SYSTEM_TYPE.callGate || (type === SYSTEM_TYPE.callGate16 && !long);
  const isTask = !long && (type === SYSTEM_TYPE.taskGate || type === SYSTEM_TYPE.tss || type === SYSTEM_TYPE.tss16);
  if (!(isCallGate || isTask) || dpl < cpu.word(WORD.cpl) || (selector & 3) > dpl)
    throw cpu.raise(VECTOR.GP, selector & 0xfffc);
  if (!gate.isPresent) throw cpu.raise(VECTOR.NP, selector & 0xfffc);
  if (isTask) switchTask(cpu, gate, calls ? 'call' : 'jump');
  else throughGate(cpu, gate, calls);
}

function throughGate(cpu: Cpu, gate: Descriptor, calls: boolean): void {
  const long = isLong(cpu);
  const { gateSelector, type } = gate;
  const offsetHi = long ? readUpper(cpu, gate) : 0;
  const offsetLo = type & 8 ? (gate.hi & 0xffff0000) | (gate.lo & 0xffff) : gate.lo & 0xffff;
  if (isNull(gateSelector)) throw cpu.raise(VECTOR.GP, 0);
  const descriptor = readDescriptor(cpu, gateSelector);
  const cpl = cpu.word(WORD.cpl);
  if (!descriptor.isCode || descriptor.dpl > cpl || (long && (!descriptor.isLong || descriptor.isBig)))
    throw cpu.raise(VECTOR.GP, gateSelector & 0xfffc);
  if (!calls || descriptor.isConforming || descriptor.dpl === cpl) {
    checkDirect(cpu, descriptor, gateSelector, 0);
    checkTarget(cpu, descriptor, offsetLo, offsetHi);
    const size = long ? 8 : type & 8 ? 4 : 2;
    const [ripLo, ripHi] = [cpu.word(WORD.rip), cpu.word(WORD.rip + 1)];
    const old = selectorOf(cpu, SEG.CS);
    loadCode(cpu, gateSelector, descriptor, cpl);
    if (calls) pushReturn(cpu, size, old, ripLo, ripHi);
  } else {
    if (!descriptor.isPresent) throw cpu.raise(VECTOR.NP, gateSelector & 0xfffc);
    checkTarget(cpu, descriptor, offsetLo, offsetHi);
    callInner(cpu, gate, descriptor);
  }
  setRip(cpu, offsetLo, offsetHi);
}

/** A call to a more privileged level: its stack, with the parameters copied to it. */
function callInner(cpu: Cpu, gate: Descriptor, descriptor: Descriptor): void {
  const long = isLong(cpu);
  const size = long ? 8 : gate.type & 8 ? 4 : 2;
  const count = long ? 0 : gate.hi & 31;
  const parameters = Array.from({ length: count }, (_, i) => cpu.peekStack(size, i * size));
  const [ripLo, ripHi] = [cpu.word(WORD.rip), cpu.word(WORD.rip + 1)];
  const [rspLo, rspHi] = [cpu.word(2 * REGISTER.rsp), cpu.word(2 * REGISTER.rsp + 1)];
  const [cs, ss] = [selectorOf(cpu, SEG.CS), selectorOf(cpu, SEG.SS)];
  const inner = switchStack(cpu, descriptor.dpl);
  loadCode(cpu, gate.gateSelector, descriptor, descriptor.dpl);
  withStackSelector(cpu, inner, () => {
    cpu.push(size, ss, 0);
    cpu.push(size, rspLo, rspHi);
    for (const value of parameters.reverse()) cpu.push(size, value, 0);
    pushReturn(cpu, size, cs, ripLo, ripHi);
  });
}

const far =
  (action: Semantics): Semantics =>
  (cpu) =>
    atomically(cpu, () => action(cpu));

const jumpFar = far((cpu) => transfer(cpu, false));
const callFar = far((cpu) => transfer(cpu, true));

export const FAR: Readonly<Record<string, Semantics>> = {
  'JMP ptr16:z': jumpFar,
  'JMP m16:z': jumpFar,
  'CALL ptr16:z': callFar,
  'CALL m16:z': callFar,
};
