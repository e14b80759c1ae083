import { type Cpu, type Semantics } from '../cpu/cpu.js';
import { VECTOR } from '../cpu/exception.js';
import { ATTRIBUTE, CR0, CR4, EFER, SEGMENT, TABLE, WORD } from '../cpu/state.js';
import { LANE, SEG } from '../decode/lanes.js';
import { type CpuFeature } from './profile.js';
import { isLong, segmentWord, SYSTEM_TYPE, tableWord } from './descriptor.js';

const KNOWN_CR0 = CR0.PE | CR0.MP | CR0.EM | CR0.TS | CR0.ET | CR0.NE | CR0.WP | CR0.AM | CR0.NW | CR0.CD | CR0.PG;

/** Bits of CR4 that a feature brings with it; all others are reserved. Source: Intel SDM vol. 3A, 2.5. */
const CR4_FEATURES: readonly (readonly [CpuFeature, number])[] = [
  ['tsc', CR4.TSD],
  ['de', CR4.DE],
  ['pse', CR4.PSE],
  ['pae', CR4.PAE],
  ['pge', CR4.PGE],
  ['fxsr', CR4.OSFXSR],
  ['sse', CR4.OSXMMEXCPT],
  ['umip', CR4.UMIP],
  ['fsgsbase', CR4.FSGSBASE],
  ['pcid', CR4.PCIDE],
  ['smep', CR4.SMEP],
  ['smap', CR4.SMAP],
];
const allowedCr4 = ({ profile }: Cpu): number =>
  CR4_FEATURES.reduce((mask, [feature, bit]) => (profile.features.has(feature) ? mask | bit : mask), CR4.MCE | CR4.PCE);

const PAGING = CR0.PG | CR0.PE | CR0.WP;

const wrong = (cpu: Cpu) => cpu.raise(VECTOR.GP, 0);

/** Sets words of the state block and lets memory see them; all goes back when memory refuses (the PDPTEs of PAE paging are loaded here). */
function withPaging(cpu: Cpu, changes: readonly (readonly [word: number, value: number])[], global: boolean): void {
  const old = changes.map(([word]) => cpu.word(word));
  for (const [word, value] of changes) cpu.words[word] = value;
  try {
    cpu.memory.flush(global);
  } catch (thrown) {
    changes.forEach(([word], i) => (cpu.words[word] = old[i] ?? 0));
    throw thrown;
  }
}

/** MOV to CR0, LMSW and CLTS: what the bits may not be, and what follows from them. Source: Intel SDM vol. 2B, MOV—Move to/from Control Registers. */
export function writeCr0(cpu: Cpu, wanted: number): void {
  const old = cpu.word(WORD.cr);
  const value = (wanted & KNOWN_CR0) | CR0.ET;
  if (value & CR0.PG && (value & CR0.PE) === 0) throw wrong(cpu);
  if (value & CR0.NW && (value & CR0.CD) === 0) throw wrong(cpu);
  const efer = activated(cpu, old, value);
  const changed = old ^ value;
  if (changed & PAGING || efer !== cpu.word(WORD.efer))
    withPaging(
      cpu,
      [
        [WORD.cr, value],
        [WORD.efer, efer],
      ],
      (changed & (CR0.PG | CR0.PE)) !== 0,
    );
  else cpu.words[WORD.cr] = value;
  if (changed & CR0.WP) cpu.memory.rightsChanged();
  if (changed & (CR0.PE | CR0.PG | CR0.AM)) cpu.modeChanged();
}

/** EFER as it is after CR0.PG has changed: LMA follows LME. */
function activated(cpu: Cpu, old: number, value: number): number {
  const efer = cpu.word(WORD.efer);
  if (((old ^ value) & CR0.PG) === 0) return efer;
  const cr4 = cpu.word(WORD.cr + 8);
  const csIsLong = (cpu.word(segmentWord(SEG.CS) + SEGMENT.attributes) & ATTRIBUTE.long) !== 0;
  if (value & CR0.PG) {
    if ((efer & EFER.LME) === 0) return efer;
    const task16 = (cpu.word(tableWord(TABLE.TR) + SEGMENT.attributes) & 15) === SYSTEM_TYPE.busyTss16;
    if ((cr4 & CR4.PAE) === 0 || csIsLong || task16) throw wrong(cpu);
    return efer | EFER.LMA;
  }
  if (cpu.is64 || cr4 & CR4.PCIDE) throw wrong(cpu);
  return efer & ~EFER.LMA;
}

function writeCr4(cpu: Cpu, value: number): void {
  const old = cpu.word(WORD.cr + 8);
  const changed = old ^ value;
  if (value & ~allowedCr4(cpu)) throw wrong(cpu);
  if (isLong(cpu) && (value & CR4.PAE) === 0) throw wrong(cpu);
  if (changed & value & CR4.PCIDE && (!isLong(cpu) || cpu.word(WORD.cr + 6) & 0xfff)) throw wrong(cpu);
  if (changed & (CR4.PSE | CR4.PAE | CR4.PGE | CR4.PCIDE | CR4.SMEP)) withPaging(cpu, [[WORD.cr + 8, value]], true);
  else cpu.words[WORD.cr + 8] = value;
  if (changed & (CR4.SMEP | CR4.SMAP)) cpu.memory.rightsChanged();
}

/** Bit 63 asks to keep the translations when there are PCIDs; we have none to keep. */
function writeCr3(cpu: Cpu, lo: number, hi: number): void {
  const noFlush = cpu.word(WORD.cr + 8) & CR4.PCIDE ? 1 << 31 : 0;
  const high = hi & ~noFlush;
  const reserved = high >>> Math.max(cpu.profile.physicalBits - 32, 0);
  if (isLong(cpu) && reserved !== 0) throw wrong(cpu);
  withPaging(
    cpu,
    [
      [WORD.cr + 6, lo],
      [WORD.cr + 7, high],
    ],
    false,
  );
}

const toControl: Semantics = (cpu) => {
  const number = cpu.lane(LANE.reg0);
  const lo = cpu.read(1);
  const hi = cpu.sizeOf(1) === 8 ? cpu.high : 0;
  if (number === 3) return writeCr3(cpu, lo, hi);
  if (number !== 2 && hi !== 0) throw wrong(cpu);
  if (number === 0) return writeCr0(cpu, lo);
  if (number === 4) return writeCr4(cpu, lo);
  if (number === 8 && lo & ~15) throw wrong(cpu);
  cpu.words[WORD.cr + 2 * number] = lo;
  cpu.words[WORD.cr + 2 * number + 1] = hi;
  if (number === 8) cpu.onTaskPriority(lo);
};
const fromControl: Semantics = (cpu) => {
  const at = WORD.cr + 2 * cpu.lane(LANE.reg1);
  cpu.writeBack(0, cpu.word(at), cpu.word(at + 1));
};

/** `ones`: reserved bits that read as 1. */
export const DR6 = { BD: 0x2000, BS: 0x4000, BT: 0x8000, ones: 0xffff0ff0 | 0 } as const;
const DR6_WRITABLE = 0xe00f;
const DR7_WRITABLE = 0xffff23ff | 0;
const DR7_ONES = 0x400;
const GENERAL_DETECT = 0x2000;

/** #UD for DR4 and DR5 while CR4.DE is set (else they are DR6 and DR7), and #DB while DR7.GD is. Source: Intel SDM vol. 3B, 17.2. */
function debugRegister(cpu: Cpu, number: number): number {
  const isAlias = number === 4 || number === 5;
  if (isAlias && cpu.word(WORD.cr + 8) & CR4.DE) throw cpu.raise(VECTOR.UD);
  const dr7 = WORD.dr + 14;
  if (cpu.word(dr7) & GENERAL_DETECT) {
    cpu.words[WORD.dr + 12] = cpu.word(WORD.dr + 12) | DR6.BD | DR6.ones;
    cpu.words[dr7] = cpu.word(dr7) & ~GENERAL_DETECT;
    throw cpu.raise(VECTOR.DB);
  }
  return WORD.dr + 2 * (isAlias ? number + 2 : number);
}

const toDebug: Semantics = (cpu) => {
  const at = debugRegister(cpu, cpu.lane(LANE.reg0));
  const lo = cpu.read(1);
  const hi = cpu.sizeOf(1) === 8 ? cpu.high : 0;
  const isStatus = at === WORD.dr + 12;
  const isControl = at === WORD.dr + 14;
  if ((isStatus || isControl) && hi !== 0) throw wrong(cpu);
  cpu.words[at] = isStatus ? (lo & DR6_WRITABLE) | DR6.ones : isControl ? (lo & DR7_WRITABLE) | DR7_ONES : lo;
  cpu.words[at + 1] = hi;
  cpu.refresh();
};
/** Reads have the bits that are always 1, also before the first write. */
const fromDebug: Semantics = (cpu) => {
  const at = debugRegister(cpu, cpu.lane(LANE.reg1));
  const ones = at === WORD.dr + 12 ? DR6.ones : at === WORD.dr + 14 ? DR7_ONES : 0;
  cpu.writeBack(0, cpu.word(at) | ones, cpu.word(at + 1));
};

/** Bits 0 to 3 of CR0; PE can be set and not cleared. */
const lmsw: Semantics = (cpu) => {
  const cr0 = cpu.word(WORD.cr);
  const value = cpu.read(0);
  writeCr0(cpu, (cr0 & ~0xe) | (value & 0xf));
};

/** UMIP: SGDT, SIDT, SLDT, STR and SMSW are the system's. Source: Intel SDM vol. 3A, 2.5. */
export function checkUmip(cpu: Cpu): void {
  if (cpu.word(WORD.cr + 8) & CR4.UMIP && cpu.word(WORD.cpl) > 0) throw wrong(cpu);
}

const smsw: Semantics = (cpu) => {
  checkUmip(cpu);
  const cr0 = cpu.word(WORD.cr);
  cpu.write(0, cpu.sizeOf(0) === 2 ? cr0 & 0xffff : cr0, 0);
};

const invlpg: Semantics = (cpu) => {
  cpu.address();
  const at = segmentWord(cpu.lane(LANE.segment));
  const based = !cpu.is64 || cpu.lane(LANE.segment) >= SEG.FS;
  const sum = (cpu.offsetLo >>> 0) + (based ? cpu.word(at + SEGMENT.baseLo) >>> 0 : 0);
  const baseHi = based && cpu.is64 ? cpu.word(at + SEGMENT.baseHi) : 0;
  const hi = cpu.is64 ? (cpu.offsetHi + baseHi + (sum > 0xffffffff ? 1 : 0)) | 0 : 0;
  cpu.memory.invalidate(sum | 0, hi);
};

export const CONTROL: Readonly<Record<string, Semantics>> = {
  'MOV r/mN, CRn': fromControl,
  'MOV CRn, r/mN': toControl,
  'MOV r/mN, DRn': fromDebug,
  'MOV DRn, r/mN': toDebug,
  LMSW: lmsw,
  SMSW: smsw,
  CLTS: (cpu) => {
    cpu.words[WORD.cr] = cpu.word(WORD.cr) & ~CR0.TS;
  },
  INVLPG: invlpg,
  INVD: () => undefined,
  WBINVD: () => undefined,
  WBNOINVD: () => undefined,
};
