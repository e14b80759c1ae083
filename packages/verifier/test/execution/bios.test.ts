/** INT n of small programs in real mode, answered as SeaBIOS answers them. Source: SeaBIOS src/{system,vgasrc}; Ralf Brown's interrupt list. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pcMemoryMap } from '@bzelf/loader';
import { expectTable, repositoryRoot } from '@bzelf/testkit';
import { Machine } from '@bzelf/x86';
import { Bios, BIOS_SERVICES, biosMemory, unknownCalls } from '../../src/bios';
import { PROFILES } from '../../src/profiles/table';
import { E820_ENTRY } from '@bzelf/bzimage';

/** What the BIOS says there is, and what the programs need. */
const SAID = 64 << 20;
const RAM = 2 << 20;
const CODE = 0x7c00;
const MAP = pcMemoryMap(BigInt(SAID));
const SMAP = 0x534d_4150n;
const CF = 1n;
const ZF = 0x40n;

type Registers = Readonly<Record<string, bigint>>;

/** Executes code that ends with HLT. */
function run(code: string, registers: Registers = {}, map = MAP) {
  const machine: Machine = new Machine({ ram: RAM, hooks: { interrupt: (vector) => bios.interrupt(vector) } });
  const bios: Bios = new Bios(machine, map);
  for (const { to, from } of biosMemory(map)) if ('bytes' in from) machine.write(to, from.bytes);
  machine.write(CODE, Buffer.from(`${code.replaceAll(' ', '')}f4`, 'hex'));
  for (const name of ['cs', 'ds', 'es', 'ss'] as const)
    machine.setSegment(name, { selector: 0, base: 0n, limit: 0xffff, attributes: name === 'cs' ? 0x9b : 0x93 });
  machine.setRegister('rip', BigInt(CODE));
  machine.setRegister('rsp', 0x7000n);
  for (const [name, value] of Object.entries(registers)) machine.setRegister(name, value);
  const exit = machine.run({ budget: 100_000 });
  return { machine, bios, exit, flag: (mask: bigint) => (machine.register('rflags') & mask) !== 0n };
}

interface Row {
  readonly asks: string;
  readonly int: number;
  readonly given: Registers;
  readonly gets: Registers;
  readonly carry?: boolean;
  readonly zero?: boolean;
}

// prettier-ignore
const ROWS: readonly Row[] = [
  { asks: 'which video mode it is',        int: 0x10, given: { eax: 0x0f00n }, gets: { ax: 0x5003n, bh: 0n } },
  { asks: 'for EGA information',           int: 0x10, given: { eax: 0x1200n, ebx: 0x10n }, gets: { bx: 3n } },
  { asks: 'which display there is',        int: 0x10, given: { eax: 0x1a00n }, gets: { al: 0x1an, bl: 8n } },
  { asks: 'for VESA',                      int: 0x10, given: { eax: 0x4f00n }, gets: { ax: 0x4f00n } },
  { asks: 'what equipment there is',       int: 0x11, given: {}, gets: { ax: 0x0222n } },
  { asks: 'how much low memory there is',  int: 0x12, given: {}, gets: { ax: 639n } },
  { asks: 'for EDD of a disk',             int: 0x13, given: { eax: 0x4100n, ebx: 0x55aan, edx: 0x80n }, gets: { ah: 1n, bx: 0x55aan }, carry: true },
  { asks: 'for a memory map, of no name',  int: 0x15, given: { eax: 0xe820n, ecx: 20n }, gets: { ah: 0x86n }, carry: true },
  { asks: 'for a row behind the last',     int: 0x15, given: { eax: 0xe820n, ebx: 99n, ecx: 20n, edx: SMAP }, gets: { ah: 0x86n }, carry: true },
  { asks: 'for a row in 19 bytes',         int: 0x15, given: { eax: 0xe820n, ecx: 19n, edx: SMAP }, gets: { ah: 0x86n }, carry: true },
  { asks: 'for memory in two parts',       int: 0x15, given: { eax: 0xe801n }, gets: { ax: 0x3c00n, bx: 0x300n, cx: 0x3c00n, dx: 0x300n }, carry: false },
  { asks: 'for memory above 1 MiB',        int: 0x15, given: { eax: 0x8800n }, gets: { ax: 0xfc00n }, carry: false },
  { asks: 'whether A20 is on',             int: 0x15, given: { eax: 0x2402n }, gets: { ax: 1n }, carry: false },
  { asks: 'how A20 is switched',           int: 0x15, given: { eax: 0x2403n }, gets: { ah: 0n, bx: 3n }, carry: false },
  { asks: 'which system it is',            int: 0x15, given: { eax: 0xc000n }, gets: { ah: 0n, es: 0xf000n, bx: 0xe6f5n }, carry: false },
  { asks: 'for SpeedStep',                 int: 0x15, given: { eax: 0xe980n, edx: 0x4753_4943n }, gets: { ah: 0x86n }, carry: true },
  { asks: 'for APM',                       int: 0x15, given: { eax: 0x5300n }, gets: { ah: 0x86n }, carry: true },
  { asks: 'whether there is a key',        int: 0x16, given: { eax: 0x0100n }, gets: {}, zero: true },
  { asks: 'for shift keys',                int: 0x16, given: { eax: 0x02ffn }, gets: { al: 0n } },
  { asks: 'for PCI',                       int: 0x1a, given: { eax: 0xb101n }, gets: { ah: 0x81n }, carry: true },
  { asks: 'for what nobody knows',         int: 0x15, given: { eax: 0x1234n, ecx: 5n }, gets: { ax: 0x1234n, cx: 5n }, carry: true },
];

test.each(ROWS)('who asks $asks is answered', ({ int, given, gets, carry, zero }) => {
  const { machine, exit, flag } = run(`cd ${int.toString(16)}`, given);
  expect(exit.reason).toBe('halt');
  for (const [name, value] of Object.entries(gets)) expect([name, machine.register(name)]).toEqual([name, value]);
  if (carry !== undefined) expect(flag(CF)).toBe(carry);
  if (zero !== undefined) expect(flag(ZF)).toBe(zero);
});

test('every service has a row', () => {
  const asked = ROWS.map(({ int, given }) => ({ int, ax: Number(given['eax'] ?? 0n) & 0xffff }));
  const silent = BIOS_SERVICES.filter(
    ({ vector, ax = [0, 0] }) => !asked.some((row) => row.int === vector && (row.ax & ax[0]) === ax[1]),
  );
  // the other tests have them, or they change nothing that can be read
  // prettier-ignore
  expect(silent.map(({ name }) => name)).toEqual([
    'set the video mode', 'set the shape of the cursor', 'set the cursor', 'where the cursor is', 'show a page', 'scroll up',
    'which character is there', 'characters and attributes', 'characters', 'a character, as on a teletype',
    'A20 off', 'A20 on', 'which mode is to come (AMD)',
    'a key', 'a key', 'whether there is a key', 'set the rate of the keyboard', 'more shift keys', 'ticks since midnight',
  ]);
});

test('the memory map is read row by row, until EBX is 0', () => {
  // again: mov eax, e820h; mov ecx, 20; int 15h; add di, 20; test ebx, ebx; jnz again
  const { machine } = run('66b820e80000 66b914000000 cd15 83c714 6685db 75ea', { edx: SMAP, edi: 0x6000n });
  const rows = MAP.map((_, i) => E820_ENTRY.read(machine.ram, 0x6000 + 20 * i));
  expect(rows.map(({ addr, size, type }) => ({ start: addr, length: size, type }))).toEqual(MAP);
  expect(machine.register('di')).toBe(0x6000n + 20n * BigInt(MAP.length));
});

/** The text screen without the blanks behind its lines. */
const linesOf = ({ ram }: Machine): string[] =>
  Array.from({ length: 25 }, (_, row) => {
    const at = 0xb8000 + 160 * row;
    return String.fromCharCode(...ram.subarray(at, at + 160).filter((_byte, i) => i % 2 === 0)).trimEnd();
  });
const say = (text: string): string =>
  [...text].map((character) => `b8${character.charCodeAt(0).toString(16).padStart(2, '0')}0e cd10`).join('');

test('what is said on the teletype is on the screen, and scrolls', () => {
  const { machine } = run(say(`${'x'.repeat(81)}\r\nhello\b!${'\r\n'.repeat(23)}end`));
  const lines = linesOf(machine);
  expect(lines.slice(0, 3)).toEqual(['x', 'hell!', '']);
  expect(lines.slice(22)).toEqual(['', '', 'end']);
});

test('a cursor that was set is where characters go, and a mode that was set is empty', () => {
  const put = 'b80002 bb0000 ba0503 cd10 b84109 bb1f00 b90300 cd10 b80003 cd10';
  const { machine } = run(put);
  expect(linesOf(machine)[3]).toBe('     AAA');
  expect(machine.ram[0xb8000 + 160 * 3 + 11]).toBe(0x1f);
  expect(machine.register('dx')).toBe(0x0305n);
  expect(linesOf(run(`${put} b80300 cd10`).machine).join('')).toBe('');
});

test('A20 goes off and on', () => {
  const writeHigh = 'b8ffff 8ec0 26c6061005 5a'; // FFFF:0510 is 500h when A20 is off
  expect(run(`b80024 cd15 ${writeHigh}`).machine.ram[0x500]).toBe(0x5a);
  const on = run(`b80024 cd15 b80124 cd15 ${writeHigh}`).machine.ram;
  expect([on[0x500], on[0x10_0500]]).toEqual([0, 0x5a]);
});

test('a program may put itself in front, and call the old vector', () => {
  // vector 12h is kept at 7cf0, and is 0000:7d00 from then on: inc bx; jmp far [7cf0]
  const hook = '31c0 8ed8 a14800 a3f07c a14a00 a3f27c c7064800007d c7064a000000';
  const program = `${`${hook} 31db cd12 f4`.replaceAll(' ', '').padEnd(2 * 0x100, '90')} 43 ff2ef07c`;
  const { machine, bios } = run(program);
  expect([machine.register('ax'), machine.register('bx')]).toEqual([639n, 1n]);
  expect(bios.calls.map(({ call, count }) => [call, count])).toEqual([['int 12h', 1]]);
});

test('calls are counted, and unknown ones are findings', () => {
  const { bios } = run('cd12 cd12 b80012 cd15 b83412 cd15');
  expect(bios.calls).toEqual([
    { call: 'int 12h', name: 'memory below the EBDA', answer: 'answered', count: 2 },
    { call: 'int 15h, ah=12', name: 'unknown', answer: 'unknown', count: 2 },
  ]);
  expect(unknownCalls(bios.calls).map(({ code, field, found }) => `${code} ${field} ${found}`)).toEqual([
    'run/bios-unknown int 15h, ah=12 2 times',
  ]);
});

test('vectors of exceptions and of the interrupt controllers lead to IRET', () => {
  expect(run('cd08 cd06 cd70').bios.calls).toEqual([]);
});

test('docs/bios.md has every service', () => {
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');
  const rows = BIOS_SERVICES.map(({ vector, ax, name, answer }) => {
    const digits = ax === undefined ? '' : ax[0] === 0xff00 ? `, ah=${hex(ax[1] >> 8, 2)}` : `, ax=${hex(ax[1], 4)}`;
    return [`int ${hex(vector, 2)}h${digits}`, name, answer === 'absent' ? 'there is none' : ''];
  });
  expectTable('docs/bios.md', 'services', [['call', 'asks for or does', 'answer'], ...rows]);
});

test('docs/bios.md names every profile that has a BIOS', () => {
  const page = readFileSync(join(repositoryRoot(), 'docs', 'bios.md'), 'utf8');
  const over = PROFILES.filter(({ firmware }) => firmware === 'bios').map(({ name }) => name);
  expect(over.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});
