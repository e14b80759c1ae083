/**
 * Handlers make pages plain by themselves where that is easy. Programs touch many pages that are easy, or not, for one reason each; every tier has to leave the same
 * machine, the same touches and the same A and D bits, and who made the pages plain is counted.
 */
import { TIERS } from '../src/engine';
import { FULL_FEATURES } from '../src/index';
import { type Machine } from '../src/machine/machine';
import { type MachineOptions } from '../src/machine/wiring';
import { TOUCH_KINDS } from '../src/memory/touch-log';
import { type CheckedMemory } from '../src/memory/checked-memory';
import { type GuestMemory } from '../src/memory/guest-memory';
import { machineWith } from './machine-programs';

const PAGES = 32;
const RAM = 16 << 20;
const LIST = 0x8000; // of addresses
const DIRECTORY = 0x1_1000; // of 1 GiB on
const TABLE = 0x1_0000; // of its first 2 MiB
const LINEAR = 0x4000_0000;
const PHYSICAL = 0x20_0000;

const [PRESENT, WRITABLE, USER, ACCESSED, DIRTY, LARGE, GLOBAL] = [1n, 2n, 4n, 0x20n, 0x40n, 0x80n, 0x100n];
const USUAL = PRESENT | WRITABLE | ACCESSED | DIRTY;
const [SMAP, PGE] = [1n << 21n, 1n << 7n];

/** again: mov rbx, [rsi]; …; add rsi, 8; dec ecx; jnz again; hlt */
const looping = (body: string): string => {
  const length = 3 + body.replaceAll(' ', '').length / 2 + 4 + 2 + 2;
  return `488b1e ${body} 4883c608 ffc9 75${(256 - length).toString(16)} f4`;
};
const READ = looping('488b03'); // mov rax, [rbx]
const WRITE = looping('488903'); // mov [rbx], rax
const MODIFY = looping('ff03'); // inc dword [rbx]
const READ_BYTE = looping('8a03'); // mov al, [rbx]

interface Case {
  readonly what: string;
  readonly code: string;
  readonly easy: boolean;
  /** Of each page but the first, which is a usual one, so that walks have been at the tables; the address is added. */
  readonly entry?: bigint;
  readonly directory?: bigint;
  readonly addresses?: (page: number) => number | bigint;
  readonly prepare?: (machine: Machine, view: DataView) => void;
  readonly options?: Partial<MachineOptions>;
}

const set =
  (register: 'cr4' | 'efer' | 'rflags', bits: bigint) =>
  (machine: Machine): void =>
    machine.setRegister(register, machine.register(register) | bits);

/** The directory maps pages of 2 MiB. */
const largePages = (bits: bigint) => (_machine: Machine, view: DataView) => {
  for (let i = 0; i < PAGES; i++)
    view.setBigUint64(DIRECTORY + 8 * i, BigInt((i % 7) << 21) | USUAL | LARGE | (i === 0 ? 0n : bits), true);
};

const CASES: readonly Case[] = [
  { what: 'pages of 4 KiB that are read', code: READ, easy: true },
  { what: 'pages of 4 KiB that are written', code: WRITE, easy: true },
  { what: 'pages of 4 KiB that are read and written', code: MODIFY, easy: true },
  {
    what: 'accesses over the ends of pages',
    code: READ,
    easy: true,
    addresses: (page) => LINEAR + 0x1000 * page + 0xffd,
  },
  { what: 'the same with writes', code: WRITE, easy: true, addresses: (page) => LINEAR + 0x1000 * page + 0xffd },
  {
    what: 'pages that do not lie side by side, over their ends',
    code: WRITE,
    easy: false,
    addresses: (page) => LINEAR + 0x1000 * page + 0xffd,
    prepare: (_machine, view) => {
      for (let i = 0; i <= PAGES; i++)
        view.setBigUint64(TABLE + 8 * i, BigInt(PHYSICAL + 0x1000 * (i ^ 1)) | USUAL, true);
    },
  },
  {
    what: 'pages of 2 MiB',
    code: MODIFY,
    easy: true,
    addresses: (page) => LINEAR + (page << 21) + 0x3210,
    prepare: largePages(0n),
  },
  {
    what: 'pages of 2 MiB with a reserved bit',
    code: READ,
    easy: false,
    addresses: (page) => LINEAR + (page << 21),
    prepare: largePages(0x2000n),
  },
  {
    what: 'a reserved bit for the PAT in pages of 2 MiB',
    code: READ,
    easy: true,
    addresses: (page) => LINEAR + (page << 21),
    prepare: largePages(0x1000n),
  },
  {
    what: 'a page of 1 GiB that the processor does not have',
    code: READ,
    easy: false,
    addresses: (page) => 0x8000_0000 + 0x1000 * page,
    prepare: (_machine, view) => view.setBigUint64(0x2010, USUAL | LARGE, true),
  },
  {
    what: 'a page of 1 GiB',
    code: READ,
    easy: true,
    addresses: (page) => 0x8000_0000 + 0x1000 * page,
    prepare: (_machine, view) => view.setBigUint64(0x2010, USUAL | LARGE, true),
    options: { cpu: { features: FULL_FEATURES } },
  },
  {
    what: 'a page of 512 GiB, which nobody has',
    code: READ,
    easy: false,
    addresses: (page) => (1n << 39n) + BigInt(0x1000 * page),
    prepare: (_machine, view) => view.setBigUint64(0x1008, USUAL | LARGE, true),
  },
  {
    what: 'pages of tables that no walk has been at',
    code: READ,
    easy: false,
    addresses: (page) => LINEAR + (page << 21),
    prepare: (_machine, view) => {
      for (let i = 1; i < PAGES; i++) {
        view.setBigUint64(DIRECTORY + 8 * i, BigInt(0x4_0000 + 0x1000 * i) | USUAL, true);
        view.setBigUint64(0x4_0000 + 0x1000 * i, BigInt(PHYSICAL) | USUAL, true);
      }
    },
  },
  { what: 'pages without A', code: READ, easy: false, entry: PRESENT | WRITABLE | DIRTY },
  { what: 'pages without D that are read', code: READ, easy: true, entry: PRESENT | WRITABLE | ACCESSED },
  { what: 'pages without D that are written', code: WRITE, easy: false, entry: PRESENT | WRITABLE | ACCESSED },
  { what: 'pages that are not present', code: READ, easy: false, entry: WRITABLE | ACCESSED | DIRTY },
  {
    what: 'pages that may not be written, but are without CR0.WP',
    code: WRITE,
    easy: false,
    entry: PRESENT | ACCESSED | DIRTY,
  },
  { what: 'pages that may not be written, and are read', code: READ, easy: true, entry: PRESENT | ACCESSED | DIRTY },
  { what: 'a directory entry that may not be written', code: WRITE, easy: false, directory: PRESENT | ACCESSED },
  { what: 'a directory entry without A', code: WRITE, easy: true, directory: PRESENT | WRITABLE },
  {
    what: 'pages of the user',
    code: MODIFY,
    easy: true,
    entry: USUAL | USER,
    directory: PRESENT | WRITABLE | ACCESSED | USER,
  },
  {
    what: 'pages of the user with SMAP, while AC is set',
    code: READ,
    easy: false,
    entry: USUAL | USER,
    directory: PRESENT | WRITABLE | ACCESSED | USER,
    prepare: (machine, view) => {
      view.setBigUint64(0x1000, 0x2027n, true);
      view.setBigUint64(0x2008, BigInt(DIRECTORY) | 0x27n, true);
      set('cr4', SMAP)(machine);
      set('rflags', 1n << 18n)(machine);
    },
  },
  {
    what: 'pages of the supervisor that the user reads',
    code: READ,
    easy: false,
    prepare: (machine, view) => {
      for (const [at, entry] of [
        [0x1000, 0x2027n],
        [0x2000, 0x3027n],
        [0x3000, 0xa7n],
        [0x2008, BigInt(DIRECTORY) | 0x27n],
      ] as const)
        view.setBigUint64(at, entry, true);
      view.setBigUint64(DIRECTORY, BigInt(TABLE) | USUAL | USER, true);
      view.setBigUint64(TABLE, BigInt(PHYSICAL) | USUAL | USER, true);
      machine.setSegment('cs', { selector: 0x1b, base: 0n, limit: 0xffff_ffff, attributes: 0xafb });
      machine.setSegment('ss', { selector: 0x23, base: 0n, limit: 0xffff_ffff, attributes: 0xcf3 });
    },
  },
  {
    what: 'pages of the second megabyte while A20 is off',
    code: READ,
    easy: false,
    prepare: (machine, view) => {
      for (let i = 1; i < PAGES; i++) view.setBigUint64(TABLE + 8 * i, BigInt(0x30_0000 + 0x1000 * i) | USUAL, true);
      (machine as unknown as { memory: GuestMemory }).memory.a20 = false;
    },
  },
  { what: 'pages of the supervisor with SMAP', code: READ, easy: true, prepare: set('cr4', SMAP) },
  {
    what: 'pages that may not be executed',
    code: MODIFY,
    easy: true,
    entry: USUAL | (1n << 63n),
    prepare: set('efer', 0x800n),
  },
  { what: 'bit 63 without EFER.NXE', code: READ, easy: false, entry: USUAL | (1n << 63n) },
  { what: 'bits that are ignored', code: MODIFY, easy: true, entry: USUAL | (0x7ffn << 52n) | 0xe00n },
  { what: 'pages above 4 GiB', code: READ, easy: false, entry: USUAL | (1n << 32n), options: { unmapped: 'ones' } },
  {
    what: 'an address wider than the processor has',
    code: READ,
    easy: false,
    entry: USUAL | (1n << 51n),
    prepare: set('efer', 0x800n),
  },
  { what: 'pages above RAM', code: READ, easy: false, entry: USUAL | (1n << 30n), options: { unmapped: 'ones' } },
  { what: 'bit 7 of the entry of a page of 4 KiB', code: READ, easy: true, entry: USUAL | LARGE },
  {
    what: 'addresses that are not canonical',
    code: READ,
    easy: false,
    addresses: (page) => (1n << 47n) | BigInt(LINEAR + 0x1000 * page),
  },
  {
    what: 'canonical ones of the upper half',
    code: READ,
    easy: true,
    addresses: (page) => 0xffff_8000_0000_0000n + BigInt(0x10_0000 + 0x1000 * page),
    prepare: (_machine, view) => view.setBigUint64(0x1800, 0x2023n, true),
  },
  {
    what: 'pages with code that are written',
    code: WRITE,
    easy: false,
    addresses: () => 0x7fc0,
  },
  {
    what: 'pages with rights of their own, all of them enough',
    code: READ_BYTE,
    easy: true,
    prepare: (machine) => machine.map({ start: PHYSICAL + 0x1000, length: PAGES << 12, access: 'r' }),
  },
  {
    what: 'pages that may not be written says the owner',
    code: WRITE,
    easy: false,
    prepare: (machine) => machine.map({ start: PHYSICAL + 0x1000, length: PAGES << 12, access: 'r' }),
  },
  {
    what: 'pages with different rights in them',
    code: READ_BYTE,
    easy: false,
    prepare: (machine) => {
      for (let i = 1; i < PAGES; i++) machine.map({ start: PHYSICAL + 0x1000 * i + 0x800, length: 16, access: 'rw' });
    },
  },
  { what: 'a hook for touches', code: MODIFY, easy: false, options: { hooks: { touch: () => undefined } } },
  {
    what: 'a watch somewhere',
    code: MODIFY,
    easy: false,
    prepare: (machine) => machine.watch({ start: 0x80_0000, length: 8, access: 'rw' }),
  },
  { what: 'a breakpoint of the guest on data', code: MODIFY, easy: false, prepare: (machine) => { machine.setRegister('dr0', 0x8000n); machine.setRegister('dr7', 0x10002n); } }, // prettier-ignore
];

function run(
  { code, entry = USUAL, directory = USUAL, addresses, prepare, options }: Case,
  tier: (typeof TIERS)[number],
) {
  const machine = machineWith(64, code, { ram: RAM, tier, ...options });
  const view = new DataView(machine.ram.buffer, machine.ram.byteOffset);
  view.setBigUint64(0x2008, BigInt(DIRECTORY) | USUAL, true);
  view.setBigUint64(DIRECTORY, BigInt(TABLE) | directory, true);
  for (let i = 0; i <= PAGES; i++)
    view.setBigUint64(TABLE + 8 * i, BigInt(PHYSICAL + 0x1000 * i) | (i === 0 ? USUAL : entry), true);
  // the first one is usual, and does not lie where it is mapped
  view.setBigUint64(LIST, BigInt(LINEAR), true);
  for (let i = 1; i < PAGES; i++)
    view.setBigUint64(LIST + 8 * i, BigInt(addresses?.(i) ?? LINEAR + 0x1000 * i + 0x10), true);
  machine.setRegister('rsi', BigInt(LIST));
  machine.setRegister('rcx', BigInt(PAGES));
  prepare?.(machine, view);
  const { memory } = machine as unknown as { memory: { access: CheckedMemory['access'] } };
  const access = memory.access.bind(memory);
  let slow = 0;
  memory.access = (...all: Parameters<typeof access>) => (slow++, access(...all));
  const exit = machine.run({ budget: 10_000 });
  return { exit, machine, slow };
}

describe.each(CASES)('$what', (own) => {
  const reference = run(own, 'interpreter');

  test.each(TIERS.filter((tier) => tier !== 'interpreter'))('tier %s does the same', (tier) => {
    const { exit, machine } = run(own, tier);
    expect(exit).toEqual(reference.exit);
    expect(machine.save()).toEqual(reference.machine.save());
    expect([...machine.touches]).toEqual([...reference.machine.touches]);
    const counts = (of: Machine) => ([undefined, ...TOUCH_KINDS] as const).map((kind) => of.touches.count(kind));
    expect(counts(machine)).toEqual(counts(reference.machine));
  });

  test(own.easy ? 'handlers make them plain' : 'the interpreter makes the accesses', () => {
    const { exit, slow } = run(own, 'handlers');
    if (own.easy) expect(slow).toBeLessThan(PAGES / 2);
    else if (exit.reason === 'halt') expect(slow).toBeGreaterThanOrEqual(PAGES - 1);
  });
});

/** mov rax, [rbx]; mov [rdx], rcx; mov cr3, rsi; mov rax, [rbx]; hlt */
test.each([
  { what: 'global', bits: GLOBAL, pge: PGE, same: true },
  { what: 'global', bits: GLOBAL, pge: 0n, same: false },
  { what: 'local', bits: 0n, pge: PGE, same: false },
])(
  'a $what page (CR4.PGE $pge) that was made plain easily is so after CR3 was written: $same',
  ({ bits, pge, same }) => {
    const values = TIERS.map((tier) => {
      const machine = machineWith(64, '488b03 488b03 48890a 0f22de 488b03 f4', { ram: RAM, tier });
      const view = new DataView(machine.ram.buffer, machine.ram.byteOffset);
      view.setBigUint64(0x2008, BigInt(DIRECTORY) | USUAL, true);
      view.setBigUint64(DIRECTORY, BigInt(TABLE) | USUAL, true);
      for (const [i, at] of [PHYSICAL, PHYSICAL + 0x1000].entries()) {
        view.setBigUint64(TABLE + 8 * i, BigInt(at) | USUAL | bits, true);
        view.setBigUint64(at, BigInt(i + 1), true);
      }
      set('cr4', pge)(machine);
      machine.setRegister('rbx', BigInt(LINEAR));
      machine.setRegister('rdx', BigInt(TABLE));
      machine.setRegister('rcx', BigInt(PHYSICAL + 0x1000) | USUAL | bits);
      machine.setRegister('rsi', 0x1000n);
      // walks have been at the tables
      machine.memory.load(LINEAR + 0x1000, 0, 1, false);
      expect(machine.run()).toMatchObject({ reason: 'halt' });
      return machine.register('rax');
    });
    expect(values).toEqual(TIERS.map(() => (same ? 1n : 2n)));
  },
);

test.each(TIERS)('INVLPG drops all of a page of 1 GiB that was made plain easily, tier %s', (tier) => {
  // mov rax, [rbx]; mov rax, [rdi]; mov [rdx], rcx; invlpg [r8]; mov rax, [rdi]; hlt
  const machine = machineWith(64, '488b03 488b07 48890a 410f0138 488b07 f4', {
    ram: RAM,
    tier,
    unmapped: 'ones',
    cpu: { features: FULL_FEATURES },
  });
  const view = new DataView(machine.ram.buffer, machine.ram.byteOffset);
  view.setBigUint64(0x2008, BigInt(DIRECTORY) | USUAL, true);
  view.setBigUint64(DIRECTORY, BigInt(TABLE) | USUAL, true);
  view.setBigUint64(TABLE, BigInt(PHYSICAL) | USUAL, true);
  view.setBigUint64(0x2010, USUAL | LARGE, true);
  const registers = { rbx: LINEAR, rdi: 0x8030_0000, rdx: 0x2010, r8: 0x8070_0000 };
  for (const [name, value] of Object.entries(registers)) machine.setRegister(name as 'rbx', BigInt(value));
  machine.setRegister('rcx', 0x4000_0000n | USUAL | LARGE);
  expect(machine.run()).toMatchObject({ reason: 'halt' });
  expect(machine.register('rax')).toBe(0xffff_ffff_ffff_ffffn);
});

describe.each([
  { what: 'by new tables', first: 0x9000 },
  { what: 'by tables that walks have been at', first: 0x20_0000 },
])('the first page that lies elsewhere than it is mapped, $what', ({ first }) => {
  test.each(TIERS)('is met in the middle of a hot loop, tier %s', (tier) => {
    // again: mov rbx, [rsi]; add rax, [rbx]; add rsi, 8; dec ecx; jnz again; hlt
    const machine = machineWith(64, looping('480303'), { ram: RAM, tier });
    const view = new DataView(machine.ram.buffer, machine.ram.byteOffset);
    view.setBigUint64(0x3008, BigInt(TABLE) | USUAL, true);
    view.setBigUint64(TABLE, 0x20_0000n | USUAL, true);
    view.setBigUint64(TABLE + 8, 0x30_0000n | USUAL, true);
    for (const [at, value] of [[first, 1n], [0x30_0000, 1000n]] as const) view.setBigUint64(at, value, true); // prettier-ignore
    for (let i = 0; i < 400; i++) view.setBigUint64(LIST + 8 * i, BigInt(i < 300 ? first : 0x20_1000), true);
    machine.setRegister('rsi', BigInt(LIST));
    machine.setRegister('rcx', 400n);
    expect(machine.run()).toMatchObject({ reason: 'halt' });
    expect(machine.register('rax')).toBe(100_300n);
  });
});

test.each(TIERS)('a hook that changes rights in the middle of a hot loop is heeded at once, tier %s', (tier) => {
  const machine: Machine = machineWith(64, looping('488903'), {
    ram: RAM,
    tier,
    hooks: {
      touch: ({ page }) => {
        if (page === 0xa) machine.map({ start: 0x7000, length: 0x1000, access: 'rw' });
      },
    },
  });
  const view = new DataView(machine.ram.buffer, machine.ram.byteOffset);
  for (let i = 0; i < 400; i++) view.setBigUint64(LIST + 8 * i, i < 300 ? 0x9000n : 0xa000n, true);
  machine.setRegister('rsi', BigInt(LIST));
  machine.setRegister('rcx', 400n);
  // 300 rounds of five instructions, and the two up to the page
  expect(machine.run()).toMatchObject({ reason: 'denied', count: 1502n, access: { kind: 'fetch', physical: 0x7c06 } });
});

test.each(TIERS)('such a hook before a function that is translated, tier %s', (tier) => {
  // again: mov rsp, [rsi]; call f; add rsi, 8; dec ecx; jnz again; hlt; f: nop, more than is taken in; ret
  const machine: Machine = machineWith(64, `488b26 e809000000 4883c608 ffc9 75f0 f4 ${'90'.repeat(70)} c3`, {
    ram: RAM,
    tier,
    hooks: {
      touch: ({ page }) => {
        if (page === 0xa) machine.map({ start: 0x7000, length: 0x1000, access: 'rw' });
      },
    },
  });
  const view = new DataView(machine.ram.buffer, machine.ram.byteOffset);
  for (let i = 0; i < 400; i++) view.setBigUint64(LIST + 8 * i, i < 300 ? 0x9800n : 0xa800n, true);
  machine.setRegister('rsi', BigInt(LIST));
  machine.setRegister('rcx', 400n);
  // 300 rounds of 76 instructions, and MOV and CALL
  expect(machine.run()).toMatchObject({
    reason: 'denied',
    count: 22_802n,
    access: { kind: 'fetch', physical: 0x7c11 },
  });
});

test.each(TIERS)('a page of code is touched by the instruction that is first in it, tier %s', (tier) => {
  const machine = machineWith(64, '', { tier });
  machine.write(0x7fff, Uint8Array.of(0x90, 0x90, 0x90, 0xf4));
  machine.setRegister('rip', 0x7fffn);
  expect(machine.run()).toMatchObject({ reason: 'halt' });
  expect(machine.touches.first(8, 'fetch')).toMatchObject({ count: 1n, rip: 0x8000n });
});

test.each(TIERS)('an instruction in the very page table entry that maps it has its A bit, tier %s', (tier) => {
  const machine = machineWith(64, '', { ram: RAM, tier });
  const view = new DataView(machine.ram.buffer, machine.ram.byteOffset);
  view.setBigUint64(0x2008, BigInt(DIRECTORY) | USUAL, true);
  view.setBigUint64(DIRECTORY, BigInt(TABLE) | USUAL, true);
  // adc eax, 0x100; with A it is xor
  view.setBigUint64(TABLE, BigInt(TABLE) | 0x15n, true);
  machine.setRegister('rip', BigInt(LINEAR));
  machine.setRegister('rax', 0x100n);
  machine.run({ budget: 1 });
  expect([machine.register('rax'), view.getUint8(TABLE)]).toEqual([0n, 0x35]);
});
