import { FORM_BIT } from '../isa/encoding.js';
import { SIZE_TABLE, SPEC } from '../isa/spec.js';
import { HIGH_BYTE, KIND, LANE, PREFIX, SEG } from './lanes.js';
import { FORM_BITS, FORM_OPERANDS } from './tables.js';

/** What the operands need to know of the instruction that is being decoded. */
export interface OperandContext {
  readonly form: number;
  readonly opcode: number;
  readonly modrm: number;
  readonly rex: number;
  readonly vvvv: number;
  readonly vexL: number;
  readonly prefixes: number;
  readonly is64: boolean;
  readonly operandSize: number;
  readonly override: number;
}

/** `kind << 8 | number`; -1 when there is no such register. */
const INVALID = -1;

/** Fills the operand lanes. False when an operand, or what the prefixes do to it, does not exist. */
export function fillOperands(context: OperandContext, out: Int32Array, base: number): boolean {
  const { form, prefixes } = context;
  const bits = FORM_BITS[form] as number;
  if (bits & FORM_BIT.vexL0 && context.vexL !== 0) return false;
  if (bits & FORM_BIT.noVvvv && context.vvvv !== 0) return false;
  const sizes = (context.is64 ? 3 : 0) + (context.operandSize >> 2);
  const hasMemory = context.modrm < 0xc0;
  for (let i = 0; i < 3; i++) {
    const packed = FORM_OPERANDS[3 * form + i] as number;
    const spec = packed & 0xff;
    const lane = base + LANE.kind0 + 3 * i;
    if (spec === SPEC.none) {
      out[lane] = KIND.none;
      continue;
    }
    if (hasMemory && (spec === SPEC.rm || spec === SPEC.otherRm || spec === SPEC.vectorRm || spec === SPEC.mmxRm)) {
      out[lane] = KIND.mem;
      out[lane + 1] = 0;
      out[lane + 2] = SIZE_TABLE[6 * ((packed >> 16) & 0xff) + sizes] as number;
      continue;
    }
    const size = SIZE_TABLE[6 * ((packed >> 8) & 0xff) + sizes] as number;
    const operand = operandOf(context, packed, i, size, out, base);
    if (operand === INVALID) return false;
    out[lane] = operand >> 8;
    out[lane + 1] = operand & 0xff;
    out[lane + 2] = size;
  }
  return (prefixes & PREFIX.lock) === 0 || out[base + LANE.kind0] === KIND.mem;
}

/** A general register's number; byte registers 4 to 7 are AH, CH, DH and BH unless there is a REX prefix. */
const general = (context: OperandContext, number: number, size: number): number =>
  (KIND.reg << 8) |
  (size === 1 && number >= 4 && number < 8 && (context.prefixes & (PREFIX.rex | PREFIX.vex)) === 0
    ? number - 4 + HIGH_BYTE
    : number);

function operandOf(
  context: OperandContext,
  packed: number,
  slot: number,
  size: number,
  out: Int32Array,
  base: number,
): number {
  const { modrm, rex } = context;
  switch (packed & 0xff) {
    case SPEC.rm:
    case SPEC.rmAlwaysReg:
      return general(context, (modrm & 7) | ((rex & 1) << 3), size);
    case SPEC.reg:
      return general(context, ((modrm >> 3) & 7) | ((rex & 4) << 1), size);
    case SPEC.opcodeReg:
      return general(context, (context.opcode & 7) | ((rex & 1) << 3), size);
    case SPEC.vvvv:
      return (KIND.reg << 8) | (context.is64 ? context.vvvv : context.vvvv & 7);
    case SPEC.fixed:
      return (KIND.reg << 8) | (packed >> 24);
    case SPEC.imm:
      return KIND.imm << 8;
    case SPEC.imm2:
      return KIND.imm2 << 8;
    case SPEC.one:
      out[base + LANE.immLo] = 1;
      out[base + LANE.immHi] = 0;
      return KIND.imm << 8;
    case SPEC.rel:
      return KIND.rel << 8;
    case SPEC.far:
      return KIND.far << 8;
    default:
      return specialOperand(context, packed, slot, out, base);
  }
}

const CONTROL_REGISTERS = new Set([0, 2, 3, 4, 8]);
const SEGMENTS = 6;

/** Operands that are no general register, and what they need beside their number. */
function specialOperand(context: OperandContext, packed: number, slot: number, out: Int32Array, base: number): number {
  const { form, modrm } = context;
  const number = ((modrm >> 3) & 7) | ((context.rex & 4) << 1);
  switch (packed & 0xff) {
    case SPEC.sreg:
      return segmentOperand(context, packed >> 24, slot);
    case SPEC.cr:
      return CONTROL_REGISTERS.has(number) ? (KIND.cr << 8) | number : INVALID;
    case SPEC.dr:
      return number < 8 ? (KIND.dr << 8) | number : INVALID;
    case SPEC.x:
      out[base + LANE.segment] = context.override >= 0 ? context.override : SEG.DS;
      return KIND.x << 8;
    case SPEC.y:
      return KIND.y << 8;
    case SPEC.otherRm:
      return (KIND.other << 8) | (modrm & 7) | ((context.rex & 1) << 3);
    case SPEC.vectorReg:
      return (KIND.xmm << 8) | number;
    case SPEC.vectorRm:
      out[base + LANE.segment] = context.override >= 0 ? context.override : SEG.DS; // of MASKMOVDQU
      return (KIND.xmm << 8) | (modrm & 7) | ((context.rex & 1) << 3);
    case SPEC.mmxReg:
      return (KIND.mm << 8) | (number & 7);
    case SPEC.mmxRm:
      out[base + LANE.segment] = context.override >= 0 ? context.override : SEG.DS; // of MASKMOVQ
      return (KIND.mm << 8) | (modrm & 7);
    case SPEC.stackRm:
      return (KIND.st << 8) | (modrm & 7);
    case SPEC.stackTop:
      return KIND.st << 8;
    case SPEC.moffs:
      out[base + LANE.base] = -1;
      out[base + LANE.index] = -1;
      out[base + LANE.segment] = context.override >= 0 ? context.override : SEG.DS;
      out[base + LANE.dispLo] = out[base + LANE.immLo] as number;
      out[base + LANE.dispHi] = out[base + LANE.immHi] as number;
      return KIND.mem << 8;
    default:
      throw new Error(`form ${form} has an operand that is not decoded`);
  }
}

/** A segment register by name, or by ModRM.reg; CS cannot be loaded by MOV. */
function segmentOperand({ form, modrm }: OperandContext, fixed: number, slot: number): number {
  if (((FORM_BITS[form] as number) & FORM_BIT.modrm) === 0) return (KIND.sreg << 8) | fixed;
  const number = (modrm >> 3) & 7;
  const loadsCs = number === SEG.CS && slot === 0;
  return number >= SEGMENTS || loadsCs ? INVALID : (KIND.sreg << 8) | number;
}
