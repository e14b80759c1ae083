import { FORM_BIT, IMMEDIATE, VEX_MAPS } from '../isa/encoding.js';
import { type Forms } from './feature-forms.js';
import { InstructionBytes } from './instruction-bytes.js';
import { fillOperands } from './operands.js';
import { DECODE_INVALID, DECODE_TOO_LONG, DECODE_TRUNCATED, LANE, MAX_LENGTH, PREFIX, SEG } from './lanes.js';
import {
  FANS,
  FORM_BITS,
  FORM_IMMEDIATE,
  FORM_IMMEDIATE2,
  FORM_OP,
  GROUP_HAS_MODRM,
  GROUPS,
  NOP_90,
  OPCODES,
  PAUSE_90,
  SHAPE_RM,
  SHAPE_RM_IB,
  XCHG_90,
} from './tables.js';

/** Size of the code segment's default: 16 and 32 from the D bit, 64 when CS.L is set. */
export type CodeSize = 16 | 32 | 64;

// prettier-ignore
const BYTE = { plain: 0, operandSize: 1, addressSize: 2, repne: 3, rep: 4, lock: 5, segment: 6, rex: 7 } as const;

const PREFIX_BYTES = new Uint8Array(256);
PREFIX_BYTES[0x66] = BYTE.operandSize;
PREFIX_BYTES[0x67] = BYTE.addressSize;
PREFIX_BYTES[0xf2] = BYTE.repne;
PREFIX_BYTES[0xf3] = BYTE.rep;
PREFIX_BYTES[0xf0] = BYTE.lock;
for (const byte of [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65]) PREFIX_BYTES[byte] = BYTE.segment;
const PREFIX_BYTES_64 = PREFIX_BYTES.slice().fill(BYTE.rex, 0x40, 0x50);

/** The longest thing an overlong instruction can make us look at, behind MAX_LENGTH prefixes. */
const SLACK = 32;

/** Bytes to lanes; one decoder decodes one instruction at a time. */
export class Decoder extends InstructionBytes {
  /** What a processor has of all forms; all of them unless set. */
  forms: Forms | undefined;
  private readonly staging = new Uint8Array(2 * SLACK);

  /**
   * Decodes the instruction at `code[at]` into the lanes from `out[base]` and returns its length, or one of the DECODE_ values, when the
   * lanes are not to be used. Bytes from `end` on do not count, whatever they are.
   */
  decode(code: Uint8Array, at: number, end: number, codeSize: CodeSize, out: Int32Array, base: number): number {
    let start = at;
    let limit = end;
    if (at + SLACK > code.length) {
      this.staging.fill(0).set(code.subarray(at, Math.min(end, at + SLACK)));
      this.code = this.staging;
      start = 0;
      limit = end - at;
    } else this.code = code;
    const known = this.instruction(start, limit, codeSize, out, base);
    const length = this.position - start;
    if (length > MAX_LENGTH) return limit - start >= MAX_LENGTH ? DECODE_TOO_LONG : DECODE_TRUNCATED;
    if (this.position > limit) return DECODE_TRUNCATED;
    if (!known) return DECODE_INVALID;
    out[base + LANE.length] = length;
    return length;
  }

  private instruction(start: number, limit: number, codeSize: CodeSize, out: Int32Array, base: number): boolean {
    const is64 = codeSize === 64;
    this.is64 = is64;
    this.position = start;
    this.override = -1;
    this.rex = 0;
    this.mandatory = 0;
    this.prefixes = 0;
    const classes = is64 ? PREFIX_BYTES_64 : PREFIX_BYTES;
    const first = this.code[start] as number;
    const kind = classes[first] as number;
    // most instructions have no prefix, and most of the others one REX
    if (kind === BYTE.rex && classes[this.code[start + 1] as number] === BYTE.plain) {
      this.position = start + 1;
      this.rex = first & 15;
      this.prefixes = first & 8 ? PREFIX.rex | PREFIX.rexW : PREFIX.rex;
    } else if (kind !== BYTE.plain) this.readPrefixes(start + MAX_LENGTH < limit ? start + MAX_LENGTH : limit);
    const prefixes = this.prefixes;
    this.addressSize = is64
      ? prefixes & PREFIX.addressSize
        ? 4
        : 8
      : (codeSize === 16) === ((prefixes & PREFIX.addressSize) !== 0)
        ? 4
        : 2;
    if (!this.findOpcode()) return false;
    const bits = FORM_BITS[this.form] as number;
    this.findOperandSize(codeSize, bits);
    const form = this.forms === undefined ? this.form : (this.forms[this.form] as number);
    if (form === 0 || (prefixes & PREFIX.lock && (bits & FORM_BIT.lock) === 0)) {
      this.skipRest(bits, out, base);
      return false;
    }
    this.form = form;
    if (bits & FORM_BIT.modrm) this.readModrm(bits, out, base);
    else {
      out[base + LANE.base] = -1;
      out[base + LANE.segment] = this.override >= 0 ? this.override : SEG.DS; // of XLAT
    }
    out[base + LANE.form] = form;
    out[base + LANE.op] = FORM_OP[form] as number;
    out[base + LANE.size] = this.operandSize;
    out[base + LANE.address] = this.addressSize;
    out[base + LANE.prefixes] = this.prefixes;
    this.readImmediates(out, base);
    return fillOperands(this, out, base);
  }

  /** Fetches what an invalid instruction still consists of, so that its length is judged first, as the processor does. */
  private skipRest(bits: number, out: Int32Array, base: number): void {
    if (bits & FORM_BIT.modrm) this.readModrm(bits, out, base);
    this.readImmediates(out, base);
  }

  private readPrefixes(limit: number): void {
    const code = this.code;
    const classes = this.is64 ? PREFIX_BYTES_64 : PREFIX_BYTES;
    let position = this.position;
    let prefixes = 0;
    let mandatory = 0;
    let rex = 0;
    let hasRex = 0;
    for (; position < limit; position++) {
      const byte = code[position] as number;
      const kind = classes[byte] as number;
      if (kind === BYTE.plain) break;
      if (kind === BYTE.rex) {
        rex = byte & 15;
        hasRex = PREFIX.rex;
        continue;
      }
      rex = 0; // REX counts only directly before the opcode
      hasRex = 0;
      if (kind === BYTE.operandSize) {
        prefixes |= PREFIX.operandSize;
        if (mandatory === 0) mandatory = 1;
      } else if (kind === BYTE.addressSize) prefixes |= PREFIX.addressSize;
      else if (kind === BYTE.lock) prefixes |= PREFIX.lock;
      else if (kind === BYTE.segment) this.segmentOverride(byte);
      else {
        mandatory = kind === BYTE.rep ? 2 : 3;
        prefixes = (prefixes & ~(PREFIX.rep | PREFIX.repne)) | (kind === BYTE.rep ? PREFIX.rep : PREFIX.repne);
      }
    }
    this.position = position;
    this.rex = rex;
    this.mandatory = mandatory;
    this.prefixes = prefixes | hasRex | (rex & 8 ? PREFIX.rexW : 0) | (this.override >= 0 ? PREFIX.segment : 0);
  }

  /** In 64-bit mode only FS and GS have a base, and the other four prefixes are ignored. */
  private segmentOverride(byte: number): void {
    if (byte >= 0x64) this.override = byte - 0x60;
    else if (!this.is64) this.override = (byte >> 3) & 3;
  }

  /** Finds map and opcode, and with ModRM where it takes that, the form. */
  private findOpcode(): boolean {
    const code = this.code;
    const byte = code[this.position++] as number;
    this.map = 0;
    let opcode = byte;
    if (byte === 0x0f) {
      opcode = code[this.position++] as number;
      this.map = 1;
      if (opcode === 0x38 || opcode === 0x3a) {
        this.map = opcode === 0x38 ? 2 : 3;
        opcode = code[this.position++] as number;
      }
    } else if (byte === 0xc4 || byte === 0xc5 || byte === 0x62 || byte === 0x8f) {
      const taken = this.vectorPrefix(byte);
      if (taken !== 0) {
        if (taken < 0) return false;
        opcode = code[this.position++] as number;
        if (byte === 0x62 || byte === 0x8f) return this.findShape(byte, opcode);
      }
    }
    this.opcode = opcode;
    return this.findForm(OPCODES[(this.map << 8) | opcode] as number);
  }

  private findForm(cell: number): boolean {
    let form = cell;
    if (form < 0) {
      const group = -1 - form;
      const hasModrm = GROUP_HAS_MODRM[group] as number;
      const modrm = hasModrm ? (this.code[this.position] as number) : 0;
      const key = ((this.is64 ? 64 : 0) |
        (this.mandatory << 4) |
        (modrm >= 0xc0 ? 8 : 0) |
        ((modrm >> 3) & 7)) as number;
      form = GROUPS[128 * group + key] as number;
      if (form < 0) form = FANS[8 * (-1 - form) + (modrm & 7)] as number;
      if (form === 0) this.position += hasModrm;
    }
    if (this.rex & 1 && (form === NOP_90 || form === PAUSE_90)) form = XCHG_90;
    this.form = form;
    return form !== 0;
  }

  /** Whether C4, C5, 62 or 8F is a prefix here: 1 it is and has been read, 0 it is LDS, LES, BOUND or POP, -1 it is wrong. */
  private vectorPrefix(byte: number): -1 | 0 | 1 {
    const code = this.code;
    const next = code[this.position] as number;
    if (byte === 0x8f ? (next & 0x1f) < 8 : !this.is64 && next < 0xc0) return 0;
    const allowed = (this.prefixes & (PREFIX.lock | PREFIX.rex)) === 0 && this.mandatory === 0;
    this.position++;
    if (byte === 0xc5) {
      this.rex = next & 0x80 ? 0 : 4;
      this.vexTail(next & 0x7f);
      this.map = VEX_MAPS + 1;
      this.prefixes |= PREFIX.vex;
      return allowed ? 1 : -1;
    }
    const second = code[this.position++] as number;
    this.rex = ((~next >> 5) & 7) | (second & 0x80 ? 8 : 0);
    if (!this.is64) this.rex &= 8;
    this.prefixes |=
      (byte === 0xc4 ? PREFIX.vex : byte === 0x62 ? PREFIX.evex : PREFIX.xop) | (second & 0x80 ? PREFIX.rexW : 0);
    this.vexTail(second);
    this.map = next & 0x1f;
    if (byte === 0x62) return this.evexTail(next, second) && allowed ? 1 : -1;
    if (byte === 0x8f) return allowed && this.map <= 10 ? 1 : -1;
    if (this.map < 1 || this.map > 3) return -1;
    this.map += VEX_MAPS;
    return allowed ? 1 : -1;
  }

  /** `W vvvv L pp`, the last byte of a VEX prefix; pp counts 66, F3, F2 as we do. */
  private vexTail(byte: number): void {
    this.vvvv = (~byte >> 3) & 15;
    this.vexL = (byte >> 2) & 1;
    this.mandatory = byte & 3;
  }

  private evexTail(first: number, second: number): boolean {
    this.position++;
    this.map = first & 7;
    return (first & 8) === 0 && (second & 4) !== 0 && this.map !== 0 && this.map !== 4 && this.map !== 7;
  }

  /** EVEX and XOP: ModRM always, an immediate by map. XOP map 10 has four immediate bytes. */
  private findShape(prefix: number, opcode: number): boolean {
    const evex = prefix === 0x62;
    const byVex = OPCODES[((VEX_MAPS + 1) << 8) | opcode] as number;
    const immediate = evex
      ? this.map === 3 || (this.map === 1 && FORM_IMMEDIATE[byVex] === IMMEDIATE.ibu)
      : this.map === 8;
    this.form = immediate ? SHAPE_RM_IB : SHAPE_RM;
    return true;
  }

  private findOperandSize(codeSize: CodeSize, bits: number): void {
    const small = (this.prefixes & PREFIX.operandSize) !== 0;
    if (codeSize === 64) {
      if (this.rex & 8 || bits & FORM_BIT.f64) this.operandSize = 8;
      else if (small) this.operandSize = 2;
      else this.operandSize = bits & FORM_BIT.d64 ? 8 : 4;
    } else if (this.prefixes & PREFIX.vex) this.operandSize = 4;
    else this.operandSize = (codeSize === 16) === small ? 4 : 2;
  }

  private readImmediates(out: Int32Array, base: number): void {
    const form = this.form;
    const kind = FORM_IMMEDIATE[form] as number;
    if (kind !== IMMEDIATE.none) this.readImmediate(kind, out, base);
    if ((FORM_IMMEDIATE2[form] as number) !== IMMEDIATE.none)
      out[base + LANE.imm2] = this.code[this.position++] as number;
    if (this.prefixes & PREFIX.xop && this.map === 10) this.position += 4;
  }

  private readImmediate(kind: number, out: Int32Array, base: number): void {
    let lo: number;
    if (kind === IMMEDIATE.ibu) {
      out[base + LANE.immLo] = this.code[this.position++] as number;
      out[base + LANE.immHi] = 0;
      return;
    }
    if (kind === IMMEDIATE.ib || kind === IMMEDIATE.cb) lo = this.signed(1);
    else if (kind === IMMEDIATE.iw) lo = this.signed(2) & 0xffff;
    else if (kind === IMMEDIATE.iz || kind === IMMEDIATE.cz) lo = this.signed(this.operandSize === 2 ? 2 : 4);
    else return this.readWideImmediate(kind, out, base);
    out[base + LANE.immLo] = lo;
    out[base + LANE.immHi] = lo >> 31;
  }

  /** `iv` and `mo`, which may have eight bytes, and far pointers. */
  private readWideImmediate(kind: number, out: Int32Array, base: number): void {
    const size = kind === IMMEDIATE.mo ? this.addressSize : this.operandSize;
    let lo = this.signed(size === 2 ? 2 : 4);
    if (size === 2 && kind !== IMMEDIATE.iv) lo &= 0xffff;
    out[base + LANE.immLo] = lo;
    out[base + LANE.immHi] = size === 8 ? this.signed(4) : kind === IMMEDIATE.iv ? lo >> 31 : 0;
    if (kind === IMMEDIATE.cp) out[base + LANE.imm2] = this.signed(2) & 0xffff;
  }
}
