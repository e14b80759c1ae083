import { type Cpu, type Semantics } from '../cpu/cpu.js';
import { VECTOR } from '../cpu/exception.js';
import { REGISTER, WORD } from '../cpu/state.js';
import { LANE } from '../decode/lanes.js';
import { AC, CF, DF, ID, IF, IOPL, NT, RF, STATUS_FLAGS, TF, VM } from '../isa/flags.js';
import { trap } from '../system/events.js';

const { rax, rbp, rsp } = REGISTER;

/** PUSH; a segment register is zero-extended to the operand size. */
const push: Semantics = (cpu) => {
  const size = cpu.operandSize;
  const isImmediate = cpu.lane(LANE.kind0) === 3;
  const isSelector = cpu.lane(LANE.kind0) === 5;
  const lo = isImmediate ? cpu.immediate(size) : cpu.read(0);
  cpu.push(size, lo, isSelector ? 0 : cpu.high);
};

/** POP; an address that uses rSP uses it as it is after the pop. Source: Intel SDM vol. 2B, POP. */
const pop: Semantics = (cpu) => {
  const size = cpu.operandSize;
  const lo = cpu.peekStack(size);
  const high = cpu.high;
  const oldLo = cpu.word(2 * rsp);
  const oldHi = cpu.word(2 * rsp + 1);
  cpu.dropStack(size);
  if (!cpu.isMemory(0)) return cpu.writeBack(0, lo, high);
  try {
    cpu.write(0, lo, high);
  } catch (fault) {
    cpu.setRegister(rsp, 8, oldLo, oldHi);
    throw fault;
  }
};

/** PUSHA: the rSP that is pushed is the one from before; it stays when a later push faults, what was written stays too. */
const pusha: Semantics = (cpu) => {
  const size = cpu.operandSize;
  for (let i = 1; i <= 8; i++) {
    cpu.moveStack(-i * size);
    cpu.storeAt(2, cpu.stackLo, 0, size, cpu.register(i - 1, size), 0);
  }
  cpu.dropStack(-8 * size);
};

/** POPA throws the saved rSP away. Registers popped before a fault stay popped, as on processors; rSP does not move. */
const popa: Semantics = (cpu) => {
  const size = cpu.operandSize;
  for (let i = 0; i < 8; i++) {
    const value = cpu.peekStack(size, i * size);
    if (7 - i !== rsp) cpu.setRegister(7 - i, size, value, 0);
  }
  cpu.dropStack(8 * size);
};

/** In virtual-8086 mode PUSHF and POPF are for IOPL 3 only; there are no virtual-mode extensions. */
function checkVirtual(cpu: Cpu): void {
  const flags = cpu.word(WORD.eflags);
  if (flags & VM && (flags & IOPL) !== IOPL) throw cpu.raise(VECTOR.GP, 0);
}

/** VM and RF are pushed as 0. */
const pushf: Semantics = (cpu) => {
  checkVirtual(cpu);
  cpu.push(cpu.operandSize, cpu.flags() & ~(VM | RF), 0);
};

/** Flags that POPF may change depend on CPL and IOPL; RF is cleared. Source: Intel SDM vol. 2B, table 4-16. */
const popf: Semantics = (cpu) => {
  checkVirtual(cpu);
  const size = cpu.operandSize;
  const old = cpu.word(WORD.eflags);
  const lo = cpu.peekStack(size);
  const cpl = cpu.word(WORD.cpl);
  const iopl = (cpu.word(WORD.eflags) >> 12) & 3;
  let mask = STATUS_FLAGS | TF | DF | NT | AC | ID;
  if (cpl <= iopl) mask |= IF;
  if (cpl === 0) mask |= IOPL;
  if (size === 2) mask &= 0xffff;
  cpu.dropStack(size);
  cpu.changeFlags(mask | (size === 2 ? 0 : RF), lo & ~RF);
  cpu.flagsChanged(old);
};

/** ENTER, with the copying of frame pointers that nobody uses. The memory it will use is tried first. */
const enter: Semantics = (cpu) => {
  const size = cpu.operandSize;
  const level = cpu.lane(LANE.imm2) & 31;
  const locals = cpu.lane(LANE.immLo);
  const oldSp = [cpu.word(2 * rsp), cpu.word(2 * rsp + 1)] as const;
  try {
    const lo = cpu.register(rbp, size);
    cpu.push(size, lo, cpu.high);
    const frame = [cpu.word(2 * rsp), cpu.word(2 * rsp + 1)] as const;
    copyFrames(cpu, size, level, frame);
    cpu.dropStack(-locals);
    cpu.moveStack(0);
    cpu.loadAt(2, cpu.stackLo, cpu.stackHi, size, true);
    cpu.setRegister(rbp, cpu.stackSize === 8 ? 8 : size, frame[0], frame[1]);
  } catch (fault) {
    cpu.setRegister(rsp, 8, oldSp[0], oldSp[1]);
    throw fault;
  }
};

function copyFrames(cpu: Cpu, size: number, level: number, [frameLo, frameHi]: readonly [number, number]): void {
  for (let i = 1; i < level; i++) {
    const stackSize = cpu.stackSize;
    const lo = cpu.register(rbp, stackSize);
    const high = stackSize === 8 ? cpu.high : 0;
    const at = lo - i * size;
    const offset = stackSize === 2 ? at & 0xffff : at | 0;
    const value = cpu.loadAt(2, offset, stackSize === 8 && lo >>> 0 < i * size ? high - 1 : high, size, false);
    cpu.push(size, value, cpu.high);
  }
  if (level > 0) cpu.push(size, frameLo, frameHi);
}

/** LEAVE: rSP ← rBP, then pop rBP. */
const leave: Semantics = (cpu) => {
  const size = cpu.operandSize;
  const stackSize = cpu.stackSize;
  const frame = cpu.register(rbp, stackSize);
  const frameHigh = stackSize === 8 ? cpu.high : 0;
  const lo = cpu.loadAt(2, frame, frameHigh, size, false);
  const high = cpu.high;
  cpu.setRegister(rsp, stackSize, frame, frameHigh);
  cpu.dropStack(size);
  cpu.setRegister(rbp, size, lo, high);
};

/** LAHF and SAHF: SF ZF AF PF CF; bit 1 is 1. */
const LOW_FLAGS = STATUS_FLAGS & 0xff;
const lahf: Semantics = (cpu) => cpu.setRegister(16 + rax, 1, (cpu.flags() & LOW_FLAGS) | 2, 0);
const sahf: Semantics = (cpu) => cpu.changeFlags(LOW_FLAGS, cpu.register(16 + rax, 1));

const setFlag =
  (mask: number, value: number): Semantics =>
  (cpu) => {
    cpu.words[WORD.eflags] = (cpu.word(WORD.eflags) & ~mask) | value;
  };

const interrupt =
  (vector: number, when: (cpu: Cpu) => boolean): Semantics =>
  (cpu) => {
    if (when(cpu)) trap(cpu, vector);
  };

export const STACK: Readonly<Record<string, Semantics>> = {
  PUSH: push,
  POP: pop,
  PUSHA: pusha,
  POPA: popa,
  PUSHF: pushf,
  POPF: popf,
  ENTER: enter,
  LEAVE: leave,
  LAHF: lahf,
  SAHF: sahf,
  CLC: setFlag(CF, 0),
  STC: setFlag(CF, CF),
  CLD: setFlag(DF, 0),
  STD: setFlag(DF, DF),
  CMC: (cpu) => {
    cpu.words[WORD.eflags] = cpu.word(WORD.eflags) ^ CF;
  },
  INT3: interrupt(VECTOR.BP, () => true),
  INTO: interrupt(VECTOR.OF, (cpu) => (cpu.word(WORD.eflags) & 0x800) !== 0),
};
