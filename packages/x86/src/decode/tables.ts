import { FORMS, MAP, operation, VEX_MAPS, type Form } from '../isa/form.js';
import { SPEC } from '../isa/operand.js';

/** Attributes of a form that the decoder asks for, one bit each. */
// prettier-ignore
export const FORM_BIT = {
  modrm: 0x01, lock: 0x02, d64: 0x04, f64: 0x08, modIgnored: 0x10, vexL0: 0x20, noVvvv: 0x40,
} as const;

const COUNT = FORMS.length;
export const FORM_OP = new Int16Array(COUNT);
export const FORM_BITS = new Uint8Array(COUNT);
export const FORM_IMMEDIATE = new Uint8Array(COUNT);
export const FORM_IMMEDIATE2 = new Uint8Array(COUNT);
/** Three operands a form, as `SPEC | line of SIZE_TABLE for a register << 8 | for memory << 16 | fixed register << 24`. */
export const FORM_OPERANDS = new Int32Array(3 * COUNT);

/** The eight maps of 256 opcodes: 0 no instruction, a form, or -1 - the group that decides. */
export const OPCODES = new Int16Array(8 * 256);
function fillForms(): void {
  for (const { index, name, operands, attributes, encoding } of FORMS) {
    const { modrm, immediate, immediate2 } = encoding;
    FORM_OP[index] = operation(name);
    FORM_IMMEDIATE[index] = immediate;
    FORM_IMMEDIATE2[index] = immediate2;
    FORM_BITS[index] =
      (modrm ? FORM_BIT.modrm : 0) |
      (attributes.has('lock') ? FORM_BIT.lock : 0) |
      (attributes.has('d64') ? FORM_BIT.d64 : 0) |
      (attributes.has('f64') ? FORM_BIT.f64 : 0) |
      (encoding.vex && encoding.prefix >= 0 ? FORM_BIT.vexL0 : 0) |
      (encoding.vex && encoding.prefix >= 0 && operands.every(({ spec }) => spec !== SPEC.vvvv) ? FORM_BIT.noVvvv : 0) |
      (operands.some(({ spec }) => spec === SPEC.rmAlwaysReg) ? FORM_BIT.modIgnored : 0);
    let immediates = 0;
    if (operands.length > 3) throw new Error(`${name} has more than three operands`);
    let at = 3 * index;
    for (const { spec, size, memorySize, fixed } of operands) {
      const second = spec === SPEC.imm && immediates++ > 0;
      FORM_OPERANDS[at++] = (second ? SPEC.imm2 : spec) | (size << 8) | (memorySize << 16) | (fixed << 24);
    }
  }
}

/** How closely a row describes its cell: of two rows that claim one, the closer has it. A test sees to it that no two are equally close. */
export function closeness({ encoding, attributes }: Form): number {
  const { opcode, prefix, fixedModrm, fixedCount, extension, opcodeRegister } = encoding;
  if (opcode < 0) return 0;
  const modrm = fixedModrm >= 0 ? (fixedCount === 1 ? 4 : 3) : extension >= 0 ? 1 : 0;
  const byMod = attributes.has('mem') || attributes.has('reg');
  return 1 + modrm * 4 + (prefix >= 0 ? 2 : 0) + (opcodeRegister ? 0 : 1) + (byMod ? 16 : 0);
}

/** The opcodes of a row, as indexes of OPCODES. */
export function opcodesOf({ encoding: { map, opcode, opcodeRegister } }: Form): { first: number; count: number } {
  if (opcode < 0) return { first: map << 8, count: 256 };
  return { first: (map << 8) | opcode, count: opcodeRegister ? 8 : 1 };
}

/** Visits the ranges of `(group cell) << 3 | ModRM.rm` that a row covers under its opcode. Plain loops: this runs at every start. */
export function forEachRange({ encoding, attributes }: Form, visit: (from: number, to: number) => void): void {
  const { prefix, extension, fixedModrm, fixedCount } = encoding;
  const firstMode = attributes.has('o64') ? 64 : 0;
  const lastMode = attributes.has('i64') ? 0 : 64;
  const firstMod = attributes.has('reg') || fixedModrm >= 0 ? 8 : 0;
  const lastMod = attributes.has('mem') ? 0 : 8;
  const within = fixedModrm >= 0 ? fixedModrm & 63 : extension >= 0 ? extension << 3 : 0;
  const count = fixedModrm >= 0 ? fixedCount : extension >= 0 ? 8 : 64;
  for (let mode = firstMode; mode <= lastMode; mode += 64)
    for (let pp = prefix < 0 ? 0 : prefix << 4; pp <= (prefix < 0 ? 48 : prefix << 4); pp += 16)
      for (let mod = firstMod; mod <= lastMod; mod += 8) {
        const from = ((mode | pp | mod) << 3) + within;
        visit(from, from + count);
      }
}

const CELLS = 128;
const FAN = 8;
const coversAll = ({ encoding: { prefix, extension, fixedModrm }, attributes }: Form): boolean =>
  prefix < 0 &&
  extension < 0 &&
  fixedModrm < 0 &&
  !attributes.has('i64') &&
  !attributes.has('o64') &&
  !attributes.has('mem') &&
  !attributes.has('reg');

function fillOpcodes(): Groups {
  const byOpcode: (Form[] | undefined)[] = new Array<undefined>(OPCODES.length);
  for (const form of FORMS) {
    if (form.index === 0) continue;
    const { first, count } = opcodesOf(form);
    for (let opcode = first; opcode < first + count; opcode++) (byOpcode[opcode] ??= []).push(form);
  }
  const groups = new Groups();
  for (let opcode = 0; opcode < byOpcode.length; opcode++) {
    const forms = byOpcode[opcode];
    if (forms === undefined) continue;
    if (forms.length > 1) forms.sort((a, b) => closeness(a) - closeness(b));
    const last = forms.at(-1);
    if (last !== undefined) OPCODES[opcode] = coversAll(last) ? last.index : groups.add(forms);
  }
  return groups;
}

/** Most opcodes are one form throughout; the others get a group, and the few cells where ModRM.rm matters a fan. */
class Groups {
  private space = new Int16Array(0x8000);
  private count = 0;
  readonly hasModrm: number[] = [];
  readonly fans: number[] = [];

  get cells(): Int16Array {
    return this.space.slice(0, CELLS * this.count);
  }

  /** Forms in the order of their closeness: later ones take cells from earlier ones. */
  add(forms: readonly Form[]): number {
    const at = CELLS * this.count++;
    if (at + CELLS > this.space.length) {
      const grown = new Int16Array(2 * this.space.length);
      grown.set(this.space);
      this.space = grown;
    }
    const cells = this.space.subarray(at, at + CELLS);
    let modrm = 0;
    for (const form of forms) {
      if (form.encoding.modrm) modrm = 1;
      forEachRange(form, (from, to) => this.fill(cells, form.index, from, to));
    }
    this.hasModrm.push(modrm);
    return -this.count;
  }

  /** From and to count ModRM.rm too: whole cells become the form, parts of one a fan. */
  private fill(cells: Int16Array, form: number, from: number, to: number): void {
    if (((from | to) & 7) === 0) {
      cells.fill(form, from >> 3, to >> 3);
      return;
    }
    const cell = from >> 3;
    const old = cells[cell] as number;
    let fan = -1 - old;
    if (old >= 0) {
      fan = this.fans.length / FAN;
      for (let rm = 0; rm < FAN; rm++) this.fans.push(old);
      cells[cell] = -1 - fan;
    }
    for (let rm = from & 7; rm < (from & 7) + to - from; rm++) this.fans[FAN * fan + rm] = form;
  }
}

fillForms();
const groups = fillOpcodes();
/**
 * A group has 128 cells, `(64-bit mode) << 6 | prefix << 4 | (register) << 3 | ModRM.reg`, where prefix is NP, 66, F3, F2 and
 * register says that ModRM.mod is 3. A cell is 0, a form, or -1 - the fan of eight by ModRM.rm.
 */
export const GROUPS = groups.cells;
/** Whether a group looks at ModRM at all. */
export const GROUP_HAS_MODRM = Uint8Array.from(groups.hasModrm);
export const FANS = Int16Array.from(groups.fans);

const formNamed = (name: string, encoding: string): number => {
  const form = FORMS.find(({ name: own, row }) => own === name && row[0] === encoding);
  if (form === undefined) throw new Error(`no row ${encoding} ${name}`);
  return form.index;
};

/** 90 is NOP, and PAUSE after F3, unless REX.B makes it XCHG r8, rAX (so do processors; iced-x86 keeps PAUSE). */
export const NOP_90 = formNamed('NOP', '90');
export const PAUSE_90 = formNamed('PAUSE', 'F3 90');
export const XCHG_90 = formNamed('XCHG', '90+r');
/** The shapes that EVEX and XOP share with VEX. */
export const SHAPE_RM = formNamed('VEX', 'VEX any 0F ** /r');
export const SHAPE_RM_IB = formNamed('VEX', 'VEX any 0F 3A ** /r ib');
export const MAP_0F = MAP.map0F;
export { VEX_MAPS };
