import { CR0, FULL_FEATURES, makeProfile, type Exit, SEGMENT, TABLE, WORD } from '../src/index';
import { CODE, GDT, HANDLERS, IDT, protectedMachine, STACK, SystemMachine, TSS } from './system-machine';

const handler = (vector: number): number => HANDLERS + 16 * vector;

/** Each ends in the HLT of its handler: vector, error code, the rIP that was pushed, and RF. */
test.each([
  { title: 'a fault pushes rIP of its instruction with RF', hex: '90 0f0b', vector: 6, rip: CODE + 1, rf: 1 },
  { title: 'INT3 pushes rIP of the next one without RF', hex: '90 cc', vector: 3, rip: CODE + 2, rf: 0 },
  { title: 'a load of a selector over the limit', hex: '66b84000 8ed8', vector: 13, code: 0x40, rip: CODE + 4, rf: 1 },
  { title: 'INT n over the limit of the IDT', hex: 'cd50', vector: 13, code: 0x282, rip: CODE, rf: 1 },
  { title: 'PG without PE', hex: 'b810000080 0f22c0', vector: 13, code: 0, rip: CODE + 5, rf: 1 },
  { title: 'NW without CD', hex: 'b811000020 0f22c0', vector: 13, code: 0, rip: CODE + 5, rf: 1 },
  { title: 'a reserved bit of CR4', hex: 'b800000080 0f22e0', vector: 13, code: 0, rip: CODE + 5, rf: 1 },
  {
    title: 'a feature of CR4 that CPUID does not have',
    hex: 'b800002000 0f22e0',
    vector: 13,
    code: 0,
    rip: CODE + 5,
    rf: 1,
  },
  { title: 'RDMSR of nothing', hex: 'b934120000 0f32', vector: 13, code: 0, rip: CODE + 5, rf: 1 },
  {
    title: 'WRMSR of a base that is not canonical',
    hex: 'b9010100c0 ba00800000 0f30',
    vector: 13,
    code: 0,
    rip: CODE + 10,
    rf: 1,
  },
  { title: 'RDRAND that is not advertised', hex: '0fc7f0', vector: 6, rip: CODE, rf: 1 },
  { title: 'FISTTP without SSE3', hex: 'db0d00500000', vector: 6, rip: CODE, rf: 1 },
  {
    title: 'RDMSR of MCG_CAP without machine checks',
    hex: 'b979010000 0f32',
    vector: 13,
    code: 0,
    rip: CODE + 5,
    rf: 1,
  },
  { title: 'XGETBV, which no profile has', hex: '0f01d0', vector: 6, rip: CODE, rf: 1 },
  { title: 'STAC without SMAP', hex: '0f01cb', vector: 6, rip: CODE, rf: 1 },
  { title: 'SYSCALL outside of 64-bit mode', hex: '0f05', vector: 6, rip: CODE, rf: 1 },
  { title: 'MOV DR4 while DE is set', hex: 'b808000000 0f22e0 0f23e0', vector: 6, rip: CODE + 8, rf: 1 },
  { title: 'MOV DR6 while GD is set', hex: 'b800200000 0f23f8 0f23f0', vector: 1, rip: CODE + 8, rf: 0 },
])('$title: delivered', ({ hex, vector, code, rip, rf }) => {
  const machine = protectedMachine();
  machine.put(CODE, hex);
  expect(machine.run(100)).toMatchObject({ exit: { reason: 'halt' }, rip: handler(vector) + 1 });
  const [first = 0, ...rest] = machine.stack(4);
  if (code !== undefined) expect(first).toBe(code);
  const [pushed, cs, flags = 0] = code === undefined ? [first, ...rest] : rest;
  expect([pushed, cs, (flags >> 16) & 1]).toEqual([rip, 8, rf]);
});

/** At CPL 3, IOPL 0. */
test.each([
  { title: 'a port without permission map', hex: 'e4e8', vector: 13 },
  { title: 'INT n with a gate of DPL 0', hex: 'cd21', vector: 13, code: 0x10a },
  { title: 'CLI', hex: 'fa', vector: 13 },
  { title: 'HLT', hex: 'f4', vector: 13 },
  { title: 'SGDT under UMIP', hex: '0f0105 00400000', vector: 13, cr4: 0x800 },
  { title: 'RDTSC under TSD', hex: '0f31', vector: 13, cr4: 4 },
])('$title is #GP of ring 3, on the stack of ring 0', ({ hex, code = 0, cr4 = 0 }) => {
  const machine = protectedMachine(3);
  machine.cpu.words[WORD.cr + 8] = cr4;
  machine.put(CODE, hex);
  expect(machine.run(100)).toMatchObject({ exit: { reason: 'halt' }, rip: handler(13) + 1, count: 1 });
  expect(machine.cpu.word(WORD.cpl)).toBe(0);
  expect(machine.stack(6)).toEqual([code, CODE, 0x1b, 0x10002, STACK, 0x23]);
});

test.each([
  { title: 'is refused where its bit is 1', port: 0x3f9, vector: 13 },
  { title: 'goes through where it is 0', port: 0x3f8, vector: 3 },
])('a port of the map in the TSS $title', ({ port, vector }) => {
  const machine = protectedMachine(3);
  machine.setTable(TABLE.TR, 0x28, TSS, 0x68 + 0x200, 0x8b);
  machine.view.setUint8(TSS + 0x68 + (0x3f9 >> 3), 1 << (0x3f9 & 7));
  machine.view.setUint8(IDT + 3 * 8 + 5, 0xee);
  machine.put(CODE, `66ba${Buffer.from([port & 0xff, port >> 8]).toString('hex')} ec cc`);
  expect(machine.run(100).rip).toBe(handler(vector) + 1);
});

test.each([
  { title: 'its gate is not present, nor is that of #NP', absent: [6, 11], faults: [6, 11, 8], ends: 8 },
  { title: 'nothing is present', absent: [6, 8, 11, 13], faults: [6, 11, 11, 8, 11], ends: -1 },
])('an invalid opcode, when $title', ({ absent, faults, ends }) => {
  const machine = protectedMachine();
  for (const vector of absent) machine.view.setUint8(IDT + 8 * vector + 5, 0x0e);
  machine.put(CODE, '0f0b');
  const { exit, rip } = machine.run(100);
  if (ends >= 0) expect(rip).toBe(handler(ends) + 1);
  else {
    expect([exit.reason, rip]).toEqual(['shutdown', CODE]);
    expect(exit.reason === 'shutdown' && exit.faults.map(({ vector }) => vector)).toEqual(faults);
  }
});

test('a stack that does not hold the frame makes a double fault, and that a shutdown, as the stack is the same', () => {
  const machine = protectedMachine();
  machine.cpu.words[8] = 0xff00_0000 | 0;
  machine.setSegment(2, 0x10, 0xc93, 0, 0xffff);
  machine.put(CODE, '0f0b');
  const { exit } = machine.run(100);
  expect(exit).toEqual({
    reason: 'shutdown',
    faults: [
      { vector: 6 },
      { vector: 12, errorCode: 1 },
      { vector: 12, errorCode: 1 },
      { vector: 8, errorCode: 0 },
      { vector: 12, errorCode: 1 },
    ],
  });
});

/** INTR is asserted from the beginning; where does it come? */
test.each([
  { title: 'with interrupts off: never', hex: '90 90 f4', at: undefined },
  { title: 'one instruction after STI', hex: 'fb 90 90', at: CODE + 2 },
  { title: 'after STI and MOV SS: one after that', hex: 'fb 8ed0 90 90', at: CODE + 4, eax: 0x10 },
  { title: 'STI and CLI: never', hex: 'fb fa 90 f4', at: undefined },
  { title: 'STI and HLT: behind HLT', hex: 'fb f4 90', at: CODE + 2 },
  { title: 'behind POPF at once', hex: '6802020000 9d 90', at: CODE + 6 },
])('an interrupt that waits $title', ({ hex, at, eax = 0x10 }) => {
  const machine = protectedMachine();
  const { cpu } = machine;
  cpu.setRegister(0, 4, eax, 0);
  const controller = { line: true, acknowledge: () => ((controller.line = false), 0x20) };
  cpu.interrupts = controller;
  machine.put(CODE, hex);
  const { rip } = machine.run(10);
  if (at === undefined) expect([controller.line, rip]).toEqual([true, CODE + hex.replaceAll(' ', '').length / 2]);
  else {
    expect(rip).toBe(handler(0x20) + 1);
    expect(machine.stack(1)).toEqual([at]);
  }
});

test('an instruction that faults does not count, INT n does, delivery does not', () => {
  const machine = protectedMachine();
  machine.put(CODE, '90 cd30');
  machine.put(handler(0x30), '0f0b');
  expect(machine.run(100)).toMatchObject({ exit: { reason: 'halt' }, count: 3 });
});

test('a guest that faults for ever ends its run', () => {
  const machine = new SystemMachine();
  machine.setSegment(2, 0x2000, 0x93, 0x20000, 0xffff);
  machine.put(CODE, '0f0b');
  machine.view.setUint16(4 * 6, CODE, true);
  expect(machine.run(10)).toMatchObject({ exit: { reason: 'stuck' }, count: 0 });
});

test('memory that the host forbids ends the run with nothing changed', () => {
  const machine = protectedMachine();
  machine.memory.map({ start: 0x5000, length: 1, access: 'r' });
  machine.put(CODE, 'c605 00500000 01');
  const { exit, rip, count } = machine.run(10);
  expect([exit.reason, rip, count]).toEqual(['denied', CODE, 0]);
  expect(exit.reason === 'denied' && exit.denied).toMatchObject({ physical: 0x5000, kind: 'write' });
});

test.each<{ title: string; hex: string; exit: Exit; rip: number }>([
  { title: 'a fault', hex: '0f0b', exit: { reason: 'exception', vector: 6 }, rip: CODE },
  { title: 'INT n', hex: 'cd10', exit: { reason: 'interrupt', vector: 0x10 }, rip: CODE },
  { title: 'a port', hex: 'e6f4', exit: { reason: 'port', port: 0xf4, size: 1, direction: 'out' }, rip: CODE },
])('a hook stops $title before it happens', ({ hex, exit, rip }) => {
  const machine = protectedMachine();
  machine.cpu.hooks = { fault: () => 'stop', interrupt: () => 'stop', port: () => 'stop' };
  machine.put(CODE, hex);
  expect(machine.run(10)).toEqual({ exit, rip, count: 0 });
});

test('a hook skips INT n', () => {
  const machine = protectedMachine();
  machine.cpu.hooks = { interrupt: (vector) => (vector === 0x15 ? 'skip' : 'deliver') };
  machine.put(CODE, 'cd15 f4');
  expect(machine.run(10)).toMatchObject({ exit: { reason: 'halt' }, rip: CODE + 3, count: 2 });
});

test('real mode checks the limits of its segments, and keeps those that protected mode has given it', () => {
  const over = new SystemMachine();
  over.put(CODE, 'a1ffff'); // mov ax, [ffff]
  over.view.setUint16(4 * 13, 0x9000, true);
  over.put(0x9000, 'f4');
  expect(over.run(10).rip).toBe(0x9001);
  const unreal = new SystemMachine();
  unreal.setSegment(3, 0x10, 0xc93, 0, -1);
  unreal.put(CODE, '31c0 8ed8 bb00000f 668b1d f4'); // xor ax, ax; mov ds, ax; …
  unreal.put(CODE + 4, '66bb00000f00 67668b03 f4'); // mov ebx, f0000; mov eax, [ebx]
  unreal.view.setUint32(0xf0000, 0x12345678, true);
  expect(unreal.run(10).exit).toEqual({ reason: 'halt' });
  expect(unreal.cpu.register(0, 4)).toBe(0x12345678);
});

test('#AC comes at CPL 3 with AM and AC, not without one of them', () => {
  const fault = (cr0: number, flags: number) => {
    const machine = protectedMachine(3);
    machine.cpu.words[WORD.cr] = cr0 | 0x11;
    machine.cpu.words[WORD.eflags] = flags | 2;
    machine.put(CODE, 'a101400000 f4'); // mov eax, [4001]; hlt
    return machine.run(10).rip;
  };
  expect(fault(CR0.AM, 0x40000)).toBe(handler(17) + 1);
  expect(fault(CR0.AM, 0)).toBe(handler(13) + 1);
  expect(fault(0, 0x40000)).toBe(handler(13) + 1);
});

test('CPUID answers by the profile: what is advertised, and the last basic leaf for those beyond', () => {
  const machine = protectedMachine();
  machine.cpu.profile = makeProfile({ features: new Set(['fpu', 'tsc', 'fsgsbase']), physicalBits: 36 });
  machine.put(CODE, '31c0 0fa2 89d6 b801000000 0fa2 89d7 b807000000 31c9 0fa2 89dd b8ff000000 31c9 0fa2 f4');
  machine.run(20);
  const { cpu } = machine;
  expect(Buffer.from(Int32Array.of(cpu.register(6, 4)).buffer).toString()).toBe('ineI');
  expect([cpu.register(7, 4), cpu.register(5, 4), cpu.register(3, 4)]).toEqual([0x11, 1, 1]);
});

/** By the manual; QEMU 7.2 does otherwise, so the tours leave it out. */
describe('transfers between segments', () => {
  const withDescriptors = (cpl: 0 | 3, first: bigint, second = 0n) => {
    const machine = protectedMachine(cpl);
    machine.view.setBigUint64(GDT + 0x30, first, true);
    machine.view.setBigUint64(GDT + 0x38, second, true);
    machine.setTable(TABLE.GDTR, 0, GDT, 0x3f, 0);
    return machine;
  };

  test('RETF to a stack that is not present is #SS with its selector', () => {
    const machine = withDescriptors(0, 0x00cf_7200_0000_ffffn);
    machine.put(CODE, '6a33 6800500000 6a1b 6800800000 cb'); // push ss, esp, cs, eip; retf
    expect(machine.run(10).rip).toBe(handler(12) + 1);
    expect(machine.stack(2)).toEqual([0x30, CODE + 14]);
  });

  test('behind a call gate to conforming code CS keeps CPL as its RPL', () => {
    const machine = withDescriptors(3, 0x0000_ec00_0038_5000n, 0x00cf_9e00_0000_ffffn);
    machine.put(CODE, '9a 00000000 3300');
    machine.put(0x5000, '8cc8 f4'); // mov eax, cs; hlt, which is #GP
    expect(machine.run(10).rip).toBe(handler(13) + 1);
    expect(machine.cpu.register(0, 4)).toBe(0x3b);
  });

  test('a far jump marks the code segment as accessed', () => {
    const machine = withDescriptors(0, 0x00cf_9a00_0000_ffffn);
    machine.put(CODE, 'ea 00500000 3000');
    machine.put(0x5000, 'f4');
    expect(machine.run(10)).toMatchObject({ exit: { reason: 'halt' }, rip: 0x5001 });
    expect(machine.view.getUint8(GDT + 0x35)).toBe(0x9b);
  });
});

/** As kvm-unit-tests' `msr` wants them. */
test.each([
  { title: 'MCG_CAP tells of one bank', hex: 'b979010000 0f32 f4', eax: 1 },
  { title: 'its control keeps all ones', hex: 'b900040000 b8ffffffff 89c2 0f30 31c0 0f32 f4', eax: 0xffff_ffff },
  { title: 'and nothing between', hex: 'b900040000 b801000000 31d2 0f30 f4', vector: 13 },
  { title: 'its status can be cleared', hex: 'b901040000 31c0 31d2 0f30 f4', eax: 0 },
  { title: 'and not be set', hex: 'b901040000 31c0 40 31d2 0f30 f4', vector: 13 },
  { title: 'a second bank is not there', hex: 'b904040000 0f32 f4', vector: 13 },
])('machine checks, when they are advertised: $title', ({ hex, eax, vector }) => {
  const machine = protectedMachine();
  machine.cpu.profile = makeProfile({ features: FULL_FEATURES });
  machine.put(CODE, hex);
  const { rip } = machine.run(20);
  if (vector !== undefined) expect(rip).toBe(handler(vector) + 1);
  else expect([rip < HANDLERS, machine.cpu.register(0, 4) >>> 0]).toEqual([true, eax]);
});

test('the time-stamp counter is the instruction count times a constant, and can be set', () => {
  const machine = protectedMachine();
  machine.cpu.profile = makeProfile({ tscPerInstruction: 3 });
  machine.put(CODE, '90 90 0f31 89c6 b910000000 b8e8030000 31d2 0f30 0f31 f4');
  machine.run(20);
  expect([machine.cpu.register(6, 4), machine.cpu.register(0, 4)]).toEqual([6, 1003]);
});

test('block ends ask whether to go on, and `before` stops in front of an instruction', () => {
  const machine = protectedMachine();
  machine.put(CODE, '90 eb00 90 7400 f4');
  const asked: number[] = [];
  machine.interpreter.blockStart = (lo) => asked.push(lo) === 2;
  expect(machine.run(10)).toEqual({ exit: { reason: 'block' }, rip: CODE + 6, count: 4 });
  expect(asked).toEqual([CODE + 3, CODE + 6]);
  machine.interpreter.askBefore((lo) => lo === CODE + 6);
  expect(machine.run(10)).toEqual({ exit: { reason: 'breakpoint' }, rip: CODE + 6, count: 4 });
});

test('loading a null selector keeps nothing of the segment but its limit', () => {
  const machine = protectedMachine();
  machine.put(CODE, '31c0 8ee0 64a100000000'); // xor eax, eax; mov fs, ax; mov eax, fs:[0]
  expect(machine.run(10).rip).toBe(handler(13) + 1);
  expect(machine.cpu.word(WORD.segments + SEGMENT.words * 4 + SEGMENT.attributes) & 0x80).toBe(0);
});
