/** A CPU that runs user code flat at CPL 3, 32-bit without paging or 64-bit, and stops at every exception. */
import { ATTRIBUTE, Cpu, CR0, CR4, FlatMemory, Interpreter, SEGMENT, WORD, type Exit } from '../core';
import { type Program } from './multiboot';
import { type SuiteOptions } from './suite';

export const REGISTER_NAMES = ['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi'];
/** Selectors as Linux gives them to processes: ES CS SS DS FS GS. */
const SELECTORS = { 32: [0x2b, 0x23, 0x2b, 0x2b, 0, 0], 64: [0x2b, 0x33, 0x2b, 0x2b, 0, 0] } as const;
/** What a process finds in EFLAGS, FCW and MXCSR. */
const EFLAGS = 0x202;
const FCW = 0x37f;
const MXCSR = 0x1f80;

export interface UserMachineOptions {
  readonly ram: number;
  readonly bits: 32 | 64;
  readonly tier: SuiteOptions['tier'];
}

export class UserMachine {
  readonly ram: Uint8Array;
  readonly cpu: Cpu;
  private readonly memory: FlatMemory;
  private readonly engine: { run(budget: number): Exit };

  constructor(private readonly options: UserMachineOptions) {
    this.ram = new Uint8Array(options.ram);
    this.memory = new FlatMemory([{ start: 0, bytes: this.ram, writable: true, executable: true }]);
    this.cpu = new Cpu(this.memory);
    this.engine = new Interpreter(this.cpu, { deliver: false });
  }

  /** Fresh memory and registers, and the program in them. */
  start({ entry, pieces }: Program): void {
    this.ram.fill(0);
    for (const { address, bytes } of pieces) this.ram.set(bytes, address);
    this.memory.codeVersion++;
    const { words } = this.cpu;
    words.fill(0);
    words[WORD.rip] = entry;
    words[WORD.eflags] = EFLAGS;
    words[WORD.cpl] = 3;
    words[WORD.codeSize] = this.options.bits;
    words[WORD.cr] = CR0.PE | CR0.MP | CR0.ET | CR0.NE;
    words[WORD.cr + 8] = CR4.OSFXSR | CR4.OSXMMEXCPT;
    words[WORD.fcw] = FCW;
    words[WORD.mxcsr] = MXCSR;
    SELECTORS[this.options.bits].forEach((selector, segment) => this.setSegment(segment, selector));
  }

  run(budget: number): Exit {
    return this.engine.run(budget);
  }

  register(number: number): bigint {
    return this.pair(2 * number);
  }

  setRegister(number: number, value: bigint): void {
    this.setPair(2 * number, value);
  }

  pair(word: number): bigint {
    return (BigInt(this.cpu.word(word + 1) >>> 0) << 32n) | BigInt(this.cpu.word(word) >>> 0);
  }

  setPair(word: number, value: bigint): void {
    this.cpu.words[word] = Number(BigInt.asIntN(32, value));
    this.cpu.words[word + 1] = Number(BigInt.asIntN(32, value >> 32n));
  }

  private setSegment(segment: number, selector: number): void {
    const { words } = this.cpu;
    const at = WORD.segments + SEGMENT.words * segment;
    const is64 = this.options.bits === 64 && segment === 1;
    words[at] = selector;
    if (selector === 0) return;
    words[at + SEGMENT.attributes] =
      ATTRIBUTE.present | (segment === 1 ? 0x7b : 0x73) | (is64 ? ATTRIBUTE.long : ATTRIBUTE.big) | ATTRIBUTE.granular;
    words[at + SEGMENT.limit] = -1;
  }
}

/** The FXSAVE area (32-bit part) that the state block amounts to. */
export function fxsaveImage(words: Int32Array): Uint8Array {
  const image = new Uint8Array(512);
  const view = new DataView(image.buffer);
  const fsw = words[WORD.fsw] ?? 0;
  view.setUint16(0, words[WORD.fcw] ?? 0, true);
  view.setUint16(2, fsw, true);
  view.setUint8(4, words[WORD.ftw] ?? 0);
  view.setUint32(24, words[WORD.mxcsr] ?? 0, true);
  const bytes = new Uint8Array(words.buffer, words.byteOffset);
  const top = (fsw >> 11) & 7;
  for (let i = 0; i < 8; i++) {
    const at = 4 * WORD.x87 + 16 * ((top + i) & 7);
    image.set(bytes.subarray(at, at + 10), 32 + 16 * i);
  }
  image.set(bytes.subarray(4 * WORD.xmm, 4 * WORD.xmm + 256), 160);
  return image;
}
