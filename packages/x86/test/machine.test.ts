import { TIERS } from '../src/engine';
import { Machine } from '../src/machine/machine';
import { PicPair, Pit } from '../src/devices/index';
import { DEFAULT_PROFILE } from '../src/system/profile';
import { assemble, CODE, hotTimer, machineWith, setInterruptTables, TIMER } from './machine-programs';

test('the example of its documentation', () => {
  const machine = new Machine({ ram: 1 << 20 });
  machine.write(0x7c00, Uint8Array.of(0xb0, 0x2a, 0xe6, 0xf4));
  machine.setSegment('cs', { selector: 0, base: 0n, limit: 0xffff, attributes: 0x9b });
  machine.setRegister('rip', 0x7c00n);
  expect(machine.run()).toEqual({ reason: 'exit', value: 42, rip: 0x7c04n, count: 2n });
});

test('it begins at the reset vector, where there is no memory', () => {
  const machine = new Machine({ ram: 1 << 20 });
  expect([machine.linearRip, machine.bits, machine.register('rflags'), machine.register('cr0')]).toEqual([
    0xffff_fff0n,
    16,
    2n,
    0x6000_0010n,
  ]);
  expect(machine.run()).toEqual({
    reason: 'denied',
    access: { physical: 0xffff_fff0, linear: 0xffff_fff0n, size: 1, kind: 'fetch' },
    rip: 0xffff_fff0n,
    count: 0n,
  });
});

describe.each(TIERS)('tier %s', (tier) => {
  test('a budget is exact, and the run goes on behind it', () => {
    const machine = machineWith(32, '40 ebfd', { tier }); // inc eax; jmp back
    for (const budget of [1, 10, 99_890n, 99]) expect(machine.run({ budget }).reason).toBe('budget');
    expect([machine.count, machine.register('eax')]).toEqual([100_000n, 50_000n]);
  });

  test('a run stops before an address as often as it comes there, and gets away from it', () => {
    const machine = machineWith(32, '40 83f805 75fa f4', { tier }); // inc eax; cmp eax, 5; jne back; hlt
    const until = BigInt(CODE + 4);
    for (let eax = 1n; eax <= 5n; eax++) {
      expect(machine.run({ until })).toEqual({ reason: 'until', rip: until, count: 3n * eax - 1n });
      expect(machine.register('eax')).toBe(eax);
    }
    expect(machine.run({ until })).toMatchObject({ reason: 'halt', interrupts: 'off', rip: BigInt(CODE + 7) });
  });

  test('an address that a budget has just reached stops the next run at once', () => {
    const machine = machineWith(32, '40 40 40 f4', { tier });
    machine.run({ budget: 2 });
    expect(machine.run({ until: CODE + 2 })).toMatchObject({ reason: 'until', count: 2n });
  });

  test('breakpoints at addresses and ranges, set after the code has become hot', () => {
    const machine = machineWith(32, '40 ebfd', { tier });
    machine.run({ budget: 50_000 });
    machine.breakpoints.add({ start: CODE + 1, end: CODE + 3 });
    expect(machine.run()).toMatchObject({ reason: 'breakpoint', rip: BigInt(CODE + 1), count: 50_001n });
    expect(machine.breakpoints.delete({ start: CODE + 1, end: CODE + 3 })).toBe(true);
    machine.breakpoints.add(CODE);
    expect(machine.run()).toMatchObject({ reason: 'breakpoint', rip: BigInt(CODE), count: 50_002n });
    machine.breakpoints.clear();
    expect(machine.run({ budget: 9 })).toMatchObject({ reason: 'budget', count: 50_011n });
  });

  test('five timer interrupts come at the same instructions as when they are stepped to', () => {
    const machine = machineWith(16, TIMER, { tier });
    const exit = machine.run();
    expect(exit).toMatchObject({ reason: 'exit' });
    const stepped = machineWith(16, TIMER, { tier: 'interpreter' });
    let last = stepped.step();
    while (last.reason === 'budget') last = stepped.step();
    expect([last, stepped.postCodes]).toEqual([exit, machine.postCodes]);
    expect(machine.postCodes).toEqual([1, 2, 3, 4, 5]);
    expect(stepped.save()).toEqual(machine.save());
  });

  test('timer interrupts come into hot code at the same instructions as into interpreted code', () => {
    const machine = hotTimer({ tier });
    const reference = hotTimer({ tier: 'interpreter' });
    const exits = [machine.run(), reference.run()];
    expect(exits[0]).toEqual(exits[1]);
    expect(exits[0]).toMatchObject({ reason: 'exit' });
    expect(machine.save()).toEqual(reference.save());
    expect(machine.count).toBeGreaterThan(1_000_000n);
  });

  test('a denied access is told with its place, and nothing of it has happened', () => {
    const machine = machineWith(32, '40 a300900000', { tier }); // inc eax; mov [0x9000], eax
    machine.map({ start: 0x9003, length: 1, access: 'r' });
    expect(machine.run()).toEqual({
      reason: 'denied',
      access: { physical: 0x9003, linear: 0x9003n, size: 4, kind: 'write' },
      rip: BigInt(CODE + 1),
      count: 1n,
    });
    expect([...machine.read(0x9000, 4)]).toEqual([0, 0, 0, 0]);
    machine.map({ start: 0x9003, length: 1, access: 'rw' });
    expect(machine.run({ budget: 1 })).toMatchObject({ reason: 'budget', count: 2n });
    expect([...machine.read(0x9000, 4)]).toEqual([1, 0, 0, 0]);
  });

  test('a loop that is hot stops at a byte that is watched', () => {
    // mov [edi], al; inc edi; jmp back
    const machine = machineWith(32, '8807 47 ebfb', { tier });
    machine.setRegister('rdi', 0x9000n);
    machine.run({ budget: 3000 });
    const watch = { start: 0xa000, length: 2, access: 'w' } as const;
    machine.watch(watch);
    expect(machine.run()).toMatchObject({
      reason: 'watch',
      hit: { physical: 0xa000, size: 1, write: true },
      rip: BigInt(CODE + 2),
    });
    expect(machine.register('rdi')).toBe(0xa000n);
    expect(machine.run()).toMatchObject({ reason: 'watch', hit: { physical: 0xa001 } });
    machine.unwatch(watch);
    expect(machine.run({ budget: 30 }).reason).toBe('budget');
  });

  test('saved in the middle and restored elsewhere, it goes on to the same end', () => {
    const machine = machineWith(16, TIMER, { tier });
    machine.run({ budget: 2000 });
    const snapshot = structuredClone(machine.save());
    const end = machine.run();
    const other = new Machine({ ram: 1 << 20, tier });
    other.restore(snapshot);
    expect([other.run(), other.save()]).toEqual([end, machine.save()]);
    machine.restore(snapshot);
    expect([machine.count, machine.run()]).toEqual([2000n, end]);
  });
});

/** A PIC pair that lets input 0 through. */
function timerOnly(): PicPair {
  const pic = new PicPair();
  pic.out(0x21, 1, 0xfe);
  return pic;
}

test('HLT waits for the timer in no instructions, and the time-stamp counter counts the wait', () => {
  const machine = machineWith(32, 'fb f4 0f31 fa f4', { devices: [new Pit(), timerOnly()] }); // sti; hlt; rdtsc; cli; hlt
  setInterruptTables(machine);
  machine.write(0x80, assemble('cf'));
  expect(machine.run()).toMatchObject({ reason: 'halt' });
  // 4 instructions were executed before RDTSC was, and the timer begins with a change of its output within 30 ms
  const tsc = machine.register('eax');
  expect([machine.count, machine.register('edx'), tsc > 1_000_000n && tsc < 60_000_000n]).toEqual([6n, 0n, true]);
});

describe('the local APIC', () => {
  const cpu = { features: new Set([...DEFAULT_PROFILE.features, 'apic' as const]) };

  test.each(['interpreter', 'both'] as const)('interrupts hot code by its timer, tier %s', (tier) => {
    // SVR; LVT timer: vector 8 is below 16, so 0x20; divide by 1; 10000; sti; inc eax; cmp byte [0x600], 20; jb; hlt
    const code = `c705f000e0fe ff010000  c7052003e0fe 20000200  c705e003e0fe 0b000000  c7058003e0fe 10270000
      fb 40 803d00060000 14 72f6 fa f4`;
    const machine = machineWith(32, code, { cpu, tier });
    setInterruptTables(machine);
    machine.write(0x5000 + 8 * 0x20, assemble('8000 0800 008e 0000'));
    machine.write(0x80, assemble('fe0500060000 c705b000e0fe 00000000 cf')); // inc byte [0x600]; EOI; iret
    expect(machine.run({ budget: 10_000_000 })).toMatchObject({ reason: 'halt' });
    // 20 periods of 10000 ns, an instruction each, and what it takes to get there and to leave
    expect(machine.count).toBeGreaterThan(200_000n);
    expect(machine.count).toBeLessThan(200_030n);
  });

  test('shares its task priority with CR8', () => {
    // mov eax, 5; mov cr8, rax; mov eax, [tpr]; mov dword [tpr], 0x30; mov rcx, cr8; hlt
    const machine = machineWith(64, 'b805000000 440f22c0 8b1c258000e0fe c704258000e0fe30000000 440f20c1 f4', { cpu });
    mapApic(machine);
    expect(machine.run({ budget: 10 })).toMatchObject({ reason: 'halt' });
    expect([machine.register('ebx'), machine.register('rcx')]).toEqual([0x50n, 3n]);
  });
});

/** The addresses in the code are sign-extended: 0xfee00080 is the page of it at the top of the address space. */
function mapApic(machine: Machine): void {
  const view = new DataView(machine.ram.buffer, machine.ram.byteOffset);
  view.setUint32(0x1000 + 8 * 511, 0x8003, true);
  view.setUint32(0x8000 + 8 * 511, 0x9003, true);
  view.setUint32(0x9000 + 8 * ((0xfee00000 >>> 21) & 511), 0xfee00083, true);
}

test('HLT without interrupts ends the run, again and again, until rIP is moved', () => {
  const machine = machineWith(32, 'f4 40 f4');
  expect(machine.run()).toMatchObject({ reason: 'halt', interrupts: 'off', count: 1n });
  expect(machine.run()).toMatchObject({ reason: 'halt', count: 1n });
  machine.setRegister('rip', BigInt(CODE + 1));
  expect(machine.run()).toMatchObject({ reason: 'halt', count: 3n });
});

test('HLT with interrupts and no device that asks ends the run as well', () => {
  const machine = machineWith(32, 'fb f4', { devices: [] });
  expect(machine.run()).toMatchObject({ reason: 'halt', interrupts: 'on', count: 2n });
});

test('three faults and no table for them are a shutdown that tells of all', () => {
  const machine = machineWith(32, '0f0b');
  machine.setTable('idtr', { base: 0n, limit: 0 });
  const exit = machine.run();
  expect(exit).toMatchObject({ reason: 'shutdown', rip: BigInt(CODE) });
  // #UD has no gate, #GP for that has none, which is a #DF, and that has none
  expect(exit.reason === 'shutdown' && exit.faults.map(({ vector }) => vector)).toEqual([6, 13, 13, 8, 13]);
});

test('an instruction that is not implemented is told with its bytes', () => {
  const machine = machineWith(32, 'c5f877 90'); // vzeroupper
  expect(machine.run()).toMatchObject({ reason: 'unimplemented', rip: BigInt(CODE) });
});

test('a reset by the keyboard controller ends the run behind the instruction', () => {
  const machine = machineWith(32, 'b0fe e664 40');
  expect(machine.run()).toEqual({ reason: 'reset', by: 'the keyboard controller', rip: BigInt(CODE + 4), count: 2n });
});

test('A20 decides whether bit 20 of addresses counts', () => {
  const machine = machineWith(32, '31c0 e692 a100001000 f4', { ram: 2 << 20 }); // xor eax, eax; out 0x92, al; mov eax, [0x100000]
  machine.write(0, Uint8Array.of(1, 2, 3, 4));
  machine.write(0x10_0000, Uint8Array.of(5, 6, 7, 8));
  machine.run();
  expect(machine.register('eax')).toBe(0x04030201n);
});

test('a function as `until` is asked after every access to a port', () => {
  const machine = machineWith(32, 'ba f8030000 b041 ee 40 ebfc'); // out dx, al; inc eax; jmp back
  const exit = machine.run({ until: () => machine.serial.output.endsWith('XYZ') });
  expect([exit.reason, machine.serial.output]).toEqual(['until', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ']);
  expect(exit.rip).toBe(BigInt(CODE + 8));
});

test('an output may stop the machine; outside of a run that means nothing', () => {
  const machine = machineWith(32, 'ba f8030000 b041 ee 40 ebfc');
  machine.serial.onByte = (byte) => {
    if (byte === 0x43) machine.stop();
  };
  machine.stop();
  expect(machine.run({ budget: 1000 })).toMatchObject({ reason: 'until', rip: BigInt(CODE + 8) });
  expect(machine.serial.output).toBe('ABC');
});

test('the guest reads what the host types', () => {
  // poll the line status, read, write it back, until 'q'
  const machine = machineWith(32, 'ba fd030000 ec a801 74fb b2f8 ec ee b2fd 3c71 75f1 f4');
  machine.serial.send('tea q');
  expect(machine.run({ budget: 1000 })).toMatchObject({ reason: 'halt' });
  expect(machine.serial.output).toBe('tea q');
});

test.each([
  { size: 1, hex: 'e410', eax: 0x1234_56ffn },
  { size: 2, hex: '66e510', eax: 0x1234_ffffn },
  { size: 4, hex: 'e510', eax: 0xffff_ffffn },
])('a port that nobody answers reads ones: $size bytes', ({ hex, eax }) => {
  const machine = machineWith(32, `b878563412 ${hex} f4`); // mov eax, 0x12345678; in …, 0x10
  machine.run();
  expect(machine.register('eax')).toBe(eax);
});

test('half an instruction of a budget is none', () => {
  expect(machineWith(32, 'ebfe').run({ budget: 1.5 })).toMatchObject({ reason: 'budget', count: 1n });
});

test('ports are counted, those too that nobody answers', () => {
  const machine = machineWith(32, 'e510 ba f8030000 ee ee ed f4'); // in eax, 0x10; out dx, al (twice); in eax, dx
  machine.run();
  expect(machine.ports).toEqual([
    { port: 0x10, reads: 1, writes: 0 },
    { port: 0x3f8, device: 'uart', reads: 1, writes: 2 },
    { port: 0x3f9, device: 'uart', reads: 1, writes: 0 },
    { port: 0x3fa, device: 'uart', reads: 1, writes: 0 },
    { port: 0x3fb, device: 'uart', reads: 1, writes: 0 },
  ]);
});

test('the host time of a run is limited', () => {
  const machine = machineWith(32, 'ebfe');
  const start = performance.now();
  expect(machine.run({ deadline: 50 }).reason).toBe('deadline');
  expect(performance.now() - start).toBeLessThan(2000);
});

test.each([
  { call: (machine: Machine) => machine.read(1 << 20, 1), error: /not in the 1048576 bytes of RAM/ },
  { call: (machine: Machine) => machine.write(-1, new Uint8Array(1)), error: /not in/ },
  { call: (machine: Machine) => machine.register('xyz'), error: /no register is called 'xyz'/ },
  { call: (machine: Machine) => machine.breakpoints.add({ start: 2, end: 2 }), error: /ends behind its start/ },
  { call: (machine: Machine) => machine.restore(new Machine({ ram: 4096 }).save()), error: /other RAM/ },
  {
    call: (machine: Machine) => machine.restore(new Machine({ ram: 1 << 20, cpu: { tscPerInstruction: 2 } }).save()),
    error: /another CPU/,
  },
  { call: (machine: Machine) => machine.restore({ ...machine.save(), format: 2 as 1 }), error: /format 2/ },
  { call: (machine: Machine) => machine.read(0, -1), error: /-1 bytes at 0 are not in/ },
  { call: (machine: Machine) => machine.wrote(1 << 20, 1), error: /not in/ },
  { call: (machine: Machine) => machine.map({ start: NaN, length: 1, access: '' }), error: /1 bytes from NaN on/ },
  { call: (machine: Machine) => machine.map({ start: 0, length: 2 ** 52 + 2, access: '' }), error: /no range/ },
  { call: (machine: Machine) => machine.watch({ start: 0.5, length: 1, access: 'r' }), error: /from 0\.5 on/ },
  { call: (machine: Machine) => machine.map({ start: 0, length: 1, access: 'wr' as 'rw' }), error: /'rwx', not 'wr'/ },
  { call: (machine: Machine) => machine.watch({ start: 0, length: 1, access: 'x' as 'r' }), error: /'rw', not 'x'/ },
  {
    call: (machine: Machine) => {
      const until = { start: 5, end: 5 };
      expect(() => machine.run({ until, budget: 1 })).toThrow(); // and again
      machine.run({ until, budget: 1 });
    },
    error: /ends behind its start: 5 to 5/,
  },
  { call: (machine: Machine) => machine.run({ budget: NaN }), error: /number of instructions, not NaN/ },
  { call: () => new Machine({ ram: 4096, tier: 'quick' as 'both' }), error: /tier is one of .*, not 'quick'/ },
  { call: () => new Machine({ ram: 4096, unmapped: 'zeros' as 'ones' }), error: /unmapped is one of deny, ones/ },
  { call: () => new Machine({ ram: 4096, cpu: { features: new Set(['avx' as 'sse']) } }), error: /feature .* 'avx'/ },
  { call: () => new Machine({ ram: 4096, time: new Date(NaN) }), error: /no date/ },
])('a wrong call says what is wrong: $error', ({ call, error }) => {
  expect(() => call(new Machine({ ram: 1 << 20 }))).toThrow(error);
});
