import { FORM_BIT, FORM_TRAIT } from '../isa/encoding.js';
import { FORMS, type Form } from '../isa/form.js';
import { SPEC } from '../isa/spec.js';

/** What `tables.generated.ts` holds, made from the rows. Nothing that runs needs this: a script and a test do. */
export interface Tables {
  readonly operations: readonly string[];
  readonly systemTexts: readonly string[];
  readonly special: Readonly<Record<string, number>>;
  /** In the order in which they follow each other; see `tables.ts` for what they say. */
  readonly columns: Readonly<Record<string, Int32Array | Int16Array | Uint8Array>>;
}

export function makeTables(): Tables {
  const operations = [...new Set(FORMS.map(({ name }) => name))];
  const { opcodes, groups } = makeOpcodes();
  return {
    operations,
    systemTexts: FORMS.filter(({ attributes }) => attributes.has('sys')).map(({ row }) => row[1]),
    special: {
      // 90 is NOP, and PAUSE after F3, unless REX.B makes it XCHG r8, rAX (so do processors; iced-x86 keeps PAUSE)
      NOP_90: formNamed('NOP', '90'),
      PAUSE_90: formNamed('PAUSE', 'F3 90'),
      XCHG_90: formNamed('XCHG', '90+r'),
      // the shapes that EVEX and XOP share with VEX
      SHAPE_RM: formNamed('VEX', 'VEX any 0F ** /r'),
      SHAPE_RM_IB: formNamed('VEX', 'VEX any 0F 3A ** /r ib'),
    },
    columns: {
      operands: Int32Array.from(FORMS.flatMap(packedOperands)),
      op: Int16Array.from(FORMS, ({ name }) => operations.indexOf(name)),
      opcodes,
      groups: groups.cells,
      fans: Int16Array.from(groups.fans),
      groupHasModrm: Uint8Array.from(groups.hasModrm),
      bits: Uint8Array.from(FORMS, bitsOf),
      immediate: Uint8Array.from(FORMS, ({ encoding }) => encoding.immediate),
      immediate2: Uint8Array.from(FORMS, ({ encoding }) => encoding.immediate2),
      traits: Uint8Array.from(FORMS, traitsOf),
    },
  };
}

function bitsOf({ attributes, operands, encoding }: Form): number {
  const isVector = encoding.vex && encoding.prefix >= 0;
  return (
    (encoding.modrm ? FORM_BIT.modrm : 0) |
    (attributes.has('lock') ? FORM_BIT.lock : 0) |
    (attributes.has('d64') ? FORM_BIT.d64 : 0) |
    (attributes.has('f64') ? FORM_BIT.f64 : 0) |
    (isVector ? FORM_BIT.vexL0 : 0) |
    (isVector && operands.every(({ spec }) => spec !== SPEC.vvvv) ? FORM_BIT.noVvvv : 0) |
    (operands.some(({ spec }) => spec === SPEC.rmAlwaysReg) ? FORM_BIT.modIgnored : 0)
  );
}

const traitsOf = ({ attributes }: Form): number =>
  (attributes.has('sys') ? FORM_TRAIT.sys : 0) |
  (attributes.has('todo') ? FORM_TRAIT.todo : 0) |
  (attributes.has('cpl0') ? FORM_TRAIT.cpl0 : 0) |
  (attributes.has('iopl') ? FORM_TRAIT.iopl : 0) |
  (attributes.has('rep') || attributes.has('repz') ? FORM_TRAIT.rep : 0);

function packedOperands({ name, operands }: Form): number[] {
  if (operands.length > 3) throw new Error(`${name} has more than three operands`);
  const packed = [0, 0, 0];
  let immediates = 0;
  operands.forEach(({ spec, size, memorySize, fixed }, i) => {
    const second = spec === SPEC.imm && immediates++ > 0;
    packed[i] = (second ? SPEC.imm2 : spec) | (size << 8) | (memorySize << 16) | (fixed << 24);
  });
  return packed;
}

function formNamed(name: string, encoding: string): number {
  const form = FORMS.find(({ name: own, row }) => own === name && row[0] === encoding);
  if (form === undefined) throw new Error(`no row ${encoding} ${name}`);
  return form.index;
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

/** Visits the ranges of `(group cell) << 3 | ModRM.rm` that a row covers under its opcode. */
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

/** The eight maps of 256 opcodes: 0 no instruction, a form, or -1 - the group that decides. */
function makeOpcodes(): { opcodes: Int16Array; groups: Groups } {
  const opcodes = new Int16Array(8 * 256);
  const byOpcode: (Form[] | undefined)[] = new Array<undefined>(opcodes.length);
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
    if (last !== undefined) opcodes[opcode] = coversAll(last) ? last.index : groups.add(forms);
  }
  return { opcodes, groups };
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

/** The text of `tables.generated.ts`. */
export function tablesText({ operations, systemTexts, special, columns }: Tables): string {
  const bytes = Object.values(columns).map((own) => Buffer.from(own.buffer, own.byteOffset, own.byteLength));
  const lengths = Object.entries(columns).map(([name, { length }]) => `  ${name}: ${length},`);
  return [
    '// Made by scripts/build-tables.mjs from the rows of ../isa; a test holds it to them. What it says: tables.ts.',
    `export const OPERATION_NAMES =\n  '${operations.join(' ')}';`,
    `export const SYSTEM_TEXTS =\n  '${systemTexts.join(';')}';`,
    `export const SPECIAL = {\n${Object.entries(special)
      .map(([name, form]) => `  ${name}: ${form},\n`)
      .join('')}} as const;`,
    `export const LENGTHS = {\n${lengths.join('\n')}\n} as const;`,
    `export const COLUMNS =\n  '${Buffer.concat(bytes).toString('base64')}';\n`,
  ].join('\n');
}
