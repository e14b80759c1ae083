import { type Cpu, type Semantics } from '../cpu/cpu.js';
import { VECTOR } from '../cpu/exception.js';
import { NMI, WORD } from '../cpu/state.js';
import { KIND, LANE } from '../decode/lanes.js';
import { AC, DF, ID, IF, IOPL, NT, RF, STATUS_FLAGS, TF, VIF, VIP, VM } from '../isa/flags.js';
import { atomically } from './atomic.js';
import { type Descriptor, isLong, isNull, isProtected, isVirtual8086, readDescriptor } from './descriptor.js';
import { checkTarget, isAmbiguous, setRip } from './far.js';
import {
  dropPrivilegedSegments,
  loadCode,
  loadNullStack,
  loadRealCode,
  loadRealSegment,
  loadStackOf,
} from './segment.js';
import { setStackPointer } from './stack-switch.js';
import { returnFromTask } from './task.js';

/** The code segment that is returned to: its level is that of the selector, and may not be an inner one. */
function returnDescriptor(cpu: Cpu, selector: number): Descriptor {
  if (isNull(selector)) throw cpu.raise(VECTOR.GP, 0);
  const descriptor = readDescriptor(cpu, selector);
  const rpl = selector & 3;
  const { isCode, isConforming, dpl } = descriptor;
  const allowed = rpl >= cpu.word(WORD.cpl) && (isConforming ? dpl <= rpl : dpl === rpl);
  if (!isCode || !allowed || isAmbiguous(cpu, descriptor)) throw cpu.raise(VECTOR.GP, selector & 0xfffc);
  if (!descriptor.isPresent) throw cpu.raise(VECTOR.NP, selector & 0xfffc);
  return descriptor;
}

/** SS of the level that is returned to; 64-bit code below level 3 may have none. */
function returnStack(cpu: Cpu, selector: number, code: Descriptor, cpl: number): void {
  if (!isNull(selector)) return loadStackOf(cpu, selector, cpl, VECTOR.GP);
  const allowed = isLong(cpu) && code.isLong && cpl !== 3 && (selector & 3) === cpl;
  if (!allowed) throw cpu.raise(VECTOR.GP, 0);
  loadNullStack(cpu, selector);
}

/** RETF. Source: Intel SDM vol. 2B, RET, "far return". */
function retf(cpu: Cpu): void {
  const size = cpu.operandSize;
  const parameters = cpu.lane(LANE.kind0) === KIND.none ? 0 : cpu.lane(LANE.immLo) & 0xffff;
  const lo = cpu.peekStack(size);
  const hi = size === 8 ? cpu.high : 0;
  const selector = cpu.peekStack(size, size) & 0xffff;
  if (!isProtected(cpu)) {
    cpu.dropStack(2 * size + parameters);
    loadRealCode(cpu, selector);
    cpu.checkJump(lo, 0);
    return setRip(cpu, lo, 0);
  }
  const descriptor = returnDescriptor(cpu, selector);
  checkTarget(cpu, descriptor, lo, hi);
  const cpl = selector & 3;
  if (cpl === cpu.word(WORD.cpl)) {
    cpu.dropStack(2 * size + parameters);
    loadCode(cpu, selector, descriptor, cpl);
  } else {
    const spLo = cpu.peekStack(size, 2 * size + parameters);
    const spHi = size === 8 ? cpu.high : 0;
    const ss = cpu.peekStack(size, 3 * size + parameters) & 0xffff;
    returnStack(cpu, ss, descriptor, cpl);
    loadCode(cpu, selector, descriptor, cpl);
    setStackPointer(cpu, spLo, spHi);
    cpu.dropStack(parameters);
    dropPrivilegedSegments(cpu);
  }
  setRip(cpu, lo, hi);
}

/** Flags that IRET may change; `cpl` is that of before. Source: Intel SDM vol. 2A, IRET, "RETURN-TO-SAME-PRIVILEGE-LEVEL". */
function returnFlags(cpu: Cpu, size: number, value: number, cpl: number): void {
  const flags = cpu.word(WORD.eflags);
  let mask = STATUS_FLAGS | TF | DF | NT;
  if (size !== 2) mask |= RF | AC | ID;
  if (cpl <= ((flags >> 12) & 3)) mask |= IF;
  if (cpl === 0) mask |= size === 2 ? IOPL : IOPL | VIF | VIP;
  cpu.changeFlags(mask, value);
  cpu.flagsChanged(flags);
}

/** IRET. Source: Intel SDM vol. 2A, IRET. */
function iret(cpu: Cpu): void {
  const size = cpu.operandSize;
  if (isVirtual8086(cpu) && (cpu.word(WORD.eflags) & IOPL) !== IOPL) throw cpu.raise(VECTOR.GP, 0);
  const flags = cpu.word(WORD.eflags);
  if (isProtected(cpu) && flags & NT) {
    if (isLong(cpu)) throw cpu.raise(VECTOR.GP, 0);
    return returnFromTask(cpu);
  }
  const lo = cpu.peekStack(size);
  const hi = size === 8 ? cpu.high : 0;
  const selector = cpu.peekStack(size, size) & 0xffff;
  const image = cpu.peekStack(size, 2 * size);
  const cpl = cpu.word(WORD.cpl);
  if (!isProtected(cpu)) {
    cpu.dropStack(3 * size);
    loadRealCode(cpu, selector);
    cpu.checkJump(lo, 0);
    setRip(cpu, lo, 0);
    // IOPL only changes in real mode, where CPL is 0; VM, VIF and VIP nowhere here
    cpu.changeFlags(STATUS_FLAGS | TF | DF | NT | IF | (cpl === 0 ? IOPL : 0) | (size === 2 ? 0 : RF | AC | ID), image);
    return cpu.flagsChanged(flags);
  }
  if (image & VM && cpl === 0 && size === 4 && !isLong(cpu)) return toVirtual8086(cpu, lo, selector, image);
  protectedReturn(cpu, size, { selector, lo, hi }, image);
}

/** In 64-bit mode rSP and SS are popped always, else when the level changes. */
function protectedReturn(
  cpu: Cpu,
  size: number,
  to: { selector: number; lo: number; hi: number },
  image: number,
): void {
  const { selector, lo, hi } = to;
  const descriptor = returnDescriptor(cpu, selector);
  checkTarget(cpu, descriptor, lo, hi);
  const oldCpl = cpu.word(WORD.cpl);
  const cpl = selector & 3;
  if (cpl === oldCpl && !cpu.is64) {
    cpu.dropStack(3 * size);
    loadCode(cpu, selector, descriptor, cpl);
  } else {
    const spLo = cpu.peekStack(size, 3 * size);
    const spHi = size === 8 ? cpu.high : 0;
    const ss = cpu.peekStack(size, 4 * size) & 0xffff;
    returnStack(cpu, ss, descriptor, cpl);
    loadCode(cpu, selector, descriptor, cpl);
    setStackPointer(cpu, spLo, spHi);
    if (cpl !== oldCpl) dropPrivilegedSegments(cpu);
  }
  setRip(cpu, lo, hi);
  returnFlags(cpu, size, image, oldCpl);
}

function toVirtual8086(cpu: Cpu, lo: number, cs: number, image: number): void {
  const popped = Array.from({ length: 6 }, (_, i) => cpu.peekStack(4, 12 + 4 * i));
  const [sp = 0, ss = 0, es = 0, ds = 0, fs = 0, gs = 0] = popped;
  const flags = cpu.word(WORD.eflags);
  cpu.changeFlags(STATUS_FLAGS | TF | IF | DF | IOPL | NT | RF | VM | AC | VIF | VIP | ID, image);
  [es, cs, ss, ds, fs, gs].forEach((selector, segment) => loadRealSegment(cpu, segment, selector & 0xffff));
  cpu.setPrivilege(3);
  cpu.modeChanged();
  cpu.words[2 * 4] = sp;
  setRip(cpu, lo & 0xffff, 0);
  cpu.flagsChanged(flags);
}

export const RETURNS: Readonly<Record<string, Semantics>> = {
  RETF: (cpu) => atomically(cpu, () => retf(cpu)),
  IRET: (cpu) => {
    // also when it faults. Source: Intel SDM vol. 3A, 6.7.1
    const waits = cpu.word(WORD.nmi) & NMI.waits;
    cpu.words[WORD.nmi] = waits;
    if (waits) cpu.attention = true;
    atomically(cpu, () => iret(cpu));
  },
};
