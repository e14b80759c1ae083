/** All conditions behind two instructions of which the second leaves some flags to the first, in translated code and in the interpreter. */
import { type Engine } from '../src/engine';
import { type Machine } from '../src/machine/machine';
import { assemble, CODE, machineWith } from './machine-programs';

// prettier-ignore
const SETTERS = {
  'add eax, ebx': '01d8', 'sub eax, ebx': '29d8', 'cmp eax, ebx': '39d8', 'cmp al, bl': '38d8', 'add al, bl': '00d8', 'and eax, ebx': '21d8',
  'test eax, ebx': '85d8', 'neg eax': 'f7d8', 'inc eax': '40', 'dec eax': '48', 'shl eax, 3': 'c1e003', 'shr eax, 5': 'c1e805',
  'sar eax, 5': 'c1f805', 'adc eax, ebx': '11d8', 'sbb eax, ebx': '19d8', 'imul eax, ebx': '0fafc3', 'mul ebx': 'f7e3', 'bsf eax, ebx': '0fbcc3',
} as const;
// prettier-ignore
const CHANGERS = {
  nop: '90', stc: 'f9', clc: 'f8', cmc: 'f5', 'bt eax, 3': '0fbae003', 'bts ebx, 31': '0fbaeb1f', 'inc edx': '42', 'dec edx': '4a', sahf: '9e',
  'rol eax, 1': 'd1c0', 'rcr eax, 1': 'd1d8', 'shl edx, cl': 'd3e2', 'shl edx, 0': 'c1e200', 'bsr edx, ebx': '0fbdd3',
} as const;

const VALUES = 0x2_0000;
const RESULTS = 0x3_0000;
const EDGES = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff];
const ROUNDS = EDGES.length ** 2;

/** SETcc of all 16 conditions to [edi + number]. */
const ALL_CONDITIONS = Array.from({ length: 16 }, (_, i) => `0f9${i.toString(16)}47${i.toString(16).padStart(2, '0')}`);

const regions = (machine: Machine): number =>
  (machine as unknown as { engine: Engine }).engine.translator?.compiled ?? 0;

const program = (setter: string, changer: string): Uint8Array => {
  const body = `8b06 8b5e04 83c608 ${setter} ${changer} ${ALL_CONDITIONS.join('')} 83c710 49 75`; // mov eax, [esi]; mov ebx, [esi + 4]; add esi, 8; …; add edi, 16; dec ecx; jnz
  return assemble(`${body} ${(256 - assemble(body).length - 1).toString(16)} f4`);
};

function prepare(machine: Machine): void {
  const view = new DataView(machine.ram.buffer, machine.ram.byteOffset);
  EDGES.forEach((a, i) => {
    EDGES.forEach((b, k) => {
      const at = VALUES + 8 * (EDGES.length * i + k);
      view.setUint32(at, a, true);
      view.setUint32(at + 4, b, true);
    });
  });
}

function results(machine: Machine, code: Uint8Array): string {
  machine.write(CODE, code);
  machine.write(RESULTS, new Uint8Array(16 * ROUNDS));
  machine.setRegister('rip', BigInt(CODE));
  machine.setRegister('rsi', BigInt(VALUES));
  machine.setRegister('rdi', BigInt(RESULTS));
  machine.setRegister('rcx', BigInt(ROUNDS));
  machine.setRegister('rdx', 0x5a5an);
  machine.setRegister('rflags', 2n);
  expect(machine.run({ budget: 100 * ROUNDS }).reason).toBe('halt');
  return Buffer.from(machine.read(RESULTS, 16 * ROUNDS)).toString('hex');
}

describe.each(Object.entries(SETTERS))('conditions behind %s', (_name, setter) => {
  const interpreted = machineWith(32, 'f4', { tier: 'interpreter' });
  const translated = machineWith(32, 'f4', { tier: 'translator' });
  prepare(interpreted);
  prepare(translated);

  test.each(Object.entries(CHANGERS))('and %s', (_changer, bytes) => {
    const before = regions(translated);
    const code = program(setter, bytes);
    expect(results(translated, code)).toBe(results(interpreted, code));
    expect(regions(translated)).toBeGreaterThan(before);
  });
});
