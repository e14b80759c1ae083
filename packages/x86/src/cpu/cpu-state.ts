import { HIGH_BYTE } from '../decode/lanes.js';
import { AF, CF, OF, PF, SF, ZF } from '../isa/flags.js';
import { GUEST_EXCEPTION } from './exception.js';
import { STATE_SIZE, WORD } from './state.js';

/** Registers, flags and the pending exception of one CPU: typed arrays over its state block. */
export class CpuState {
  readonly words: Int32Array;
  private readonly halves: Uint16Array;
  private readonly bytes: Uint8Array;
  /** High word of the 8-byte value whose low word was returned last. */
  high = 0;

  constructor(buffer: ArrayBufferLike = new ArrayBuffer(STATE_SIZE), at = 0) {
    this.words = new Int32Array(buffer, at, STATE_SIZE / 4);
    this.halves = new Uint16Array(buffer, at, STATE_SIZE / 2);
    this.bytes = new Uint8Array(buffer, at, STATE_SIZE);
  }

  word(index: number): number {
    return this.words[index] as number;
  }

  register(number: number, size: number): number {
    switch (size) {
      case 1:
        return this.bytes[number < HIGH_BYTE ? 8 * number : 8 * (number - HIGH_BYTE) + 1] as number;
      case 2:
        return this.halves[4 * number] as number;
      case 4:
        return this.words[2 * number] as number;
      default:
        this.high = this.words[2 * number + 1] as number;
        return this.words[2 * number] as number;
    }
  }

  /** Writing 4 bytes clears the upper half, as in 64-bit mode; outside of it the upper half is always 0. */
  setRegister(number: number, size: number, lo: number, hi: number): void {
    switch (size) {
      case 1:
        this.bytes[number < HIGH_BYTE ? 8 * number : 8 * (number - HIGH_BYTE) + 1] = lo;
        return;
      case 2:
        this.halves[4 * number] = lo;
        return;
      case 4:
        this.words[2 * number] = lo;
        this.words[2 * number + 1] = 0;
        return;
      default:
        this.words[2 * number] = lo;
        this.words[2 * number + 1] = hi;
    }
  }

  // exceptions

  /** `throw cpu.raise(…)`: the exception goes to the state block, the interpreter ends the instruction. */
  raise(vector: number, errorCode = -1): typeof GUEST_EXCEPTION {
    this.words[WORD.vector] = vector;
    this.words[WORD.errorCode] = errorCode;
    return GUEST_EXCEPTION;
  }

  // flags

  /** CF, AF and OF as given (0 or 1), ZF SF PF from the result, which is sign-extended here. */
  setFlags(cf: number, af: number, of: number, size: number, lo: number, hi: number): void {
    const words = this.words;
    words[WORD.eflags] = (this.word(WORD.eflags) & ~(CF | AF | OF)) | cf | (af << 4) | (of << 11);
    this.setResult(size, lo, hi);
  }

  setResult(size: number, lo: number, hi: number): void {
    const words = this.words;
    const signed = size === 1 ? (lo << 24) >> 24 : size === 2 ? (lo << 16) >> 16 : lo;
    words[WORD.lazy] = 1;
    words[WORD.result] = signed;
    words[WORD.result + 1] = size === 8 ? hi : signed >> 31;
  }

  /** EFLAGS with everything in it; `lazy` is 0 afterwards. */
  flags(): number {
    const words = this.words;
    let flags = this.word(WORD.eflags);
    if (this.word(WORD.lazy) === 0) return flags;
    const lo = this.word(WORD.result);
    const hi = this.word(WORD.result + 1);
    flags &= ~(ZF | SF | PF);
    if ((lo | hi) === 0) flags |= ZF;
    if (hi < 0) flags |= SF;
    if (evenParity(lo)) flags |= PF;
    words[WORD.eflags] = flags;
    words[WORD.lazy] = 0;
    return flags;
  }

  /** Sets the flags of `mask` to those of `value`. */
  changeFlags(mask: number, value: number): void {
    this.words[WORD.eflags] = (this.flags() & ~mask) | (value & mask);
  }

  get carry(): number {
    return this.word(WORD.eflags) & 1;
  }
}

/** PF of the low byte. */
export function evenParity(lo: number): boolean {
  const folded = lo ^ (lo >> 4);
  return ((0x9669 >> (folded & 15)) & 1) === 1;
}
