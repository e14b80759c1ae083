import { type Cpu, type Semantics } from '../cpu/cpu.js';
import { REGISTER, WORD } from '../cpu/state.js';
import { KIND, LANE, SEG } from '../decode/lanes.js';
import { ZF } from '../isa/flags.js';

const { rcx } = REGISTER;

const jmp: Semantics = (cpu) => {
  if (cpu.lane(LANE.kind0) === KIND.rel) return cpu.jumpRelative();
  const lo = cpu.read(0);
  cpu.jump(lo, cpu.high, cpu.operandSize);
};

/** CALL near: the target is checked before the return address is pushed; when neither can be, that of the stack is the fault (so on AMD's Zen 5). */
const call: Semantics = (cpu) => {
  const size = cpu.operandSize;
  const returnLo = cpu.word(WORD.rip);
  const returnHi = cpu.word(WORD.rip + 1);
  const lo = cpu.lane(LANE.kind0) === KIND.rel ? cpu.relativeTarget() : cpu.read(0);
  const hi = cpu.high;
  if (!cpu.isCode(size === 2 ? lo & 0xffff : lo, size === 8 ? hi : 0)) {
    cpu.moveStack(-size);
    cpu.loadAt(SEG.SS, cpu.stackLo, cpu.stackHi, size, true);
  }
  cpu.jump(lo, hi, size);
  const targetLo = cpu.word(WORD.rip);
  const targetHi = cpu.word(WORD.rip + 1);
  cpu.push(size, returnLo, returnHi);
  cpu.words[WORD.rip] = targetLo;
  cpu.words[WORD.rip + 1] = targetHi;
  cpu.words[WORD.called] = targetLo;
  cpu.words[WORD.called + 1] = targetHi;
};

const ret: Semantics = (cpu) => {
  const size = cpu.operandSize;
  const lo = cpu.peekStack(size);
  cpu.jump(lo, cpu.high, size);
  cpu.dropStack(size + (cpu.lane(LANE.kind0) === KIND.none ? 0 : cpu.lane(LANE.immLo)));
};

/** rCX of the address size minus 1; whether it is not 0. */
function countDown(cpu: Cpu): boolean {
  const size = cpu.lane(LANE.address);
  const lo = cpu.register(rcx, size);
  const high = size === 8 ? cpu.high : 0;
  const next = size === 2 ? (lo - 1) & 0xffff : (lo - 1) | 0;
  const nextHigh = lo === 0 ? high - 1 : high;
  cpu.setRegister(rcx, size, next, nextHigh);
  return next !== 0 || (size === 8 && nextHigh !== 0);
}

/** LOOP, LOOPE, LOOPNE; a jump that faults leaves rCX as it was. */
const loop =
  (zero: boolean | undefined): Semantics =>
  (cpu) => {
    const lo = cpu.word(2 * rcx);
    const hi = cpu.word(2 * rcx + 1);
    const more = countDown(cpu);
    if (!more || (zero !== undefined && ((cpu.flags() & ZF) !== 0) !== zero)) return;
    try {
      cpu.jumpRelative();
    } catch (fault) {
      cpu.setRegister(rcx, 8, lo, hi);
      throw fault;
    }
  };

const jrcxz: Semantics = (cpu) => {
  const size = cpu.lane(LANE.address);
  if (cpu.register(rcx, size) === 0 && (size !== 8 || cpu.high === 0)) cpu.jumpRelative();
};

export const BRANCHES: Readonly<Record<string, Semantics>> = {
  JMP: jmp,
  CALL: call,
  RET: ret,
  LOOP: loop(undefined),
  LOOPE: loop(true),
  LOOPNE: loop(false),
  JrCXZ: jrcxz,
};
