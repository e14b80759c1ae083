import { type Cpu, type Semantics } from '../cpu/cpu.js';
import { VECTOR } from '../cpu/exception.js';
import { REGISTER } from '../cpu/state.js';
import { LANE } from '../decode/lanes.js';
import { CONDITIONS } from '../isa/conditions.js';
import { CF, OF, PF, SF, ZF } from '../isa/flags.js';
import { checkAlignment } from './vector.js';

const { rax, rbx, rcx, rdx } = REGISTER;

/** MOV; from a segment register 16 bits go to memory, and zero-extended to a register of the operand size. */
const mov: Semantics = (cpu) => {
  const lo = cpu.read(1);
  cpu.write(0, lo, cpu.high);
};

/** MOVSX, MOVSXD: the source, sign-extended from its own size. */
const movsx: Semantics = (cpu) => {
  const size = cpu.sizeOf(1);
  const raw = cpu.read(1);
  const lo = size === 1 ? (raw << 24) >> 24 : size === 2 ? (raw << 16) >> 16 : raw;
  cpu.write(0, lo, lo >> 31);
};
const movzx: Semantics = (cpu) => {
  const lo = cpu.read(1);
  cpu.write(0, lo, 0);
};

const lea: Semantics = (cpu) => {
  cpu.address();
  cpu.writeBack(0, cpu.offsetLo, cpu.offsetHi);
};

const xchg: Semantics = (cpu) => {
  const b = cpu.read(1);
  const bHigh = cpu.high;
  const a = cpu.readToModify(0);
  const aHigh = cpu.high;
  cpu.writeBack(1, a, aHigh);
  cpu.writeBack(0, b, bHigh);
};

/** Conditions by number; each odd one is the contrary of the one before. Source: Intel SDM vol. 1, appendix B. */
export function condition(flags: number, number: number): boolean {
  const sign = (flags & SF) !== 0;
  const overflow = (flags & OF) !== 0;
  let holds: boolean;
  switch (number >> 1) {
    case 0:
      holds = overflow;
      break;
    case 1:
      holds = (flags & CF) !== 0;
      break;
    case 2:
      holds = (flags & ZF) !== 0;
      break;
    case 3:
      holds = (flags & (CF | ZF)) !== 0;
      break;
    case 4:
      holds = sign;
      break;
    case 5:
      holds = (flags & PF) !== 0;
      break;
    case 6:
      holds = sign !== overflow;
      break;
    default:
      holds = sign !== overflow || (flags & ZF) !== 0;
  }
  return holds === ((number & 1) === 0);
}

/** CMOV reads its source, and can fault, and clears the upper half of a 32-bit destination even when it does not move. */
const cmov =
  (number: number): Semantics =>
  (cpu) => {
    const lo = cpu.read(1);
    const high = cpu.high;
    if (condition(cpu.flags(), number)) return cpu.writeBack(0, lo, high);
    const old = cpu.read(0);
    cpu.writeBack(0, old, cpu.high);
  };
const setcc =
  (number: number): Semantics =>
  (cpu) =>
    cpu.write(0, condition(cpu.flags(), number) ? 1 : 0, 0);
const jcc =
  (number: number): Semantics =>
  (cpu) => {
    if (condition(cpu.flags(), number)) cpu.jumpRelative();
  };

const CONDITIONAL = Object.fromEntries(
  CONDITIONS.flatMap((name, number): [string, Semantics][] => [
    [`CMOV${name}`, cmov(number)],
    [`SET${name}`, setcc(number)],
    [`J${name}`, jcc(number)],
  ]),
);

/** CMPXCHG8B, CMPXCHG16B: m with rDX:rAX; the latter asks for an address that is a multiple of 16. */
const cmpxchg8b: Semantics = (cpu) => {
  const size = cpu.operandSize === 8 ? 8 : 4;
  if (size === 8 && !cpu.profile.features.has('cx16')) throw cpu.raise(VECTOR.UD);
  cpu.address();
  const { offsetLo, offsetHi } = cpu;
  const segment = cpu.lane(LANE.segment);
  if (size === 8) checkAlignment(cpu);
  cpu.linear(segment, offsetLo, offsetHi, 2 * size, true);
  const secondHi = (offsetHi + (offsetLo >>> 0 > 0xffffffff - size ? 1 : 0)) | 0;
  const a = cpu.loadAt(segment, offsetLo, offsetHi, size, true);
  const aHigh = size === 8 ? cpu.high : 0;
  const b = cpu.loadAt(segment, (offsetLo + size) | 0, secondHi, size, true);
  const bHigh = size === 8 ? cpu.high : 0;
  const same = isRegister(cpu, rax, size, a, aHigh) && isRegister(cpu, rdx, size, b, bHigh);
  cpu.changeFlags(ZF, same ? ZF : 0);
  const low = same ? cpu.register(rbx, size) : a;
  cpu.storeAt(segment, offsetLo, offsetHi, size, low, same ? cpu.high : aHigh);
  const upper = same ? cpu.register(rcx, size) : b;
  cpu.storeAt(segment, (offsetLo + size) | 0, secondHi, size, upper, same ? cpu.high : bHigh);
  if (same) return;
  cpu.setRegister(rax, size, a, aHigh);
  cpu.setRegister(rdx, size, b, bHigh);
};

const isRegister = (cpu: Cpu, number: number, size: number, lo: number, hi: number): boolean =>
  cpu.register(number, size) === lo && (size !== 8 || cpu.high === hi);

/** XLAT: AL ← [rBX + AL]. */
const xlat: Semantics = (cpu) => {
  const sum = (cpu.word(2 * rbx) >>> 0) + cpu.register(rax, 1);
  cpu.setOffset(sum | 0, (cpu.word(2 * rbx + 1) + (sum > 0xffffffff ? 1 : 0)) | 0);
  cpu.setRegister(rax, 1, cpu.load(1, false), 0);
};

/** BOUND: #BR unless the signed index lies between the two bounds in memory. */
const bound: Semantics = (cpu) => {
  const size = cpu.operandSize;
  const signed = (raw: number) => (size === 2 ? (raw << 16) >> 16 : raw);
  cpu.address();
  const lower = signed(cpu.load(size, false));
  cpu.setOffset((cpu.offsetLo + size) | 0, 0);
  const upper = signed(cpu.load(size, false));
  const index = signed(cpu.read(0));
  if (index < lower || index > upper) throw cpu.raise(VECTOR.BR);
};

const nop: Semantics = () => undefined;
const undefinedOpcode: Semantics = (cpu) => {
  throw cpu.raise(VECTOR.UD);
};

export const MOVES: Readonly<Record<string, Semantics>> = {
  ...CONDITIONAL,
  MOV: mov,
  MOVNTI: mov,
  MOVZX: movzx,
  MOVSX: movsx,
  MOVSXD: movsx,
  LEA: lea,
  XCHG: xchg,
  CMPXCHG8B: cmpxchg8b,
  XLAT: xlat,
  BOUND: bound,
  NOP: nop,
  PAUSE: nop,
  ENDBR64: nop,
  ENDBR32: nop,
  LFENCE: nop,
  MFENCE: nop,
  SFENCE: nop,
  PREFETCH: nop,
  PREFETCHW: nop,
  PREFETCHWT1: nop,
  PREFETCHNTA: nop,
  PREFETCHT0: nop,
  PREFETCHT1: nop,
  PREFETCHT2: nop,
  UD0: undefinedOpcode,
  UD1: undefinedOpcode,
  UD2: undefinedOpcode,
};
