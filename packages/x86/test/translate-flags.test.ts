import { ATTRIBUTE, Cpu, FlatMemory, Interpreter, SEGMENT, WORD } from '../src/index';
import { AF, CF, OF, PF, SF, ZF } from '../src/isa/flags';
import { Code } from '../src/translate/code';
import { buildModule } from '../src/translate/module';
import { CARRY_KIND, FLAG, flagsFunction, kindOf } from '../src/translate/flag-kinds';
import { generator } from './random-code';

const CODE = 0x1000;
const ALL = CF | PF | AF | ZF | SF | OF;
const [RAX, RCX, RBX] = [0, 1, 3];
type Size = 1 | 2 | 4 | 8;

/** `flags` of tier 1, alone in a module. */
const flags = (() => {
  const module = new WebAssembly.Module(buildModule([], [], [flagsFunction(new Code())]));
  const { exports } = new WebAssembly.Instance(module, {});
  return exports.flags as unknown as (kind: number, a: bigint, b: bigint, r: bigint, eflags: number) => number;
})();

/** The judge: the interpreter, whose flags are compared with a processor's elsewhere. */
class Judge {
  private readonly code = new Uint8Array(4096).fill(0x90);
  private readonly cpu: Cpu;
  private readonly interpreter: Interpreter;
  private readonly places = new Map<string, number>();
  private free = 0;

  constructor() {
    const memory = new FlatMemory([{ start: CODE, bytes: this.code, writable: false, executable: true }]);
    const cpu = new Cpu(memory);
    this.cpu = cpu;
    cpu.words[WORD.codeSize] = 64;
    for (let segment = 0; segment < 6; segment++) {
      const at = WORD.segments + SEGMENT.words * segment;
      cpu.words[at + SEGMENT.attributes] = ATTRIBUTE.present | ATTRIBUTE.big | (segment === 1 ? 0x1a : 0x12);
      cpu.words[at + SEGMENT.limit] = -1;
    }
    this.interpreter = new Interpreter(cpu, { deliver: false });
  }

  /** Executes `count` instructions with rAX and rBX (and CL), from these flags on. */
  execute(hex: string, eflags: number, a: bigint, b: bigint, count = 1): number {
    const { cpu, code } = this;
    let place = this.places.get(hex);
    if (place === undefined) {
      place = this.free;
      this.places.set(hex, place);
      const bytes = Buffer.from(hex, 'hex');
      code.set(bytes, place);
      this.free += bytes.length + 1;
    }
    cpu.words[WORD.rip] = CODE + place;
    cpu.words[WORD.lazy] = 0;
    cpu.words[WORD.eflags] = eflags;
    this.put(RAX, a);
    this.put(RBX, b);
    cpu.setRegister(RCX, 1, Number(b & 0xffn), 0);
    const exit = this.interpreter.run(count);
    if (exit.reason !== 'budget') throw new Error(`${hex} ends with ${exit.reason}`);
    return cpu.flags();
  }

  register(number: number): bigint {
    const lo = this.cpu.register(number, 8);
    return (BigInt(this.cpu.high >>> 0) << 32n) | BigInt(lo >>> 0);
  }

  private put(number: number, value: bigint): void {
    this.cpu.setRegister(number, 8, Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));
  }
}
const judge = new Judge();

interface Row {
  readonly name: string;
  /** The opcode for bytes; 1 more is that for the other sizes. */
  readonly opcode: string;
  readonly modrm: string;
  readonly kind: number;
  /** B is a count. */
  readonly shifts?: boolean;
  readonly signed?: boolean;
  /** Of bytes only every 13th second operand: another row has the same kind. */
  readonly few?: boolean;
}
// prettier-ignore
const ROWS: readonly Row[] = [
  { name: 'ADD', opcode: '00', modrm: 'd8', kind: FLAG.add },
  { name: 'OR',  opcode: '08', modrm: 'd8', kind: FLAG.logic },
  { name: 'ADC', opcode: '10', modrm: 'd8', kind: FLAG.adc },
  { name: 'SBB', opcode: '18', modrm: 'd8', kind: FLAG.sbb },
  { name: 'AND', opcode: '20', modrm: 'd8', kind: FLAG.logic, few: true },
  { name: 'SUB', opcode: '28', modrm: 'd8', kind: FLAG.sub },
  { name: 'XOR', opcode: '30', modrm: 'd8', kind: FLAG.logic, few: true },
  { name: 'INC', opcode: 'fe', modrm: 'c0', kind: FLAG.inc },
  { name: 'DEC', opcode: 'fe', modrm: 'c8', kind: FLAG.dec },
  { name: 'SHL', opcode: 'd2', modrm: 'e0', kind: FLAG.shl, shifts: true },
  { name: 'SHR', opcode: 'd2', modrm: 'e8', kind: FLAG.shr, shifts: true },
  { name: 'SAR', opcode: 'd2', modrm: 'f8', kind: FLAG.sar, shifts: true, signed: true },
];

const hexOf = ({ opcode, modrm }: Row, size: Size): string => {
  const prefix = size === 2 ? '66' : size === 8 ? '48' : '';
  const number = parseInt(opcode, 16) + (size === 1 ? 0 : 1);
  return `${prefix}${number.toString(16).padStart(2, '0')}${modrm}`;
};
const log2 = (size: number): number => 31 - Math.clz32(size);
/** What has no carry of its own leaves it, or has put it, in EFLAGS. */
const hasCarry = (kind: number): boolean => kindOf(kind, 0) > 0xff;

/** '' when `flags` says of the operands what the interpreter says, starting with these flags in EFLAGS. */
function difference(row: Row, size: Size, a: bigint, b: bigint, before: number): string {
  const want = judge.execute(hexOf(row, size), before, a, b);
  const bits = 8 * size;
  const result = BigInt.asIntN(bits, judge.register(RAX));
  const own = row.signed === true ? BigInt.asIntN(bits, a) : BigInt.asUintN(bits, a);
  const count = b & (size === 8 ? 63n : 31n);
  const other = row.shifts === true ? count : BigInt.asUintN(bits, b);
  // what is not to be looked at in EFLAGS is turned around
  const carry = hasCarry(row.kind) ? ~before & CF : want & CF;
  const eflags = (before & ~ALL) | (~before & ALL & ~CF) | carry;
  const got = flags(kindOf(row.kind, log2(size)), own, other, result, eflags);
  return got === want ? '' : `${row.name} ${size}: ${a}, ${b}, ${before}: ${got.toString(16)} for ${want.toString(16)}`;
}

describe.each(ROWS)('$name', (row) => {
  test('all bytes', () => {
    const wrong: string[] = [];
    const end = row.shifts === true ? 32 : row.kind === FLAG.inc || row.kind === FLAG.dec ? 2 : 256;
    for (let a = 0; a < 256; a++)
      for (let b = row.shifts === true ? 1 : 0; b < end; b += row.few === true ? 13 : 1) {
        // both carries where it counts, in turns where it does not
        const before = 0x202 | ((a ^ b) & CF);
        const said = difference(row, 1, BigInt(a), BigInt(b), before);
        if (said !== '') wrong.push(said);
        if (hasCarry(row.kind)) continue;
        const other = difference(row, 1, BigInt(a), BigInt(b), before ^ CF);
        if (other !== '') wrong.push(other);
      }
    expect(wrong.slice(0, 5)).toEqual([]);
  });

  test.each([2, 4, 8] as const)('random numbers of %i bytes, and those at edges', (size) => {
    const wrong: string[] = [];
    const next = generator(size);
    for (let i = 0; i < 1500; i++) {
      const [a, b] = [someNumber(next, size), someNumber(next, size)];
      if (row.shifts === true && (b & (size === 8 ? 63n : 31n)) === 0n) continue;
      const said = difference(row, size, a, b, 0x202 | (next() & ALL));
      if (said !== '') wrong.push(said);
    }
    expect(wrong.slice(0, 5)).toEqual([]);
  });
});

/** Half of them near 0 or the limits. */
function someNumber(next: () => number, size: Size): bigint {
  const bits = BigInt(8 * size);
  const random = (BigInt(next()) << 32n) | BigInt(next());
  const edges = [0n, 1n << (bits - 1n), 1n << (bits / 2n), 0x10n];
  const near = (edges[next() % 4] as bigint) + BigInt((next() % 5) - 2);
  return BigInt.asUintN(Number(bits), next() & 1 ? random : near);
}

test.each([
  { name: 'MUL', bytes: { 1: 'f6e3', 2: '66f7e3', 4: 'f7e3', 8: '48f7e3' } },
  { name: 'IMUL', bytes: { 1: 'f6eb', 2: '66f7eb', 4: 'f7eb', 8: '48f7eb' } },
])('$name: its CF and OF are one', ({ name, bytes }) => {
  const next = generator(7);
  const wrong: unknown[] = [];
  for (let i = 0; i < 2000; i++) {
    const size = ([1, 2, 4, 8] as const)[i & 3] as Size;
    const bits = 8 * size;
    const [a, b] = [someNumber(next, size), someNumber(next, size)];
    const want = judge.execute(bytes[size], 0x202, a, b);
    const signed = name === 'IMUL';
    const as = (value: bigint) => (signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value));
    const product = as(a) * as(b);
    const carry = product === as(product) ? 0n : 1n;
    const got = flags(kindOf(FLAG.mul, log2(size)), carry, 0n, BigInt.asIntN(bits, product), 0x202);
    if (got !== want) wrong.push([a, b, size, got, want]);
  }
  expect(wrong.slice(0, 5)).toEqual([]);
});

test('INC and DEC behind something else keep its carry, of another size', () => {
  const next = generator(11);
  const wrong: unknown[] = [];
  const behind = ROWS.filter(({ kind }) => hasCarry(kind));
  const steps = ROWS.filter(({ kind }) => kind === FLAG.inc || kind === FLAG.dec);
  for (let i = 0; i < 6000; i++) {
    const row = behind[next() % behind.length] as Row;
    const step = steps[next() & 1] as Row;
    const [size, stepSize] = [1 << (next() & 3), 1 << (next() & 3)] as [Size, Size];
    const [a, b] = [someNumber(next, size), someNumber(next, size)];
    const count = b & (size === 8 ? 63n : 31n);
    if (row.shifts === true && count === 0n) continue;
    const [bits, stepBits] = [8 * size, 8 * stepSize];
    // the same register goes through both
    const want = judge.execute(hexOf(row, size) + hexOf(step, stepSize), 0x202, a, b, 2);
    const result = BigInt.asIntN(stepBits, judge.register(RAX));
    const kind = (kindOf(row.kind, log2(size)) & CARRY_KIND) | kindOf(step.kind, log2(stepSize));
    const own = row.signed === true ? BigInt.asIntN(bits, a) : BigInt.asUintN(bits, a);
    const other = row.shifts === true ? count : BigInt.asUintN(bits, b);
    const got = flags(kind, own, other, result, 0x202 | (next() & ALL));
    if (got !== want) wrong.push([row.name, step.name, size, stepSize, a, b, got, want]);
  }
  expect(wrong.slice(0, 5)).toEqual([]);
});

test('flags that are all in EFLAGS stay, and so does everything else there', () => {
  for (const eflags of [0x2, 0x8d5 | 2, 0x3202, 0x244e46 | 2])
    expect(flags(FLAG.eager, 1n, 2n, 3n, eflags)).toBe(eflags);
});
