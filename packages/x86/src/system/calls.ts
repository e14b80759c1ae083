import { type Cpu, type Semantics } from '../cpu/cpu.js';
import { VECTOR } from '../cpu/exception.js';
import { ATTRIBUTE, CR0, CR4, EFER, MSR_SLOTS, REGISTER, SEGMENT, SHADOW, WORD } from '../cpu/state.js';
import { SEG } from '../decode/lanes.js';
import { IF, RF, TF, VM } from '../isa/flags.js';
import { DR6 } from './control.js';
import { isCanonical, isLong, segmentWord } from './descriptor.js';
import { setRip } from './far.js';
import { setSegment } from './segment.js';

const { rcx, rdx, rsp } = REGISTER;
const R11 = 11;
const FLAT_CODE = ATTRIBUTE.granular | 0x9b;
const FLAT_STACK = ATTRIBUTE.granular | ATTRIBUTE.big | 0x93;
/** Flags that SYSRET takes from R11: not RF and VM. */
const SYSRET_FLAGS = 0x3c7fd7;

const msr = (slot: number): number => WORD.msrs + 2 * slot;

/** CS and SS as the fast calls have them: flat, whatever the descriptors say, SS behind CS. */
function setFlatSegments(cpu: Cpu, cs: number, ss: number, cpl: number, is64: boolean): void {
  const dpl = cpl << 5;
  setSegment(cpu, SEG.CS, (cs & 0xfffc) | cpl, FLAT_CODE | dpl | (is64 ? ATTRIBUTE.long : ATTRIBUTE.big), 0, -1);
  setSegment(cpu, SEG.SS, (ss & 0xfffc) | cpl, FLAT_STACK | dpl, 0, -1);
  cpu.setPrivilege(cpl);
  cpu.modeChanged();
}

/** EFLAGS anew; what follows from AC too. A single step comes after the instruction only if TF is still set. */
function setFlags(cpu: Cpu, value: number): void {
  const old = cpu.flags();
  cpu.words[WORD.eflags] = value | 2;
  cpu.trapInhibited = (value & TF) === 0;
  cpu.flagsChanged(old);
}

const isAmd = (cpu: Cpu): boolean => cpu.profile.vendor === 'AuthenticAMD';
const undefinedOpcode = (cpu: Cpu) => cpu.raise(VECTOR.UD);

/** SYSCALL. Outside of 64-bit mode only AMD has it. Source: Intel SDM vol. 2B, SYSCALL; AMD APM vol. 3, SYSCALL. */
const syscall: Semantics = (cpu) => {
  if ((cpu.word(WORD.efer) & EFER.SCE) === 0 || (!cpu.is64 && !isAmd(cpu))) throw undefinedOpcode(cpu);
  const star = msr(MSR_SLOTS.star);
  const selector = cpu.word(star + 1) & 0xffff;
  const flags = cpu.flags();
  const { is64 } = cpu;
  cpu.setRegister(rcx, is64 ? 8 : 4, cpu.word(WORD.rip), cpu.word(WORD.rip + 1));
  if (!isLong(cpu)) {
    setRip(cpu, cpu.word(star), 0);
    setFlatSegments(cpu, selector, selector + 8, 0, false);
    return setFlags(cpu, flags & ~(VM | IF | RF));
  }
  cpu.setRegister(R11, 8, flags & ~RF, 0);
  const target = msr(is64 ? MSR_SLOTS.lstar : MSR_SLOTS.cstar);
  setRip(cpu, cpu.word(target), cpu.word(target + 1));
  setFlatSegments(cpu, selector, selector + 8, 0, true);
  setFlags(cpu, flags & ~cpu.word(msr(MSR_SLOTS.sfmask)) & ~RF);
};

/** SYSRET. A return address that is not canonical is #GP at CPL 0, as Intel has it. Source: Intel SDM vol. 2B, SYSRET. */
const sysret: Semantics = (cpu) => {
  if ((cpu.word(WORD.efer) & EFER.SCE) === 0 || (!cpu.is64 && !isAmd(cpu))) throw undefinedOpcode(cpu);
  if ((cpu.word(WORD.cr) & CR0.PE) === 0) throw cpu.raise(VECTOR.GP, 0);
  const selector = cpu.word(msr(MSR_SLOTS.star) + 1) >>> 16;
  const to64 = cpu.operandSize === 8;
  if (to64 && !isCanonical(cpu.word(2 * rcx + 1))) throw cpu.raise(VECTOR.GP, 0);
  const flags = isLong(cpu) ? cpu.word(2 * R11) & SYSRET_FLAGS : cpu.flags() | IF;
  setRip(cpu, cpu.word(2 * rcx), to64 ? cpu.word(2 * rcx + 1) : 0);
  setFlatSegments(cpu, to64 ? selector + 16 : selector, selector + 8, 3, to64);
  setFlags(cpu, flags);
  if (flags & TF) stepNow(cpu);
};

/** TF that SYSRET sets traps behind SYSRET itself, as if behind the SYSCALL. Source: kvm-unit-tests, syscall; processors do so. */
function stepNow(cpu: Cpu): void {
  cpu.words[WORD.debugPending] = DR6.BS;
  cpu.words[WORD.shadow] = SHADOW.sti;
}

const sysenter: Semantics = (cpu) => {
  const selector = cpu.word(msr(MSR_SLOTS.sysenterCs)) & 0xffff;
  if (!cpu.profile.features.has('sep') || (isAmd(cpu) && isLong(cpu))) throw undefinedOpcode(cpu);
  if ((cpu.word(WORD.cr) & CR0.PE) === 0 || (selector & 0xfffc) === 0) throw cpu.raise(VECTOR.GP, 0);
  const long = isLong(cpu);
  const [sp, ip] = [msr(MSR_SLOTS.sysenterEsp), msr(MSR_SLOTS.sysenterEip)];
  cpu.words[2 * rsp] = cpu.word(sp);
  cpu.words[2 * rsp + 1] = long ? cpu.word(sp + 1) : 0;
  setRip(cpu, cpu.word(ip), long ? cpu.word(ip + 1) : 0);
  const old = cpu.flags();
  cpu.words[WORD.eflags] = old & ~(VM | IF | RF);
  setFlatSegments(cpu, selector, selector + 8, 0, long);
};

const sysexit: Semantics = (cpu) => {
  const selector = cpu.word(msr(MSR_SLOTS.sysenterCs)) & 0xffff;
  if (!cpu.profile.features.has('sep') || (isAmd(cpu) && isLong(cpu))) throw undefinedOpcode(cpu);
  if ((cpu.word(WORD.cr) & CR0.PE) === 0 || (selector & 0xfffc) === 0) throw cpu.raise(VECTOR.GP, 0);
  const to64 = cpu.operandSize === 8;
  const canonical = isCanonical(cpu.word(2 * rcx + 1)) && isCanonical(cpu.word(2 * rdx + 1));
  if (to64 && !canonical) throw cpu.raise(VECTOR.GP, 0);
  cpu.words[2 * rsp] = cpu.word(2 * rcx);
  cpu.words[2 * rsp + 1] = to64 ? cpu.word(2 * rcx + 1) : 0;
  setRip(cpu, cpu.word(2 * rdx), to64 ? cpu.word(2 * rdx + 1) : 0);
  const cs = selector + (to64 ? 32 : 16);
  setFlatSegments(cpu, cs, cs + 8, 3, to64);
};

const swapgs: Semantics = (cpu) => {
  const base = segmentWord(SEG.GS) + SEGMENT.baseLo;
  const other = msr(MSR_SLOTS.kernelGsBase);
  for (const i of [0, 1]) {
    const value = cpu.word(base + i);
    cpu.words[base + i] = cpu.word(other + i);
    cpu.words[other + i] = value;
  }
};

const baseOf = (cpu: Cpu, segment: number): number => {
  if ((cpu.word(WORD.cr + 8) & CR4.FSGSBASE) === 0) throw undefinedOpcode(cpu);
  return segmentWord(segment) + SEGMENT.baseLo;
};
const readBase =
  (segment: number): Semantics =>
  (cpu) => {
    const at = baseOf(cpu, segment);
    cpu.writeBack(0, cpu.word(at), cpu.word(at + 1));
  };
const writeBase =
  (segment: number): Semantics =>
  (cpu) => {
    const at = baseOf(cpu, segment);
    const lo = cpu.read(0);
    const hi = cpu.sizeOf(0) === 8 ? cpu.high : 0;
    if (!isCanonical(hi)) throw cpu.raise(VECTOR.GP, 0);
    cpu.words[at] = lo;
    cpu.words[at + 1] = hi;
  };

export const CALLS: Readonly<Record<string, Semantics>> = {
  SYSCALL: syscall,
  SYSRET: sysret,
  SYSENTER: sysenter,
  SYSEXIT: sysexit,
  SWAPGS: swapgs,
  RDFSBASE: readBase(SEG.FS),
  RDGSBASE: readBase(SEG.GS),
  WRFSBASE: writeBase(SEG.FS),
  WRGSBASE: writeBase(SEG.GS),
};
