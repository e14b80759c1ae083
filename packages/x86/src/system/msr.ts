import { type Cpu, type Semantics } from '../cpu/cpu.js';
import { VECTOR } from '../cpu/exception.js';
import { CR0, EFER, MSR_SLOTS, REGISTER, SEGMENT, WORD } from '../cpu/state.js';
import { SEG } from '../decode/lanes.js';
import { isCanonical, segmentWord } from './descriptor.js';
import { type CpuFeature } from './profile.js';
import { readTsc, writeTsc } from './time.js';

const { rax, rcx, rdx } = REGISTER;

/** What may be written: anything, a canonical address, 32 bits, or what a function allows. `false` is #GP(0), 'ignore' loses it. */
type Check = (cpu: Cpu, lo: number, hi: number) => boolean | 'ignore';
const anything: Check = () => true;
const canonical: Check = (_cpu, _lo, hi) => isCanonical(hi);
const low32: Check = (_cpu, _lo, hi) => hi === 0;
const nothing: Check = () => false;
const ignored: Check = () => 'ignore';
/** UC, WC, WT, WP, WB and, for the PAT, UC-. Source: Intel SDM vol. 3A, tables 12-2 and 12-10. */
const isMemoryType = (type: number): boolean => type <= 6 && type !== 2 && type !== 3;
const patTypes: Check = (_cpu, lo, hi) =>
  [lo, hi].every((word) =>
    [0, 8, 16, 24].every((shift) => ((word >>> shift) & 0xff) === 7 || isMemoryType((word >>> shift) & 0xff)),
  );
const rangeTypes: Check = (_cpu, lo, hi) =>
  [lo, hi].every((word) => [0, 8, 16, 24].every((shift) => isMemoryType((word >>> shift) & 0xff)));

const zero: Check = (_cpu, lo, hi) => (lo | hi) === 0;
/** As on processors of family 6. Source: Intel SDM vol. 3B, 16.3.2.1. */
const allOrNothing: Check = (_cpu, lo, hi) => lo === hi && (lo === 0 || lo === -1);

/** Bits 0 to 7 and 9 are reserved; the address is within the physical ones. */
const apicBase: Check = (cpu, lo, hi) => (lo & 0x2ff) === 0 && hi >>> Math.max(cpu.profile.physicalBits - 32, 0) === 0;

type MsrRow = readonly [index: number, name: string, word: number, check: Check, feature?: CpuFeature];
const slot = (number: number): number => WORD.msrs + 2 * number;
const mtrr = (number: number): number => slot(MSR_SLOTS.mtrr + number);
const base = (segment: number): number => segmentWord(segment) + SEGMENT.baseLo;
const FIXED_MTRRS = [0x250, 0x258, 0x259, ...Array.from({ length: 8 }, (_, i) => 0x268 + i)];

/** Registers that are 64 bits in the state block. All others but those with functions below are #GP(0). Source: Intel SDM vol. 4, table 2-2. */
// prettier-ignore
const MSR_ROWS: readonly MsrRow[] = [
  [0x1b,        'IA32_APIC_BASE',      slot(MSR_SLOTS.apicBase),     apicBase, 'apic'],
  [0x8b,        'IA32_BIOS_SIGN_ID',   slot(MSR_SLOTS.biosSignId),   ignored],
  [0x174,       'IA32_SYSENTER_CS',    slot(MSR_SLOTS.sysenterCs),   anything, 'sep'],
  [0x175,       'IA32_SYSENTER_ESP',   slot(MSR_SLOTS.sysenterEsp),  canonical, 'sep'],
  [0x176,       'IA32_SYSENTER_EIP',   slot(MSR_SLOTS.sysenterEip),  canonical, 'sep'],
  [0x17a,       'IA32_MCG_STATUS',     slot(MSR_SLOTS.mcgStatus),    low32, 'mca'],
  [0x1a0,       'IA32_MISC_ENABLE',    slot(MSR_SLOTS.miscEnable),   anything],
  [0x277,       'IA32_PAT',            slot(MSR_SLOTS.pat),          patTypes, 'pat'],
  [0x2ff,       'IA32_MTRR_DEF_TYPE',  slot(MSR_SLOTS.mtrrDefType),  low32, 'mtrr'],
  ...Array.from({ length: 16 }, (_, i): MsrRow => [0x200 + i, `IA32_MTRR_PHYS${i & 1 ? 'MASK' : 'BASE'}${i >> 1}`, mtrr(i), anything, 'mtrr']),
  ...FIXED_MTRRS.map((index, i): MsrRow => [index, `IA32_MTRR_FIX ${index.toString(16)}`, mtrr(16 + i), rangeTypes, 'mtrr']),
  [0x400,       'IA32_MC0_CTL',        slot(MSR_SLOTS.mcBank),       allOrNothing, 'mca'],
  [0x401,       'IA32_MC0_STATUS',     slot(MSR_SLOTS.mcBank + 1),   zero, 'mca'],
  [0x402,       'IA32_MC0_ADDR',       slot(MSR_SLOTS.mcBank + 2),   anything, 'mca'],
  [0x403,       'IA32_MC0_MISC',       slot(MSR_SLOTS.mcBank + 3),   anything, 'mca'],
  [0xc0000081,  'IA32_STAR',           slot(MSR_SLOTS.star),         anything, 'syscall'],
  [0xc0000082,  'IA32_LSTAR',          slot(MSR_SLOTS.lstar),        canonical, 'lm'],
  [0xc0000083,  'IA32_CSTAR',          slot(MSR_SLOTS.cstar),        canonical, 'lm'],
  [0xc0000084,  'IA32_FMASK',          slot(MSR_SLOTS.sfmask),       low32, 'lm'],
  [0xc0000100,  'IA32_FS_BASE',        base(SEG.FS),                 canonical, 'lm'],
  [0xc0000101,  'IA32_GS_BASE',        base(SEG.GS),                 canonical, 'lm'],
  [0xc0000102,  'IA32_KERNEL_GS_BASE', slot(MSR_SLOTS.kernelGsBase), canonical, 'lm'],
  [0xc0000103,  'IA32_TSC_AUX',        slot(MSR_SLOTS.tscAux),       low32, 'rdtscp'],
];

/** Registers that only answer. IA32_FEATURE_CONTROL is locked; IA32_MTRRCAP has eight variable ranges, fixed ones and WC; IA32_MCG_CAP one bank. */
const CONSTANT_ROWS: readonly (readonly [index: number, lo: number, check: Check, feature?: CpuFeature])[] = [
  [0x17, 0, nothing],
  [0x3a, 1, nothing],
  [0xfe, 0x508, nothing, 'mtrr'],
  [0x179, 1, nothing, 'mca'],
];

const MSRS = new Map(MSR_ROWS.map((row) => [row[0], row]));
const CONSTANTS = new Map(CONSTANT_ROWS.map((row) => [row[0], row]));
const TSC = 0x10;
const EFER_INDEX = 0xc0000080;

const has = (cpu: Cpu, feature: CpuFeature | undefined): boolean =>
  feature === undefined || cpu.profile.features.has(feature);
const unknown = (cpu: Cpu) => cpu.raise(VECTOR.GP, 0);

/** The low word; the high one is left in `cpu.high`. */
export function readMsr(cpu: Cpu, index: number): number {
  const hooked = cpu.hooks.readMsr?.(index);
  if (hooked !== undefined) {
    cpu.high = hooked.hi;
    return hooked.lo;
  }
  if (index === TSC) return readTsc(cpu);
  const hasEfer = has(cpu, 'lm') || has(cpu, 'nx') || has(cpu, 'syscall');
  const row = MSRS.get(index);
  const word = row !== undefined && has(cpu, row[4]) ? row[2] : index === EFER_INDEX && hasEfer ? WORD.efer : -1;
  if (word >= 0) {
    cpu.high = cpu.word(word + 1);
    return cpu.word(word);
  }
  const constant = CONSTANTS.get(index);
  if (constant === undefined || !has(cpu, constant[3])) throw unknown(cpu);
  cpu.high = 0;
  return constant[1];
}

export function writeMsr(cpu: Cpu, index: number, lo: number, hi: number): void {
  if (cpu.hooks.writeMsr?.(index, lo, hi) === true) return;
  if (index === TSC) return writeTsc(cpu, lo, hi);
  if (index === EFER_INDEX) return writeEfer(cpu, lo, hi);
  const row = MSRS.get(index);
  const check = row ?? CONSTANTS.get(index);
  if (row === undefined || check === undefined || !has(cpu, row[4])) throw unknown(cpu);
  const allowed = row[3](cpu, lo, hi);
  if (allowed === false) throw unknown(cpu);
  if (allowed === 'ignore') return;
  cpu.words[row[2]] = lo;
  cpu.words[row[2] + 1] = hi;
}

/** LMA is CR0's, and a write to it is ignored. LME cannot change while paging is on. Source: Intel SDM vol. 3A, 2.2.1 and 10.8.5. */
function writeEfer(cpu: Cpu, lo: number, hi: number): void {
  const old = cpu.word(WORD.efer);
  const allowed =
    (has(cpu, 'syscall') ? EFER.SCE : 0) | (has(cpu, 'lm') ? EFER.LME | EFER.LMA : 0) | (has(cpu, 'nx') ? EFER.NXE : 0);
  if (hi !== 0 || allowed === 0 || lo & ~allowed) throw unknown(cpu);
  const value = (lo & ~EFER.LMA) | (old & EFER.LMA);
  if ((old ^ value) & EFER.LME && cpu.word(WORD.cr) & CR0.PG) throw unknown(cpu);
  cpu.words[WORD.efer] = value;
  if ((old ^ value) & EFER.NXE) cpu.memory.flush(true);
}

const indexOf = (cpu: Cpu): number => cpu.word(2 * rcx) >>> 0;

export const MSR_INSTRUCTIONS: Readonly<Record<string, Semantics>> = {
  RDMSR: (cpu) => {
    const lo = readMsr(cpu, indexOf(cpu));
    const { high } = cpu;
    cpu.setRegister(rax, 4, lo, 0);
    cpu.setRegister(rdx, 4, high, 0);
  },
  WRMSR: (cpu) => writeMsr(cpu, indexOf(cpu), cpu.word(2 * rax), cpu.word(2 * rdx)),
};
