/** Small programs in ring 1: what traps, what does not, and what the guest sees of it. */
import { le } from '@bzelf/bytes';
import { descriptor } from '@bzelf/loader';
import { Machine, type MachineExit } from '@bzelf/x86';
import { bytesText } from '../../src/execution/accesses';
import { Ring1Log, Ring1Monitor, TABLES_SIZE } from '../../src/ring1';

const RAM = 4 << 20;
const [CODE, GDT, STACK, TABLES] = [0x1000, 0x2000, 0x3ff0, 0x4000];
/** All that is mapped. */
const DECLARED = [{ start: 0x1000, end: 0x7000, access: 'rwx', purpose: 'image', required: true }] as const;
const FLAT = { base: 0n, limit: 0xffff_ffff };
const SEGMENTS = {
  cs: { selector: 0x10, ...FLAT, access: 0xc09b },
  ds: { selector: 0x18, ...FLAT, access: 0xc093 },
  ss: { selector: 0x18, ...FLAT, access: 0xc093 },
} as const;
const CODE64 = { selector: 0x20, ...FLAT, access: 0xa09b };

interface Outcome {
  readonly exit: MachineExit;
  readonly machine: Machine;
  /** `2 iopl 1`: where, why, how often. */
  readonly traps: readonly string[];
  readonly sensitive: readonly string[];
  readonly longMode: boolean;
}

/** Executes code in what it takes for ring 0 of protected mode, until HLT. */
function run(code: string): Outcome {
  const log = new Ring1Log(() => machine, bytesText);
  const machine: Machine = new Machine({ ram: RAM + TABLES_SIZE, hooks: log.hooks({}) });
  machine.write(CODE, Uint8Array.from(Buffer.from(code.replaceAll(' ', ''), 'hex')));
  [SEGMENTS.cs, SEGMENTS.ds, CODE64].forEach((segment) => machine.write(GDT + segment.selector, descriptor(segment)));
  // page tables of the guest: the first 2 MiB at their place
  [TABLES + 0x1003, TABLES + 0x2003, 0x83].forEach((entry, i) => machine.write(TABLES + 0x1000 * i, le(entry, 8)));
  machine.setTable('gdtr', { base: BigInt(GDT), limit: 0x27 });
  machine.setRegister('cr0', 0x11n);
  for (const [name, { selector, base, limit, access }] of Object.entries(SEGMENTS))
    machine.setSegment(name as 'cs', { selector, base, limit, attributes: (access & 0xff) | ((access >> 4) & 0xf00) });
  machine.setRegister('rip', BigInt(CODE));
  machine.setRegister('rsp', BigInt(STACK));
  machine.map({ start: 0, length: 2 ** 52, access: '' });
  for (const { start, end, access } of DECLARED) machine.map({ start, length: end - start, access });
  const monitor = new Ring1Monitor(machine, RAM, DECLARED, bytesText, log);
  const exit = monitor.run({ budget: 10_000, deadline: 10_000 });
  const { trapped, sensitive, longMode } = monitor.report(() => 'start');
  const at = (rip: bigint) => (Number(rip) - CODE).toString(16);
  return {
    exit,
    machine,
    traps: trapped.map(({ rip, reason, times }) => `${at(rip)} ${reason} ${times}`),
    sensitive: sensitive.map(({ rip }) => at(rip)),
    longMode,
  };
}

interface Row {
  readonly what: string;
  readonly code: string;
  readonly traps: readonly string[];
  readonly sensitive?: readonly string[];
  readonly registers?: Readonly<Record<string, bigint>>;
}

// prettier-ignore
const ROWS: readonly Row[] = [
  { what: 'CR0 as the loader has left it, without PG', code: '0f20c0 f4', traps: ['0 privileged 1', '3 privileged 1'], registers: { eax: 0x11n } },
  { what: 'CR0 as it is by SMSW, which does not trap', code: '0f01e0 f4', traps: ['3 privileged 1'], sensitive: ['0'], registers: { eax: 0x8001_0011n } },
  { what: 'CR4 as it was written, without the PAE of the monitor', code: 'b880000000 0f22e0 31c0 0f20e0 f4', traps: ['5 privileged 1', 'a privileged 1', 'd privileged 1'], registers: { eax: 0x80n } },
  { what: 'CR3 as it was written', code: 'b800500000 0f22d8 31c0 0f20d8 f4', traps: ['5 privileged 1', 'a privileged 1', 'd privileged 1'], registers: { eax: 0x5000n } },
  { what: 'EFER as it was written', code: 'b9800000c0 b800010000 31d2 0f30 31c0 0f32 f4', traps: ['c privileged 1', '10 privileged 1', '12 privileged 1'], registers: { eax: 0x100n } },
  { what: 'the selector of SS with RPL 1', code: '8cd0 f4', traps: ['2 privileged 1'], sensitive: ['0'], registers: { eax: 0x19n } },
  { what: 'flags without IF behind STI', code: 'fb 9c 58 f4', traps: ['0 iopl 1', '3 privileged 1'], sensitive: ['1'], registers: { eax: 2n } },
  { what: 'flags without IOPL behind POPF', code: '6802320000 9d 9c 58 f4', traps: ['8 privileged 1'], sensitive: ['5', '6'], registers: { eax: 2n } },
  { what: 'a data segment of ring 0', code: 'b818000000 8ed8 a100100000 f4', traps: ['5 ring-0 selector 1', 'c privileged 1'], registers: { eax: 0x18b8n, ds: 0x18n } },
  { what: 'a stack segment of ring 0', code: 'b818000000 8ed0 50 5b f4', traps: ['5 ring-0 selector 1', '9 privileged 1'], registers: { ebx: 0x18n, cpl: 1n } },
  { what: 'a far jump to ring 0', code: 'ea07100000 1000 f4', traps: ['0 ring-0 selector 1', '7 privileged 1'], registers: { cs: 0x11n, cpl: 1n } },
  { what: 'a far return to ring 0', code: '6a10 6809100000 cb 90 f4', traps: ['7 ring-0 selector 1', '9 privileged 1'], registers: { cs: 0x11n, esp: BigInt(STACK) } },
  { what: 'an interrupt return to ring 0', code: '6802000000 6a10 680d100000 cf f4', traps: ['c ring-0 selector 1', 'd privileged 1'], registers: { cs: 0x11n, esp: BigInt(STACK) } },
  { what: 'a port', code: 'b0a5 e680 e480 f4', traps: ['2 iopl 1', '4 iopl 1', '6 privileged 1'], registers: {} },
  { what: 'a loop of ports', code: 'b903000000 e680 e2fc f4', traps: ['5 iopl 3', '9 privileged 1'], registers: { ecx: 0n } },
  { what: 'no trap where nothing needs ring 0', code: 'b801000000 0fa2 0f31 f4', traps: ['9 privileged 1'] },
];

test.each(ROWS)('a guest in ring 1 gets $what', ({ code, traps, sensitive = [], registers = {} }) => {
  const { exit, machine, traps: found, sensitive: seen } = run(code);
  expect(exit).toMatchObject({ reason: 'halt', interrupts: code.startsWith('fb') ? 'on' : 'off' });
  expect({ traps: found, sensitive: seen }).toEqual({ traps, sensitive });
  for (const [name, value] of Object.entries(registers)) expect([name, machine.register(name)]).toEqual([name, value]);
});

/** As a kernel turns long mode on; `tables` is what goes to CR3. */
const toLongMode = (tables: string): string =>
  [
    `b820000000 0f22e0 b8${tables} 0f22d8`, // CR4.PAE, CR3
    'b9800000c0 b800010000 31d2 0f30 b811000080 0f22c0', // EFER.LME, CR0.PG
    'ea2d100000 2000 6690 48b90000000001000000 f4', // far jump to 64-bit code; mov rcx, 1 << 32
  ].join('');

test('a guest in ring 1 comes to 64-bit mode, and is in ring 1 there', () => {
  const { exit, machine, longMode } = run(toLongMode('00400000'));
  expect(exit.reason).toBe('halt');
  expect([machine.bits, machine.register('cpl'), machine.register('cs')]).toEqual([64, 1n, 0x21n]);
  expect(machine.register('rcx')).toBe(1n << 32n);
  expect(longMode).toBe(true);
});

test('a guest in ring 1 with page tables that have its code nowhere ends the run', () => {
  expect(run(toLongMode('00300000')).exit).toMatchObject({ reason: 'exception', vector: 13 });
});

test.each([
  {
    what: 'reads what is not declared',
    code: 'a100700000 f4',
    exit: { reason: 'denied', access: { kind: 'read', physical: 0x7000, size: 4 } },
  },
  {
    what: 'writes what is not declared',
    code: 'a300700000 f4',
    exit: { reason: 'denied', access: { kind: 'write', physical: 0x7000, size: 4 } },
  },
  { what: 'goes to what is behind its memory', code: 'a100004000 f4', exit: { reason: 'exception', vector: 14 } },
  { what: 'divides by 0', code: '31c9 f7f1', exit: { reason: 'exception', vector: 0 } },
  { what: 'calls an interrupt', code: 'cd80', exit: { reason: 'interrupt', vector: 0x80 } },
  { what: 'leaves protected mode', code: 'b810000000 0f22c0', exit: { reason: 'exception', vector: 13 } },
])('a guest in ring 1 that $what ends the run', ({ code, exit }) => {
  expect(run(code).exit).toMatchObject(exit);
});
