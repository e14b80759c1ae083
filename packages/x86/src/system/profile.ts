import { type CpuidResult } from '../cpu/environment.js';

/** `[name, leaf, output, bit]` of the features a profile may advertise. Source: Intel SDM vol. 2A, CPUID, tables 3-8 to 3-12. */
type FeatureRow = readonly [name: string, leaf: number, output: keyof CpuidResult, bit: number];

// prettier-ignore
const FEATURE_ROWS = [
  ['fpu',        1, 'edx', 0],      ['de',         1, 'edx', 2],      ['pse',        1, 'edx', 3],      ['tsc',        1, 'edx', 4],
  ['msr',        1, 'edx', 5],      ['pae',        1, 'edx', 6],      ['mce',        1, 'edx', 7],      ['cx8',        1, 'edx', 8],
  ['apic',       1, 'edx', 9],      ['sep',        1, 'edx', 11],     ['mtrr',       1, 'edx', 12],     ['pge',        1, 'edx', 13],
  ['mca',        1, 'edx', 14],     ['cmov',       1, 'edx', 15],     ['pat',        1, 'edx', 16],     ['pse36',      1, 'edx', 17],
  ['clflush',    1, 'edx', 19],     ['mmx',        1, 'edx', 23],     ['fxsr',       1, 'edx', 24],     ['sse',        1, 'edx', 25],
  ['sse2',       1, 'edx', 26],
  ['pni',        1, 'ecx', 0],      ['cx16',       1, 'ecx', 13],     ['pcid',       1, 'ecx', 17],     ['movbe',      1, 'ecx', 22],
  ['sse4_2',     1, 'ecx', 20],     ['popcnt',     1, 'ecx', 23],     ['rdrand',     1, 'ecx', 30],     ['hypervisor', 1, 'ecx', 31],
  ['fsgsbase',   7, 'ebx', 0],      ['bmi1',       7, 'ebx', 3],      ['smep',       7, 'ebx', 7],      ['bmi2',       7, 'ebx', 8],
  ['erms',       7, 'ebx', 9],      ['rdseed',     7, 'ebx', 18],     ['adx',        7, 'ebx', 19],     ['smap',       7, 'ebx', 20],
  ['clflushopt', 7, 'ebx', 23],
  ['umip',       7, 'ecx', 2],      ['rdpid',      7, 'ecx', 22],
  ['syscall',    0x80000001, 'edx', 11],   ['nx',         0x80000001, 'edx', 20],   ['pdpe1gb',    0x80000001, 'edx', 26],   ['rdtscp',     0x80000001, 'edx', 27],
  ['lm',         0x80000001, 'edx', 29],
  ['lahf_lm',    0x80000001, 'ecx', 0],    ['abm',        0x80000001, 'ecx', 5],    ['prefetchw',  0x80000001, 'ecx', 8],
  ['invariant_tsc', 0x80000007, 'edx', 8],
] as const satisfies readonly FeatureRow[];

/** The names are those of Linux's /proc/cpuinfo where it has one. */
export type CpuFeature = (typeof FEATURE_ROWS)[number][0];
export const CPU_FEATURES: readonly CpuFeature[] = FEATURE_ROWS.map(([name]) => name);

/**
 * What a CPU says that it is, and so what it is: instructions of the system, integer ones (CMOVcc, CMPXCHG8B and CMPXCHG16B, MOVBE, POPCNT, CRC32, BMI, ADX), those of SSE3 and of
 * random numbers raise #UD when they are not advertised here; TZCNT and LZCNT are BSF and BSR then.
 */
export interface CpuProfile {
  /** Twelve characters. 'AuthenticAMD' also changes SYSCALL and SYSRET outside 64-bit mode. */
  readonly vendor: string;
  readonly family: number;
  readonly model: number;
  readonly stepping: number;
  /** At most 47 characters. */
  readonly brand: string;
  readonly features: ReadonlySet<CpuFeature>;
  readonly physicalBits: number;
  /** How far the time-stamp counter goes on with an instruction: an integer. */
  readonly tscPerInstruction: number;
  readonly tscKhz: number;
  /** What RDRAND and RDSEED start from. */
  readonly randomSeed: number;
}

/** What a 64-bit kernel of Linux asks for, and little more: the features of QEMU's kvm64, but for SSE3, APIC, MTRRs and machine checks. */
const BASELINE: readonly CpuFeature[] = [
  ...(['fpu', 'de', 'pse', 'tsc', 'msr', 'pae', 'cx8', 'sep', 'pge', 'cmov', 'pat', 'pse36', 'clflush'] as const),
  ...(['mmx', 'fxsr', 'sse', 'sse2', 'cx16', 'syscall', 'nx', 'lm', 'lahf_lm', 'invariant_tsc'] as const),
];

/** A processor of Intel's family 15, for which kernels know few errata and ask for few model-specific registers. */
export const DEFAULT_PROFILE: CpuProfile = {
  vendor: 'GenuineIntel',
  family: 15,
  model: 6,
  stepping: 1,
  brand: 'bzelf x86 core',
  features: new Set(BASELINE),
  physicalBits: 40,
  tscPerInstruction: 1,
  tscKhz: 1_000_000,
  randomSeed: 0x2545f491,
};

/**
 * Everything that the core implements, but for RDRAND and RDSEED, which make a kernel's KASLR deterministic only by their seed, and SSE4.2, of which it has CRC32 only.
 */
export const FULL_FEATURES: ReadonlySet<CpuFeature> = new Set([
  ...BASELINE,
  ...([
    'pni',
    'movbe',
    'popcnt',
    'fsgsbase',
    'bmi1',
    'bmi2',
    'erms',
    'smep',
    'smap',
    'adx',
    'clflushopt',
    'umip',
  ] as const),
  ...(['rdpid', 'pdpe1gb', 'rdtscp', 'abm', 'prefetchw', 'mtrr', 'mce', 'mca'] as const),
]);

/** With CRC32, which no profile should have without the rest of SSE4.2. */
export const ALL_FEATURES: ReadonlySet<CpuFeature> = new Set([...FULL_FEATURES, 'sse4_2']);

/** The default profile with changes: `makeProfile({ features: new Set([...DEFAULT_PROFILE.features, 'smap']) })`. */
export function makeProfile(changes: Partial<CpuProfile>): CpuProfile {
  const profile = { ...DEFAULT_PROFILE, ...changes };
  if (!/^[ -~]{12}$/.test(profile.vendor))
    throw new TypeError(`a CPU's vendor is 12 characters, not '${profile.vendor}'`);
  if (profile.physicalBits < 32 || profile.physicalBits > 52)
    throw new RangeError(`physical addresses have 32 to 52 bits, not ${profile.physicalBits}`);
  if (!Number.isInteger(profile.tscPerInstruction) || profile.tscPerInstruction < 1)
    throw new RangeError(`tscPerInstruction is a positive integer, not ${profile.tscPerInstruction}`);
  return profile;
}

/** The same text for the same CPU. */
export const profileText = (profile: CpuProfile): string =>
  JSON.stringify({ ...profile, features: [...profile.features].sort() });

/** Four characters of text as a register has them. */
const fourOf = (text: string, at: number): number =>
  [0, 1, 2, 3].reduce((word, i) => word | ((text.charCodeAt(at + i) || 0) << (8 * i)), 0);

/** Family, model and stepping as leaf 1 has them. Source: Intel SDM vol. 2A, CPUID, figure 3-6. */
function signature({ family, model, stepping }: CpuProfile): number {
  const base = Math.min(family, 15);
  return stepping | ((model & 15) << 4) | (base << 8) | ((model >> 4) << 16) | ((family - base) << 20);
}

type Leaf = (profile: CpuProfile) => Partial<CpuidResult>;
const brandLeaf =
  (part: number): Leaf =>
  ({ brand }) => ({
    eax: fourOf(brand, 16 * part),
    ebx: fourOf(brand, 16 * part + 4),
    ecx: fourOf(brand, 16 * part + 8),
    edx: fourOf(brand, 16 * part + 12),
  });
const vendorLeaf =
  (maximum: number): Leaf =>
  ({ vendor }) => ({ eax: maximum, ebx: fourOf(vendor, 0), edx: fourOf(vendor, 4), ecx: fourOf(vendor, 8) });

/** Leaves beside their feature bits; those between that are not listed are zero. Source: Intel SDM vol. 2A, CPUID, table 3-8. */
// prettier-ignore
const LEAVES = new Map<number, Leaf>([
  [0, vendorLeaf(7)],
  [1, (profile) => ({ eax: signature(profile), ebx: 0x0001_0800 /* CLFLUSH of 64 bytes, one CPU */ })],
  [2, () => ({ eax: 1 })],
  [7, () => ({})],
  [0x80000000, vendorLeaf(0x80000008)],
  [0x80000001, ({ vendor, ...profile }) => ({ eax: vendor === 'AuthenticAMD' ? signature({ vendor, ...profile }) : 0 })],
  [0x80000002, brandLeaf(0)],
  [0x80000003, brandLeaf(1)],
  [0x80000004, brandLeaf(2)],
  [0x80000006, () => ({ ecx: 0x0200_8040 /* 512 KiB of second-level cache, 8 ways, 64 bytes a line */ })],
  [0x80000007, () => ({})],
  [0x80000008, ({ physicalBits, features }) => ({ eax: physicalBits | ((features.has('lm') ? 48 : 32) << 8) })],
]);
const LAST_BASIC = 7;
const LAST_EXTENDED = 0x80000008;

/**
 * What CPUID says by itself; APIC ID, OSXSAVE and the like follow the state and are the instruction's. A leaf beyond the last gives the data of the last
 * basic one on Intel's processors, and zeros on AMD's. Source: Intel SDM vol. 2A, CPUID, "INPUT EAX = … returns".
 */
export function cpuidOf(profile: CpuProfile, leaf: number, subleaf: number): CpuidResult {
  const wanted = leaf >>> 0;
  const isExtended = wanted >= 0x80000000 && wanted <= LAST_EXTENDED;
  const known = wanted <= LAST_BASIC || isExtended;
  const number = known ? wanted : LAST_BASIC;
  if (!known && profile.vendor === 'AuthenticAMD') return { eax: 0, ebx: 0, ecx: 0, edx: 0 };
  const result = { eax: 0, ebx: 0, ecx: 0, edx: 0, ...LEAVES.get(number)?.(profile) };
  if (number === 7 && subleaf !== 0) return result;
  for (const [name, featureLeaf, output, bit] of FEATURE_ROWS)
    if (featureLeaf === number && profile.features.has(name)) result[output] |= 1 << bit;
  return result;
}
