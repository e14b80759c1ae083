import { type Cpu, type Semantics } from '../cpu/cpu.js';
import { VECTOR } from '../cpu/exception.js';
import { REGISTER, SEGMENT, SHADOW, TABLE, WORD } from '../cpu/state.js';
import { LANE, SEG } from '../decode/lanes.js';
import { AC, ZF } from '../isa/flags.js';
import { checkUmip } from './control.js';
import {
  type Descriptor,
  findDescriptor,
  isCanonical,
  isLong,
  isNull,
  isProtected,
  readDescriptor,
  readUpper,
  storeType,
  SYSTEM_TYPE,
  tableWord,
} from './descriptor.js';
import { loadFarPointer } from './far.js';
import { loadSegment } from './segment.js';

const RSP = 2 * REGISTER.rsp;

/** A load of SS keeps interrupts and traps away from the instruction after it, which sets rSP. Source: Intel SDM vol. 3A, 6.8.3. */
function load(cpu: Cpu, segment: number, selector: number): void {
  loadSegment(cpu, segment, selector);
  if (segment === SEG.SS) cpu.words[WORD.shadow] = SHADOW.movSs;
}

const movSegment: Semantics = (cpu) => load(cpu, cpu.lane(LANE.reg0), cpu.read(1) & 0xffff);

const popSegment: Semantics = (cpu) => {
  const size = cpu.operandSize;
  const selector = cpu.peekStack(size) & 0xffff;
  const { words } = cpu;
  const [lo, hi] = [cpu.word(RSP), cpu.word(RSP + 1)];
  cpu.dropStack(size);
  try {
    load(cpu, cpu.lane(LANE.reg0), selector);
  } catch (thrown) {
    words[RSP] = lo;
    words[RSP + 1] = hi;
    throw thrown;
  }
};

/** LDS and its like: the register is written last. */
const loadFar =
  (segment: number): Semantics =>
  (cpu) => {
    const { lo, hi, selector } = loadFarPointer(cpu, cpu.operandSize);
    loadSegment(cpu, segment, selector);
    cpu.writeBack(0, lo, hi);
  };

/** LGDT and LIDT: 24 bits of base with 16-bit operands, 64 in 64-bit mode. */
const loadTableRegister =
  (table: number): Semantics =>
  (cpu) => {
    cpu.address();
    const { offsetLo, offsetHi } = cpu;
    const limit = cpu.load(2, false);
    const sum = (offsetLo >>> 0) + 2;
    cpu.setOffset(sum | 0, (offsetHi + (sum > 0xffffffff ? 1 : 0)) | 0);
    const base = cpu.load(cpu.is64 ? 8 : 4, false);
    const high = cpu.is64 ? cpu.high : 0;
    if (!isCanonical(high)) throw cpu.raise(VECTOR.GP, 0);
    const at = tableWord(table);
    cpu.words[at + SEGMENT.limit] = limit;
    cpu.words[at + SEGMENT.baseLo] = cpu.operandSize === 2 && !cpu.is64 ? base & 0xffffff : base;
    cpu.words[at + SEGMENT.baseHi] = high;
  };

const storeTableRegister =
  (table: number): Semantics =>
  (cpu) => {
    checkUmip(cpu);
    const at = tableWord(table);
    cpu.address();
    const { offsetLo, offsetHi } = cpu;
    cpu.store(2, cpu.word(at + SEGMENT.limit), 0);
    const sum = (offsetLo >>> 0) + 2;
    cpu.setOffset(sum | 0, (offsetHi + (sum > 0xffffffff ? 1 : 0)) | 0);
    cpu.store(cpu.is64 ? 8 : 4, cpu.word(at + SEGMENT.baseLo), cpu.word(at + SEGMENT.baseHi));
  };

/** SLDT, STR, LLDT and LTR, LAR, LSL, VERR, VERW and ARPL are not recognised in real and virtual-8086 mode. */
const inProtectedMode =
  (action: Semantics): Semantics =>
  (cpu) => {
    if (!isProtected(cpu)) throw cpu.raise(VECTOR.UD);
    action(cpu);
  };

const storeSelector = (table: number): Semantics =>
  inProtectedMode((cpu) => {
    checkUmip(cpu);
    cpu.write(0, cpu.word(tableWord(table)) & 0xffff, 0);
  });

function cacheTable(cpu: Cpu, table: number, descriptor: Descriptor, baseHi: number, type: number): void {
  const at = tableWord(table);
  const { words } = cpu;
  words[at] = descriptor.selector;
  words[at + SEGMENT.attributes] = descriptor.attributes | type;
  words[at + SEGMENT.baseLo] = descriptor.base;
  words[at + SEGMENT.baseHi] = baseHi;
  words[at + SEGMENT.limit] = descriptor.limit;
}

/** A system descriptor of the GDT, for LLDT and LTR. */
function systemDescriptor(cpu: Cpu, selector: number, types: readonly number[]): Descriptor {
  if (selector & 4) throw cpu.raise(VECTOR.GP, selector & 0xfffc);
  const descriptor = readDescriptor(cpu, selector);
  if (!descriptor.isSystem || !types.includes(descriptor.type)) throw cpu.raise(VECTOR.GP, selector & 0xfffc);
  if (!descriptor.isPresent) throw cpu.raise(VECTOR.NP, selector & 0xfffc);
  return descriptor;
}

const upperBase = (cpu: Cpu, descriptor: Descriptor): number => {
  const hi = isLong(cpu) ? readUpper(cpu, descriptor) : 0;
  if (!isCanonical(hi)) throw cpu.raise(VECTOR.GP, descriptor.selector & 0xfffc);
  return hi;
};

const lldt = inProtectedMode((cpu) => {
  const selector = cpu.read(0) & 0xffff;
  if (isNull(selector)) {
    const at = tableWord(TABLE.LDTR);
    cpu.words[at] = selector;
    cpu.words[at + SEGMENT.attributes] = 0;
    return;
  }
  const descriptor = systemDescriptor(cpu, selector, [SYSTEM_TYPE.ldt]);
  cacheTable(cpu, TABLE.LDTR, descriptor, upperBase(cpu, descriptor), 0);
});

const ltr = inProtectedMode((cpu) => {
  const selector = cpu.read(0) & 0xffff;
  if (isNull(selector)) throw cpu.raise(VECTOR.GP, 0);
  const types = isLong(cpu) ? [SYSTEM_TYPE.tss] : [SYSTEM_TYPE.tss, SYSTEM_TYPE.tss16];
  const descriptor = systemDescriptor(cpu, selector, types);
  const baseHi = upperBase(cpu, descriptor);
  storeType(cpu, descriptor, 2);
  cacheTable(cpu, TABLE.TR, descriptor, baseHi, 2);
});

/** The descriptor of a selector that LAR, LSL, VERR or VERW may look at. */
function visible(cpu: Cpu, selector: number, systemTypes: readonly number[]): Descriptor | undefined {
  if (isNull(selector)) return undefined;
  const descriptor = findDescriptor(cpu, selector);
  if (descriptor === undefined) return undefined;
  const known = !descriptor.isSystem || systemTypes.includes(descriptor.type);
  const conforming = descriptor.isCode && descriptor.isConforming;
  const privilege = Math.max(cpu.word(WORD.cpl), selector & 3);
  return known && (conforming || privilege <= descriptor.dpl) ? descriptor : undefined;
}

// prettier-ignore
const LAR_TYPES = [SYSTEM_TYPE.tss16, SYSTEM_TYPE.ldt, SYSTEM_TYPE.busyTss16, SYSTEM_TYPE.callGate16, SYSTEM_TYPE.taskGate, SYSTEM_TYPE.tss, SYSTEM_TYPE.busyTss, SYSTEM_TYPE.callGate];
const LONG_LAR_TYPES = [SYSTEM_TYPE.ldt, SYSTEM_TYPE.tss, SYSTEM_TYPE.busyTss, SYSTEM_TYPE.callGate];
const LSL_TYPES = LAR_TYPES.filter(
  (type) => type !== SYSTEM_TYPE.callGate16 && type < SYSTEM_TYPE.callGate && type !== SYSTEM_TYPE.taskGate,
);
const LONG_LSL_TYPES = LONG_LAR_TYPES.filter((type) => type !== SYSTEM_TYPE.callGate);

/** LAR and LSL: ZF says whether there was an answer. Source: Intel SDM vol. 2A, LAR, LSL. */
const inquire = (
  answer: (descriptor: Descriptor) => number,
  types: readonly number[],
  longTypes: readonly number[],
): Semantics =>
  inProtectedMode((cpu) => {
    const selector = cpu.read(1) & 0xffff;
    const descriptor = visible(cpu, selector, isLong(cpu) ? longTypes : types);
    if (descriptor !== undefined) {
      const value = answer(descriptor);
      cpu.writeBack(0, cpu.operandSize === 2 ? value & 0xffff : value, 0);
    }
    cpu.changeFlags(ZF, descriptor === undefined ? 0 : ZF);
  });

const verify = (allows: (descriptor: Descriptor) => boolean): Semantics =>
  inProtectedMode((cpu) => {
    const descriptor = visible(cpu, cpu.read(0) & 0xffff, []);
    cpu.changeFlags(ZF, descriptor !== undefined && allows(descriptor) ? ZF : 0);
  });

/** Writes only what it changes, so that a selector that may not be written can be fine as it is (measured, AMD; test386). */
const arpl = inProtectedMode((cpu) => {
  const destination = cpu.read(0);
  const rpl = cpu.read(1) & 3;
  const raise = (destination & 3) < rpl;
  if (raise) cpu.writeBack(0, (destination & ~3) | rpl, 0);
  cpu.changeFlags(ZF, raise ? ZF : 0);
});

/** CLAC and STAC: #UD above CPL 0, or without SMAP. */
const setAc =
  (value: number): Semantics =>
  (cpu) => {
    if (cpu.word(WORD.cpl) > 0 || !cpu.profile.features.has('smap')) throw cpu.raise(VECTOR.UD);
    const old = cpu.word(WORD.eflags);
    cpu.words[WORD.eflags] = (old & ~AC) | value;
    cpu.flagsChanged(old);
  };

const SEGMENT_NAMES = ['ES', 'SS', 'DS', 'FS', 'GS'];

export const TABLES: Readonly<Record<string, Semantics>> = {
  'MOV Sreg, r/m16': movSegment,
  ...Object.fromEntries(SEGMENT_NAMES.map((name) => [`POP ${name}`, popSegment])),
  LES: loadFar(SEG.ES),
  LSS: loadFar(SEG.SS),
  LDS: loadFar(SEG.DS),
  LFS: loadFar(SEG.FS),
  LGS: loadFar(SEG.GS),
  LGDT: loadTableRegister(TABLE.GDTR),
  LIDT: loadTableRegister(TABLE.IDTR),
  SGDT: storeTableRegister(TABLE.GDTR),
  SIDT: storeTableRegister(TABLE.IDTR),
  SLDT: storeSelector(TABLE.LDTR),
  STR: storeSelector(TABLE.TR),
  LLDT: lldt,
  LTR: ltr,
  LAR: inquire(({ hi }) => hi & 0xf0ff00, LAR_TYPES, LONG_LAR_TYPES),
  LSL: inquire(({ limit }) => limit, LSL_TYPES, LONG_LSL_TYPES),
  VERR: verify(({ isReadable }) => isReadable),
  VERW: verify(({ isWritableData }) => isWritableData),
  ARPL: arpl,
  CLAC: setAc(0),
  STAC: setAc(AC),
};
