import { LANE, RIP, SEG } from './lanes.js';
import { FORM_BIT } from '../isa/encoding.js';

/** What the parts of the decoder tell each other about the instruction in hand, and how they read its bytes and its address. */
export class InstructionBytes {
  code: Uint8Array = new Uint8Array(0);
  position = 0;
  is64 = false;
  prefixes = 0;
  /** Bits W R X B as 8 4 2 1, from REX, VEX, EVEX or XOP. */
  rex = 0;
  vvvv = 0;
  vexL = 0;
  /** 0 NP, 1 66, 2 F3, 3 F2. */
  mandatory = 0;
  override = -1;
  map = 0;
  opcode = 0;
  modrm = 0;
  operandSize = 4;
  addressSize = 4;
  form = 0;

  /** ModRM, SIB and displacement: the memory operand's lanes. */
  protected readModrm(bits: number, out: Int32Array, base: number): void {
    const modrm = this.code[this.position++] as number;
    this.modrm = modrm;
    out[base + LANE.base] = -1;
    out[base + LANE.index] = -1;
    if (modrm >= 0xc0 || bits & FORM_BIT.modIgnored) return;
    if (this.addressSize === 2) this.memory16(modrm, out, base);
    else this.memory32(modrm, out, base);
  }

  protected memory16(modrm: number, out: Int32Array, base: number): void {
    const mod = modrm >> 6;
    const rm = modrm & 7;
    const direct = mod === 0 && rm === 6;
    const baseRegister = direct ? -1 : (BASE_16[rm] as number);
    out[base + LANE.base] = baseRegister;
    out[base + LANE.index] = INDEX_16[rm] as number;
    out[base + LANE.scale] = 0;
    out[base + LANE.segment] = this.override >= 0 ? this.override : baseRegister === 5 ? SEG.SS : SEG.DS;
    this.readDisplacement(mod === 1 ? 1 : mod === 2 || direct ? 2 : 0, out, base);
  }

  protected memory32(modrm: number, out: Int32Array, base: number): void {
    const code = this.code;
    const mod = modrm >> 6;
    let rm = modrm & 7;
    let size = mod === 1 ? 1 : mod === 2 ? 4 : 0;
    if (rm === 4) {
      const sib = code[this.position++] as number;
      const index = ((sib >> 3) & 7) | ((this.rex & 2) << 2);
      out[base + LANE.index] = index === 4 ? -1 : index;
      out[base + LANE.scale] = sib >> 6;
      rm = sib & 7;
      if (rm === 5 && mod === 0) rm = -1;
    } else if (rm === 5 && mod === 0) rm = this.is64 ? RIP : -1;
    if (rm < 0 || rm === RIP) size = 4;
    else rm |= (this.rex & 1) << 3;
    out[base + LANE.base] = rm;
    out[base + LANE.segment] = this.override >= 0 ? this.override : rm === 4 || rm === 5 ? SEG.SS : SEG.DS;
    this.readDisplacement(size, out, base);
  }

  protected readDisplacement(size: number, out: Int32Array, base: number): void {
    const value = size === 0 ? 0 : this.signed(size);
    out[base + LANE.dispLo] = value;
    out[base + LANE.dispHi] = value >> 31;
  }

  /** The next `size` bytes, 1, 2 or 4, as a signed number. */
  signed(size: number): number {
    const code = this.code;
    const at = this.position;
    this.position = at + size;
    if (size === 1) return ((code[at] as number) << 24) >> 24;
    const low = (code[at] as number) | ((code[at + 1] as number) << 8);
    if (size === 2) return (low << 16) >> 16;
    return low | ((code[at + 2] as number) << 16) | ((code[at + 3] as number) << 24);
  }
}

/** Bases and indexes of 16-bit addressing by ModRM.rm: BX+SI, BX+DI, BP+SI, BP+DI, SI, DI, BP, BX. */
const BASE_16 = Int8Array.of(3, 3, 5, 5, 6, 7, 5, 3);
const INDEX_16 = Int8Array.of(6, 7, 6, 7, -1, -1, -1, -1);
