import { NMI, WORD } from '../src/cpu/state';
import { TIERS } from '../src/engine';
import { type MachineOptions } from '../src/machine/wiring';
import { CODE, HANDLERS, IDT, protectedMachine, STACK, type SystemMachine } from './system-machine';
import { CODE as PROGRAM, machineWith } from './machine-programs';

const DATA = 0x5000;
/** DR7 with breakpoint 0 enabled (L0), of a kind and length. Source: Intel SDM vol. 3B, figure 17-1. */
const WRITE_1 = 0x0001_0001;
const WRITE_4 = 0x000d_0001;
const ACCESS_2 = 0x0007_0001;
const ACCESS_8 = 0x000b_0001;
const PORT_1 = 0x0002_0001;

const ONES = 0xffff0ff0;

function machineWithPoint(hex: string, dr7: number, dr0 = DATA): SystemMachine {
  const machine = protectedMachine();
  machine.put(CODE, hex);
  const { words } = machine.cpu;
  words[WORD.dr] = dr0;
  words[WORD.dr + 14] = dr7;
  words[WORD.cr + 8] = 8; // DE
  return machine;
}

/** rIP that was pushed and DR6, of the first #DB; nothing when the program came to its HLT without. */
function firstTrap(machine: SystemMachine) {
  const { exit, rip } = machine.run(100);
  expect(exit.reason).toBe('halt');
  if (rip !== HANDLERS + 16 + 1) return undefined;
  return { rip: machine.stack(1)[0], dr6: (machine.cpu.word(WORD.dr + 12) >>> 0).toString(16) };
}
const hit = (offset: number, bits = 1) => ({ rip: CODE + offset, dr6: ((ONES | bits) >>> 0).toString(16) });

test.each([
  { title: 'a store to the byte', hex: 'c60500500000aa 90 f4', dr7: WRITE_1, trap: hit(7) },
  { title: 'a store that only ends there', hex: 'c705fd4f000001020304 f4', dr7: WRITE_1, trap: hit(10) },
  { title: 'a store beside it in the same page', hex: 'c60501500000aa f4', dr7: WRITE_1, trap: undefined },
  { title: 'a load, of a breakpoint on writes', hex: 'a000500000 f4', dr7: WRITE_1, trap: undefined },
  { title: 'a load, of one on both', hex: 'a001500000 f4', dr7: ACCESS_2, trap: hit(5) },
  { title: 'a load of the fourth of four bytes', hex: 'fe0503500000 f4', dr7: WRITE_4, trap: hit(6) },
  { title: 'the last of eight bytes', hex: 'a007500000 f4', dr7: ACCESS_8, trap: hit(5) },
  { title: 'an address that is no multiple of its length: the low bits do not count', hex: 'a200500000 f4', dr7: WRITE_4, dr0: DATA + 3, trap: hit(5) }, // prettier-ignore
  { title: 'a PUSH', hex: '50 90 f4', dr7: WRITE_4, dr0: STACK - 4, trap: hit(1) },
  { title: 'a store behind one that faults nowhere near', hex: 'c60500600000aa c60500500000aa f4', dr7: WRITE_1, trap: hit(14) }, // prettier-ignore
  { title: 'the second round of REP STOSB', hex: 'b903000000 bfff4f0000 f3aa f4', dr7: WRITE_1, trap: hit(10) },
  { title: 'the last round of REP STOSB', hex: 'b902000000 bfff4f0000 f3aa f4', dr7: WRITE_1, trap: hit(12) },
  { title: 'IN from the port', hex: 'e4e9 90 f4', dr7: PORT_1, dr0: 0xe9, trap: hit(2) },
  { title: 'OUT to a wider port around it', hex: 'e7e8 90 f4', dr7: PORT_1, dr0: 0xe9, trap: hit(2) },
  { title: 'OUTSB to the port', hex: '66bae900 6e f4', dr7: PORT_1, dr0: 0xe9, trap: hit(5) },
  { title: 'OUT to another port', hex: 'e6e8 90 f4', dr7: PORT_1, dr0: 0xe9, trap: undefined },
  { title: 'memory at the address of a breakpoint on a port', hex: 'a200500000 f4', dr7: PORT_1, trap: undefined },
  {
    title: 'MOV SS from there: behind the next instruction',
    hex: '8e1500500000 90 90 f4',
    dr7: ACCESS_2,
    trap: hit(7),
  },
])('$title', ({ hex, dr7, dr0, trap }) => {
  const machine = machineWithPoint(hex, dr7, dr0);
  machine.view.setUint16(DATA, 0x10, true);
  expect(firstTrap(machine)).toEqual(trap);
});

test('a breakpoint and a single step are one #DB with both bits', () => {
  const machine = machineWithPoint('c60500500000aa 90 f4', WRITE_1);
  machine.cpu.words[WORD.eflags] = 0x102;
  expect(firstTrap(machine)).toEqual(hit(7, 0x4001));
});

test('without DE breakpoints on ports are none', () => {
  const machine = machineWithPoint('e4e9 f4', PORT_1, 0xe9);
  machine.cpu.words[WORD.cr + 8] = 0;
  expect(firstTrap(machine)).toBeUndefined();
});

test('a store that faults has met no breakpoint', () => {
  // over the limit of DS with its last byte
  const machine = machineWithPoint('c7050050000001020304 f4', WRITE_1);
  machine.setSegment(3, 0x10, 0xc93, 0, DATA + 2);
  expect(machine.run(100)).toMatchObject({ exit: { reason: 'halt' }, rip: HANDLERS + 16 * 13 + 1 });
  expect(machine.cpu.word(WORD.dr + 12) & 1).toBe(0);
});

describe.each(TIERS)('tier %s', (tier) => {
  /** mov [DATA], eax; inc eax; jmp back: with a table of interrupts that stops at the handler. */
  function loop(options: Partial<MachineOptions> = {}) {
    return machineWith(32, 'a300500000 40 ebf8', { tier, ...options });
  }

  test('a breakpoint on data that is set while code is hot hits at the next access', () => {
    const machine = loop({ hooks: { fault: () => 'stop' } });
    expect(machine.run({ budget: 300_000 }).reason).toBe('budget');
    machine.setRegister('dr0', BigInt(DATA));
    machine.setRegister('dr7', BigInt(WRITE_4));
    expect(machine.run()).toEqual({
      reason: 'exception',
      vector: 1,
      rip: BigInt(PROGRAM + 5),
      count: 300_001n,
    });
    expect(machine.register('dr6') & 15n).toBe(1n);
    // and it runs on at full speed once it is gone
    machine.setRegister('dr7', 0n);
    expect(machine.run({ budget: 300_000 }).reason).toBe('budget');
  });

  test('an NMI comes before the next instruction, once, and no other until IRET', () => {
    const machine = machineWith(32, '40 ebfd', { tier, devices: [] }); // inc eax; jmp back
    machine.run({ budget: 99_999 });
    machine.setTable('gdtr', { base: 0x1000n, limit: 0x17 });
    machine.write(0x1008, Uint8Array.from([0xff, 0xff, 0, 0, 0, 0x9b, 0xcf, 0, 0xff, 0xff, 0, 0, 0, 0x93, 0xcf, 0]));
    machine.write(0x2010, Uint8Array.from([0, 0x60, 8, 0, 0, 0x8e, 0, 0])); // gate 2
    machine.write(0x6000, Buffer.from('4390cf', 'hex')); // inc ebx; nop; iretd
    machine.setTable('idtr', { base: 0x2000n, limit: 0xff });
    machine.setRegister('esp', 0x7000n);
    machine.setRegister('ebx', 0n);
    const at = machine.linearRip;
    machine.nmi();
    machine.nmi(); // still one
    expect(machine.run({ budget: 1 })).toMatchObject({ reason: 'budget', rip: 0x6001n, count: 100_000n });
    machine.nmi(); // waits for IRET
    expect(machine.run({ budget: 1 })).toMatchObject({ rip: 0x6002n });
    expect(machine.run({ budget: 1 }).rip).toBe(at);
    expect(machine.run({ budget: 1 })).toMatchObject({ rip: 0x6001n });
    expect([machine.register('ebx'), machine.memory.words[WORD.nmi]]).toEqual([2n, NMI.blocked]);
    expect(machine.run({ budget: 100 }).reason).toBe('budget');
    expect([machine.register('ebx'), machine.memory.words[WORD.nmi]]).toEqual([2n, 0]);
  });
});

test('an NMI wakes a CPU that has halted with interrupts off', () => {
  const machine = machineWith(32, 'fa f4 90', { devices: [], hooks: { fault: () => 'stop' } });
  expect(machine.run()).toMatchObject({ reason: 'halt', interrupts: 'off', count: 2n });
  machine.setTable('idtr', { base: 0n, limit: 0 });
  machine.nmi();
  expect(machine.run()).toMatchObject({ reason: 'exception', vector: 13, errorCode: 0x13 });
});

test('an instruction that is not there is #UD for the guest where that was wished, and is named', () => {
  const stopped = machineWith(32, 'c5f877 90');
  expect(stopped.run()).toMatchObject({ reason: 'unimplemented', name: expect.any(String) as string });
  expect(stopped.unimplemented.size).toBe(0);
  const machine = machineWith(32, 'c5f877 90', { unimplemented: 'ud', hooks: { fault: () => 'stop' } });
  expect(machine.run()).toMatchObject({ reason: 'exception', vector: 6, rip: BigInt(PROGRAM) });
  expect([...machine.unimplemented.values()]).toEqual([1]);
});

test('a task whose T bit is set traps before its first instruction', () => {
  const machine = protectedMachine();
  const { view } = machine;
  const TASK = 0x3800;
  view.setBigUint64(0x1000 + 0x28, 0x0000890038000067n, true); // the GDT's 28 is the other task now; TR has its own
  view.setBigUint64(IDT + 8 * 32, 0x0000e50000280000n, true);
  const fields = [[0x20, CODE + 0x40], [0x24, 2], [0x38, 0x6800], [0x48, 0x10], [0x4c, 0x08], [0x50, 0x10], [0x54, 0x10], [0x64, 1]] as const; // prettier-ignore
  for (const [offset, value] of fields) view.setUint32(TASK + offset, value, true);
  machine.put(CODE, 'cd20');
  machine.put(CODE + 0x40, '40 f4');
  expect(machine.run(100)).toMatchObject({ exit: { reason: 'halt' }, rip: HANDLERS + 16 + 1, count: 2 });
  expect(machine.stack(1)).toEqual([CODE + 0x40]);
  expect(machine.cpu.word(WORD.dr + 12) & 0xf00f).toBe(0x8000);
});

test.each([
  { title: 'with TF is one trap behind it, before anything is fetched there', r11: 0x102n, vector: 1 },
  { title: 'without TF is none: the page of the supervisor is', r11: 2n, vector: 14 },
])('SYSRET to flags $title', ({ r11, vector }) => {
  const machine = machineWith(64, '480f07', { hooks: { fault: () => 'stop' } });
  machine.setRegister('efer', 0xd01n);
  machine.setRegister('rcx', 0x9000n);
  machine.setRegister('r11', r11);
  expect(machine.run()).toMatchObject({ reason: 'exception', vector, rip: 0x9000n, count: 1n });
});
