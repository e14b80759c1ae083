import { OP, TYPE } from './opcodes.js';

/**
 * A growing run of WebAssembly bytes. Most of it is written before V8 has compiled what writes it, so the short things take one call each.
 */
export class Code {
  length = 0;

  /** `bytes`: where it begins; a larger array takes their place when they are too few. */
  constructor(public bytes: Uint8Array = new Uint8Array(256)) {}

  private grow(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const larger = new Uint8Array(2 * (this.length + count));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }

  op(first: number, second = NOTHING, third = NOTHING): void {
    if (this.length + 3 > this.bytes.length) this.grow(3);
    const { bytes } = this;
    bytes[this.length++] = first;
    if (second === NOTHING) return;
    bytes[this.length++] = second;
    if (third !== NOTHING) bytes[this.length++] = third;
  }

  byte(value: number): void {
    if (this.length >= this.bytes.length) this.grow(1);
    this.bytes[this.length++] = value;
  }

  append(other: Uint8Array): void {
    if (this.length + other.length > this.bytes.length) this.grow(other.length);
    this.bytes.set(other, this.length);
    this.length += other.length;
  }

  /** Unsigned LEB128 of 32 bits. */
  unsigned(value: number): void {
    if (this.length + 5 > this.bytes.length) this.grow(5);
    const { bytes } = this;
    let rest = value >>> 0;
    while (rest > 0x7f) {
      bytes[this.length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[this.length++] = rest;
  }

  /** Signed LEB128 of 32 bits. */
  signed(value: number): void {
    if (this.length + 5 > this.bytes.length) this.grow(5);
    if (value >= -64 && value < 64) {
      this.bytes[this.length++] = value & 0x7f;
      return;
    }
    let rest = value | 0;
    for (;;) {
      const low = rest & 0x7f;
      rest >>= 7;
      if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) {
        this.bytes[this.length++] = low;
        return;
      }
      this.bytes[this.length++] = low | 0x80;
    }
  }

  i32(value: number): void {
    this.byte(OP.i32_const);
    this.signed(value);
  }

  /** A 64-bit constant from its words. */
  i64(lo: number, hi: number): void {
    this.byte(OP.i64_const);
    if (hi === lo >> 31) return this.signed(lo);
    this.grow(10);
    let low = lo;
    let high = hi;
    for (;;) {
      const seven = low & 0x7f;
      low = (low >>> 7) | (high << 25);
      high >>= 7;
      const ends = (low === 0 && high === 0 && (seven & 0x40) === 0) || (low === -1 && high === -1 && seven & 0x40);
      this.bytes[this.length++] = ends ? seven : seven | 0x80;
      if (ends) return;
    }
  }

  get(local: number): void {
    this.withSmall(OP.local_get, local);
  }

  set(local: number): void {
    this.withSmall(OP.local_set, local);
  }

  tee(local: number): void {
    this.withSmall(OP.local_tee, local);
  }

  /** An opcode and a number below 128. */
  private withSmall(opcode: number, value: number): void {
    const at = this.length;
    if (at + 2 > this.bytes.length) this.grow(2);
    const { bytes } = this;
    bytes[at] = opcode;
    bytes[at + 1] = value;
    this.length = at + 2;
  }

  call(index: number): void {
    this.byte(OP.call);
    this.unsigned(index);
  }

  /** A load or store at a constant address beside the one on the stack; alignment is not promised. */
  memory(opcode: number, offset: number): void {
    const at = this.length;
    if (at + 6 > this.bytes.length) this.grow(6);
    const { bytes } = this;
    bytes[at] = opcode;
    bytes[at + 1] = 0;
    if (offset >= 1 << 28) {
      this.length = at + 2;
      this.unsigned(offset);
      return;
    }
    // LEB128 may be longer than it has to be
    bytes[at + 2] = (offset & 0x7f) | 0x80;
    bytes[at + 3] = ((offset >> 7) & 0x7f) | 0x80;
    bytes[at + 4] = ((offset >> 14) & 0x7f) | 0x80;
    bytes[at + 5] = offset >> 21;
    this.length = at + 6;
  }

  block(opcode: number, type: number = TYPE.none): void {
    this.withSmall(opcode, type);
  }

  end(): void {
    this.byte(OP.end);
  }

  branch(opcode: number, depth: number): void {
    if (depth < 0x80) return this.withSmall(opcode, depth);
    this.byte(opcode);
    this.unsigned(depth);
  }

  name(text: string): void {
    this.unsigned(text.length);
    for (let i = 0; i < text.length; i++) this.byte(text.charCodeAt(i));
  }

  taken(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }
}

/** No opcode. */
const NOTHING = -1;
