import { type Cpu } from '../cpu/cpu.js';
import { CR0, CR4, EFER, SEGMENT, WORD } from '../cpu/state.js';
import { SEG } from '../decode/lanes.js';
import { type GuestMemory } from '../memory/guest-memory.js';
import { linear } from './breakpoints.js';

/** A segment register with its hidden part. */
export interface Segment {
  readonly selector: number;
  readonly base: bigint;
  /** In bytes, the last that is inside. */
  readonly limit: number;
  /** The access byte, and above it the flags of the descriptor: AVL 8, L 9, D/B 10, G 11. */
  readonly attributes: number;
}

export interface TableRegister {
  readonly base: bigint;
  readonly limit: number;
}

export type SegmentName = 'es' | 'cs' | 'ss' | 'ds' | 'fs' | 'gs';
export type SystemSegmentName = 'ldtr' | 'tr';
export type TableName = 'gdtr' | 'idtr';

const SEGMENTS: readonly string[] = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'];
const TABLES: readonly string[] = ['ldtr', 'tr', 'gdtr', 'idtr'];
const LEGACY = ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di'] as const;
const HIGH = ['ah', 'ch', 'dh', 'bh'] as const;

/** Where a register is, and how many of its bytes the name means. */
interface Place {
  readonly word: number;
  readonly bytes: number;
  readonly shift?: number;
  /** The next word of the state block is something else. */
  readonly alone?: boolean;
}

const PLACES = new Map<string, Place>([
  ['rip', { word: WORD.rip, bytes: 8 }],
  ['eip', { word: WORD.rip, bytes: 4 }],
  ['ip', { word: WORD.rip, bytes: 2 }],
  ['efer', { word: WORD.efer, bytes: 8 }],
  ['fip', { word: WORD.fip, bytes: 8 }],
  ['fdp', { word: WORD.fdp, bytes: 8 }],
  ['cpl', { word: WORD.cpl, bytes: 4, alone: true }],
  ['mxcsr', { word: WORD.mxcsr, bytes: 4, alone: true }],
]);
for (const name of ['fcw', 'fsw', 'ftw', 'fop'] as const) PLACES.set(name, { word: WORD[name], bytes: 4, alone: true });
LEGACY.forEach((name, number) => {
  const word = 2 * number;
  PLACES.set(`r${name}`, { word, bytes: 8 }).set(`e${name}`, { word, bytes: 4 }).set(name, { word, bytes: 2 });
  PLACES.set(number < 4 ? name.replace('x', 'l') : `${name}l`, { word, bytes: 1 });
});
HIGH.forEach((name, number) => PLACES.set(name, { word: 2 * number, bytes: 1, shift: 8 }));
for (let number = 8; number < 16; number++) {
  const word = 2 * number;
  PLACES.set(`r${number}`, { word, bytes: 8 }).set(`r${number}d`, { word, bytes: 4 });
  PLACES.set(`r${number}w`, { word, bytes: 2 }).set(`r${number}b`, { word, bytes: 1 });
}
for (const number of [0, 2, 3, 4, 8]) PLACES.set(`cr${number}`, { word: WORD.cr + 2 * number, bytes: 8 });
for (let number = 0; number < 8; number++) PLACES.set(`dr${number}`, { word: WORD.dr + 2 * number, bytes: 8 });

/** The registers of a CPU by the names of the manual, for its owner: no checks of privilege, and everything that depends on them follows. */
export class Registers {
  constructor(
    private readonly cpu: Cpu,
    private readonly memory: GuestMemory,
  ) {}

  get(name: string): bigint {
    if (name === 'rflags' || name === 'eflags') return BigInt(this.cpu.flags() >>> 0);
    const segment = SEGMENTS.indexOf(name);
    if (segment >= 0) return BigInt(this.cpu.word(WORD.segments + SEGMENT.words * segment) & 0xffff);
    const xmm = xmmNumber(name);
    if (xmm >= 0) return this.pair(WORD.xmm + 4 * xmm) | (this.pair(WORD.xmm + 4 * xmm + 2) << 64n);
    const stack = this.x87Word(name);
    if (stack >= 0) return this.pair(stack) | (BigInt(this.cpu.word(stack + 2) & 0xffff) << 64n);
    const { word, bytes, shift = 0 } = placeOf(name);
    return BigInt.asUintN(8 * bytes, this.pair(word) >> BigInt(shift));
  }

  /** A part of a register leaves the rest, but for 32-bit names, which clear the upper half as instructions do. */
  set(name: string, value: bigint): void {
    const { words } = this.cpu;
    if (name === 'rflags' || name === 'eflags') {
      words[WORD.eflags] = Number(BigInt.asIntN(32, value)) | 2;
      words[WORD.lazy] = 0;
      this.memory.rightsChanged();
      return;
    }
    const xmm = xmmNumber(name);
    if (xmm >= 0) {
      this.setPair(WORD.xmm + 4 * xmm, value);
      this.setPair(WORD.xmm + 4 * xmm + 2, value >> 64n);
      return;
    }
    const stack = this.x87Word(name);
    if (stack >= 0) {
      this.setPair(stack, value);
      words[stack + 2] = Number(BigInt.asUintN(16, value >> 64n));
      return;
    }
    const { word, bytes, shift = 0, alone = false } = placeOf(name);
    const mask = bytes >= 4 ? (1n << 64n) - 1n : ((1n << BigInt(8 * bytes)) - 1n) << BigInt(shift);
    const own = bytes >= 4 ? BigInt.asUintN(8 * bytes, value) : (value << BigInt(shift)) & mask;
    if (alone) words[word] = Number(own);
    else this.setPair(word, (this.pair(word) & ~mask) | own);
    if (word >= WORD.cr || word === WORD.efer || word === WORD.cpl) this.controlChanged(name);
  }

  segment(name: SegmentName | SystemSegmentName): Segment {
    const at = segmentWord(name);
    return {
      selector: this.cpu.word(at + SEGMENT.selector) & 0xffff,
      base: this.pair(at + SEGMENT.baseLo),
      limit: this.cpu.word(at + SEGMENT.limit) >>> 0,
      attributes: this.cpu.word(at + SEGMENT.attributes),
    };
  }

  /** Loads the hidden part too, as no instruction can. CS decides of the code size, and with paging or protection of CPL. */
  setSegment(name: SegmentName | SystemSegmentName, { selector, base, limit, attributes }: Segment): void {
    const at = segmentWord(name);
    const { words } = this.cpu;
    words[at + SEGMENT.selector] = selector;
    words[at + SEGMENT.attributes] = attributes;
    words[at + SEGMENT.limit] = limit | 0;
    this.setPair(at + SEGMENT.baseLo, base);
    if (name === 'cs') {
      words[WORD.cpl] = this.cpu.word(WORD.cr) & CR0.PE ? selector & 3 : 0;
      this.codeChanged();
    }
  }

  table(name: TableName): TableRegister {
    const at = segmentWord(name);
    return { base: this.pair(at + SEGMENT.baseLo), limit: this.cpu.word(at + SEGMENT.limit) & 0xffff };
  }

  setTable(name: TableName, { base, limit }: TableRegister): void {
    const at = segmentWord(name);
    this.setPair(at + SEGMENT.baseLo, base);
    this.cpu.words[at + SEGMENT.limit] = limit;
  }

  /** Linear address of the next instruction. */
  get linearRip(): bigint {
    const { cpu } = this;
    const rip = this.pair(WORD.rip);
    if (cpu.word(WORD.codeSize) === 64) return rip;
    return BigInt.asUintN(32, rip + this.pair(WORD.segments + SEGMENT.words * SEG.CS + SEGMENT.baseLo));
  }

  /** Where the x87 register st0 to st7 is, relative to the top of the stack; -1 when it is none. */
  private x87Word(name: string): number {
    const number = /^st([0-7])$/.exec(name)?.[1];
    if (number === undefined) return -1;
    const top = (this.cpu.word(WORD.fsw) >> 11) & 7;
    return WORD.x87 + 4 * ((Number(number) + top) & 7);
  }

  /** Code size and all that is derived from control registers. */
  private controlChanged(name: string): void {
    const { cpu, memory } = this;
    const [cr0, cr4, efer] = [cpu.word(WORD.cr), cpu.word(WORD.cr + 8), cpu.word(WORD.efer)];
    if (cr0 & CR0.PG && cr4 & CR4.PAE && (efer & EFER.LMA) === 0 && name.startsWith('cr'))
      memory.loadPdptes(cpu.word(WORD.cr + 6));
    memory.flush(true);
    this.codeChanged();
  }

  private codeChanged(): void {
    this.cpu.modeChanged();
    this.memory.rightsChanged();
  }

  private pair(word: number): bigint {
    return linear(this.cpu.word(word), this.cpu.word(word + 1));
  }

  private setPair(word: number, value: bigint): void {
    this.cpu.words[word] = Number(BigInt.asIntN(32, value));
    this.cpu.words[word + 1] = Number(BigInt.asIntN(32, value >> 32n));
  }
}

function placeOf(name: string): Place {
  const place = PLACES.get(name);
  if (place === undefined) throw new TypeError(`no register is called '${name}'`);
  return place;
}

function xmmNumber(name: string): number {
  const number = /^xmm(\d+)$/.exec(name)?.[1];
  return number === undefined || Number(number) > 15 ? -1 : Number(number);
}

function segmentWord(name: string): number {
  const segment = SEGMENTS.indexOf(name);
  if (segment >= 0) return WORD.segments + SEGMENT.words * segment;
  const table = TABLES.indexOf(name);
  if (table >= 0) return WORD.tables + SEGMENT.words * table;
  throw new TypeError(`no segment or table register is called '${name}'`);
}
