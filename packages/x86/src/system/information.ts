import { type Cpu, type Semantics } from '../cpu/cpu.js';
import { VECTOR } from '../cpu/exception.js';
import { CR4, MSR_SLOTS, REGISTER, WORD } from '../cpu/state.js';
import { CF, STATUS_FLAGS } from '../isa/flags.js';
import { type CpuFeature, cpuidOf } from './profile.js';
import { readTsc } from './time.js';

const { rax, rcx, rdx, rbx } = REGISTER;
const APIC_ENABLED = 0x800;
const APIC_FEATURE = 0x200;

/** CPUID: the profile, but for what the state decides: the APIC may be switched off. */
const cpuid: Semantics = (cpu) => {
  const [leaf, subleaf] = [cpu.word(2 * rax), cpu.word(2 * rcx)];
  const { eax, ebx, ecx, edx } = cpu.hooks.cpuid?.(leaf >>> 0, subleaf >>> 0) ?? cpuidOf(cpu.profile, leaf, subleaf);
  const apicIsOff = (cpu.word(WORD.msrs + 2 * MSR_SLOTS.apicBase) & APIC_ENABLED) === 0;
  cpu.setRegister(rax, 4, eax, 0);
  cpu.setRegister(rbx, 4, ebx, 0);
  cpu.setRegister(rcx, 4, ecx, 0);
  cpu.setRegister(rdx, 4, leaf === 1 && apicIsOff ? edx & ~APIC_FEATURE : edx, 0);
};

/** An instruction that a feature brings: #UD without it. */
const needs =
  (feature: CpuFeature, action: Semantics): Semantics =>
  (cpu) => {
    if (!cpu.profile.features.has(feature)) throw cpu.raise(VECTOR.UD);
    action(cpu);
  };

const rdtsc: Semantics = (cpu) => {
  if (cpu.word(WORD.cr + 8) & CR4.TSD && cpu.word(WORD.cpl) > 0) throw cpu.raise(VECTOR.GP, 0);
  const lo = readTsc(cpu);
  const { high } = cpu;
  cpu.setRegister(rax, 4, lo, 0);
  cpu.setRegister(rdx, 4, high, 0);
};

const TSC_AUX = WORD.msrs + 2 * MSR_SLOTS.tscAux;
const rdtscp: Semantics = (cpu) => {
  rdtsc(cpu);
  cpu.setRegister(rcx, 4, cpu.word(TSC_AUX), 0);
};

const RANDOM = WORD.msrs + 2 * MSR_SLOTS.randomState;
/** xorshift32: the same numbers in every run. */
function random(cpu: Cpu): number {
  let x = cpu.word(RANDOM) || cpu.profile.randomSeed || 1;
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  cpu.words[RANDOM] = x;
  return x;
}
const rdrand: Semantics = (cpu) => {
  const lo = random(cpu);
  const hi = random(cpu);
  const size = cpu.sizeOf(0);
  cpu.writeBack(0, size === 2 ? lo & 0xffff : lo, hi);
  cpu.changeFlags(STATUS_FLAGS, CF);
};

const undefinedOpcode: Semantics = (cpu) => {
  throw cpu.raise(VECTOR.UD);
};
/** They touch the address that they name as a load of one byte does. */
const flushLine: Semantics = (cpu) => {
  cpu.address();
  cpu.load(1, false);
};

/** Instructions of features that no profile can have: their answer is #UD, as on a processor without them. */
// prettier-ignore
const ABSENT = [
  'MONITOR', 'MWAIT', 'MONITORX', 'MWAITX', 'XGETBV', 'XSETBV', 'XEND', 'XTEST', 'XABORT', 'XBEGIN', 'RDPKRU', 'WRPKRU', 'SERIALIZE', 'RDPRU',
  'VMCALL', 'VMLAUNCH', 'VMRESUME', 'VMXOFF', 'VMFUNC', 'VMPTRLD', 'VMCLEAR', 'VMXON', 'VMPTRST', 'VMRUN', 'VMMCALL', 'VMLOAD', 'VMSAVE', 'STGI',
  'CLGI', 'SKINIT', 'INVLPGA', 'ENCLS', 'ENCLU', 'ENCLV', 'PCONFIG', 'PBNDKB', 'GETSEC', 'CLZERO', 'RSM',
  'XSAVE', 'XRSTOR', 'XSAVEOPT', 'XSAVEC', 'XSAVES', 'XRSTORS', 'TPAUSE', 'CLWB',
];

export const INFORMATION: Readonly<Record<string, Semantics>> = {
  ...Object.fromEntries(ABSENT.map((name) => [name, undefinedOpcode])),
  CPUID: cpuid,
  RDTSC: rdtsc,
  RDTSCP: needs('rdtscp', rdtscp),
  /** There is no counter. */
  RDPMC: (cpu) => {
    throw cpu.raise(VECTOR.GP, 0);
  },
  RDRAND: needs('rdrand', rdrand),
  RDSEED: needs('rdseed', rdrand),
  RDPID: needs('rdpid', (cpu) => cpu.writeBack(0, cpu.word(TSC_AUX), 0)),
  CLFLUSH: needs('clflush', flushLine),
  CLFLUSHOPT: needs('clflushopt', flushLine),
};
export const ABSENT_INSTRUCTIONS: ReadonlySet<string> = new Set(ABSENT);
