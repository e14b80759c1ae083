import { type Cpu } from '../cpu/cpu.js';
import { VECTOR } from '../cpu/exception.js';
import { ATTRIBUTE, CR0, EFER, SEGMENT, TABLE, WORD } from '../cpu/state.js';
import { VM } from '../isa/flags.js';

/** PE is set and VM is not: selectors mean descriptors. */
export const isProtected = (cpu: Cpu): boolean =>
  (cpu.word(WORD.cr) & CR0.PE) !== 0 && (cpu.word(WORD.eflags) & VM) === 0;
export const isVirtual8086 = (cpu: Cpu): boolean =>
  (cpu.word(WORD.cr) & CR0.PE) !== 0 && (cpu.word(WORD.eflags) & VM) !== 0;
/** IA-32e mode, its compatibility submode included. */
export const isLong = (cpu: Cpu): boolean => (cpu.word(WORD.efer) & EFER.LMA) !== 0;
/** Bits 47 to 63 are alike. */
export const isCanonical = (hi: number): boolean => {
  const top = hi >> 15;
  return top === 0 || top === -1;
};

/** Word of a table register's cache. */
export const tableWord = (table: number): number => WORD.tables + SEGMENT.words * table;
export const segmentWord = (segment: number): number => WORD.segments + SEGMENT.words * segment;
export const isNull = (selector: number): boolean => (selector & 0xfffc) === 0;

/** Types of system descriptors. Source: Intel SDM vol. 3A, table 3-2. */
// prettier-ignore
export const SYSTEM_TYPE = {
  tss16: 1, ldt: 2, busyTss16: 3, callGate16: 4, taskGate: 5, interruptGate16: 6, trapGate16: 7,
  tss: 9, busyTss: 11, callGate: 12, interruptGate: 14, trapGate: 15,
} as const;

/** Eight bytes of a descriptor table and what they say. Source: Intel SDM vol. 3A, 3.4.5. */
export class Descriptor {
  /** As SEGMENT.attributes has them. */
  readonly attributes: number;

  constructor(
    readonly selector: number,
    readonly lo: number,
    readonly hi: number,
    readonly addressLo: number,
    readonly addressHi: number,
  ) {
    this.attributes = ((hi >> 8) & 0xff) | ((hi >> 12) & 0xf00);
  }

  get base(): number {
    return (this.lo >>> 16) | ((this.hi & 0xff) << 16) | (this.hi & 0xff000000);
  }
  /** In bytes, as a 32-bit word. */
  get limit(): number {
    const raw = (this.lo & 0xffff) | (this.hi & 0xf0000);
    return this.attributes & ATTRIBUTE.granular ? (raw << 12) | 0xfff : raw;
  }
  get dpl(): number {
    return (this.attributes >> 5) & 3;
  }
  get isPresent(): boolean {
    return (this.attributes & ATTRIBUTE.present) !== 0;
  }
  get isSystem(): boolean {
    return (this.attributes & ATTRIBUTE.notSystem) === 0;
  }
  /** Of a system descriptor: SYSTEM_TYPE. */
  get type(): number {
    return this.attributes & 15;
  }
  get isCode(): boolean {
    return (this.attributes & (ATTRIBUTE.notSystem | ATTRIBUTE.code)) === (ATTRIBUTE.notSystem | ATTRIBUTE.code);
  }
  get isData(): boolean {
    return (this.attributes & (ATTRIBUTE.notSystem | ATTRIBUTE.code)) === ATTRIBUTE.notSystem;
  }
  get isConforming(): boolean {
    return (this.attributes & ATTRIBUTE.conforming) !== 0;
  }
  get isWritableData(): boolean {
    return this.isData && (this.attributes & ATTRIBUTE.writable) !== 0;
  }
  get isReadable(): boolean {
    return this.isData || (this.isCode && (this.attributes & ATTRIBUTE.readable) !== 0);
  }
  /** 64-bit code; only IA-32e mode looks at it. */
  get isLong(): boolean {
    return (this.attributes & ATTRIBUTE.long) !== 0;
  }
  get isBig(): boolean {
    return (this.attributes & ATTRIBUTE.big) !== 0;
  }
  /** Of a gate. */
  get gateSelector(): number {
    return this.lo >>> 16;
  }
}

/** Reads `size` bytes at `offset` of a descriptor table or the TSS, as the processor does. The high word of 8 is in `memory.high`. */
export function loadTable(cpu: Cpu, table: number, offset: number, size: number): number {
  const at = tableWord(table);
  const sum = (cpu.word(at + SEGMENT.baseLo) >>> 0) + offset;
  return cpu.memory.loadSystem(sum | 0, tableHigh(cpu, at, sum), size, false);
}

const tableHigh = (cpu: Cpu, at: number, sum: number): number =>
  isLong(cpu) ? (cpu.word(at + SEGMENT.baseHi) + (sum > 0xffffffff ? 1 : 0)) | 0 : 0;

export const tableLimit = (cpu: Cpu, table: number): number => cpu.word(tableWord(table) + SEGMENT.limit) >>> 0;

/** The descriptor of a selector, or undefined when it lies beyond its table. */
export function findDescriptor(cpu: Cpu, selector: number): Descriptor | undefined {
  const table = selector & 4 ? TABLE.LDTR : TABLE.GDTR;
  const offset = selector & 0xfff8;
  if (selector & 4 && (cpu.word(tableWord(TABLE.LDTR) + SEGMENT.attributes) & ATTRIBUTE.present) === 0)
    return undefined;
  if (offset + 7 > tableLimit(cpu, table)) return undefined;
  const lo = loadTable(cpu, table, offset, 8);
  const hi = cpu.memory.high;
  const at = tableWord(table);
  const sum = (cpu.word(at + SEGMENT.baseLo) >>> 0) + offset;
  return new Descriptor(selector, lo, hi, sum | 0, tableHigh(cpu, at, sum));
}

/** The same, but `vector` with the selector when there is none. */
export function readDescriptor(cpu: Cpu, selector: number, vector: number = VECTOR.GP): Descriptor {
  const descriptor = findDescriptor(cpu, selector);
  if (descriptor === undefined) throw cpu.raise(vector, selector & 0xfffc);
  return descriptor;
}

/** The upper half of a descriptor of 16 bytes: bits 32 to 63 of its base or offset. #GP when its type there is not 0. */
export function readUpper(cpu: Cpu, descriptor: Descriptor): number {
  const { selector } = descriptor;
  const upper = findDescriptor(cpu, selector + 8);
  if (upper === undefined || (upper.attributes & 0x1f) !== 0) throw cpu.raise(VECTOR.GP, selector & 0xfffc);
  return upper.lo;
}

/** Writes the byte with type, DPL and P back. */
export function storeType(cpu: Cpu, { addressLo, addressHi, attributes }: Descriptor, set: number, clear = 0): void {
  const value = (attributes & 0xff & ~clear) | set;
  if (value === (attributes & 0xff)) return;
  const at = (addressLo >>> 0) + 5;
  cpu.memory.storeSystem(at | 0, (addressHi + (at > 0xffffffff ? 1 : 0)) | 0, 1, value, 0);
}
