import { type Access } from '../src/memory/ranges';
import { TIERS } from '../src/engine';
import { FULL_FEATURES, makeProfile } from '../src/index';
import { type Machine } from '../src/machine/machine';
import { type MachineHooks } from '../src/machine/wiring';
import { CODE, machineWith } from './machine-programs';

test('a block hook sees the beginnings of blocks and may end the run', () => {
  const blocks: bigint[] = [];
  const machine = machineWith(32, '40 eb01 90 40 ebf9', {
    hooks: { block: (address) => blocks.push(address) === 4 },
  });
  expect(machine.run()).toMatchObject({ reason: 'until', count: 8n });
  expect(blocks).toEqual([CODE + 4, CODE, CODE + 4, CODE].map(BigInt));
});

test('the first touch of each page is told, with the instruction that did it, and may end the run', () => {
  const touches: string[] = [];
  const machine = machineWith(32, '40 a100900000 a304900000 890d00a00000', {
    hooks: {
      touch: ({ page, kind, rip, count }) => {
        touches.push(`${kind} ${page} by ${rip.toString(16)} after ${count}`);
        if (page === 10) machine.stop();
      },
    },
  });
  expect(machine.run()).toMatchObject({ reason: 'until', count: 4n });
  expect(touches).toEqual([
    'fetch 7 by 7c00 after 0',
    'read 9 by 7c01 after 1',
    'write 9 by 7c06 after 2',
    'write 10 by 7c0b after 3',
  ]);
});

test('INT n, ports, CPUID and faults are stopped, skipped or answered', () => {
  const machine = machineWith(32, 'cd21 cd10 0fa2 e460 0f0b', {
    hooks: {
      interrupt: (vector) => (vector === 0x21 ? 'skip' : 'stop'),
      cpuid: () => ({ eax: 1, ebx: 2, ecx: 3, edx: 4 }),
      port: () => 'stop',
      fault: () => 'stop',
    },
  });
  expect(machine.run()).toMatchObject({ reason: 'interrupt', vector: 0x10, rip: BigInt(CODE + 2) });
  machine.setRegister('rip', BigInt(CODE + 4));
  expect(machine.run()).toMatchObject({ reason: 'port', port: 0x60, size: 1, direction: 'in' });
  expect(machine.register('ebx')).toBe(2n);
  machine.setRegister('rip', BigInt(CODE + 8));
  expect(machine.run()).toMatchObject({ reason: 'exception', vector: 6, rip: BigInt(CODE + 8) });
});

test.each(TIERS)("the %s tells of the system's instructions and of segment loads where they are", (tier) => {
  const seen: string[] = [];
  const machine = machineWith(16, '40 fa 31c0 8ed8 e480 0fa2 0f20c0 cf', {
    tier,
    hooks: {
      system: (needs, lo) => seen.push(`${needs} ${lo.toString(16)}`),
      segment: (segment, selector, lo) => seen.push(`segment ${segment} = ${selector} ${lo.toString(16)}`),
    },
  });
  machine.write(0x7b00, Uint8Array.of(0, 0x7d, 0x34, 0, 2, 0));
  machine.setRegister('rsp', 0x7b00n);
  machine.run({ budget: 8 });
  expect(seen).toEqual([
    'iopl 7c01',
    'nothing 7c04',
    'segment 3 = 0 7c04',
    'iopl 7c06',
    'nothing 7c08',
    'cpl0 7c0a',
    'nothing 7c0d',
    'segment 1 = 52 7c0d',
  ]);
});

describe.each(TIERS)('CLI in a loop, tier %s', (tier) => {
  const LOOP = `
    b9c8000000       ; mov ecx, 200
    6802020000 9d    ; again: push 0x202; popf
    fa               ; cli
    9c58 09c3        ; pushf; pop eax; or ebx, eax
    49 75f2          ; dec ecx; jne again
    f4               ; hlt
    50 58 ebed       ; others: push eax; pop eax; jmp again
  `;
  const OTHERS = BigInt(CODE + 20);
  const CLI_AT = BigInt(CODE + 11);
  /** The stack is not in the page of the code, where only the interpreter stores. */
  const machineOf = (hooks: MachineHooks = {}): Machine => {
    const machine = machineWith(32, LOOP, { tier, hooks });
    machine.setRegister('rsp', 0x9000n);
    return machine;
  };

  test('clears IF and nothing else', () => {
    const machine = machineOf();
    expect(machine.run()).toMatchObject({ reason: 'halt', interrupts: 'off', count: 1602n });
    expect(machine.register('ebx')).toBe(2n);
  });

  test('is told each time to who wants to know', () => {
    const told: string[] = [];
    const machine = machineOf({ system: (needs, lo) => void (BigInt(lo) === CLI_AT && told.push(needs)) });
    machine.run();
    expect(told).toEqual(new Array(200).fill('iopl'));
  });

  test('asks for rights, also where it was translated with them', () => {
    const machine = machineOf({ fault: () => 'stop' });
    machine.run();
    machine.setSegment('cs', { selector: 0x1b, base: 0n, limit: 0xffff_ffff, attributes: 0xcfb });
    machine.setSegment('ss', { selector: 0x23, base: 0n, limit: 0xffff_ffff, attributes: 0xcf3 });
    machine.setRegister('rip', OTHERS);
    expect(machine.run()).toMatchObject({ reason: 'exception', vector: 13, errorCode: 0, rip: CLI_AT, count: 1607n });
  });
});

test('a watched range may be looked at without an end of the run', () => {
  const hits: string[] = [];
  const machine = machineWith(32, '40 a10e040000 a30e040000 f4', {
    hooks: {
      watch: ({ physical, size, write, rip, count }) => {
        hits.push(`${write ? 'write' : 'read'} of ${size} at ${physical} by ${rip.toString(16)} after ${count}`);
        return 'pass';
      },
    },
  });
  machine.watch({ start: 0x400, length: 0x100, access: 'rw' });
  expect(machine.run()).toMatchObject({ reason: 'halt', count: 4n });
  expect(hits).toEqual(['read of 4 at 1038 by 7c01 after 1', 'write of 4 at 1038 by 7c06 after 2']);
});

/** What WRMSR and RDMSR see of an owner who answers for one register, and looks at the others. */
test.each(TIERS)('MSRs are answered by the owner, the %s asks for each', (tier) => {
  const seen: string[] = [];
  // mov ecx, 0x1234; rdmsr; add eax, edx; wrmsr; mov ecx, 0x277; rdmsr; mov ecx, 0x4321; wrmsr
  const machine = machineWith(32, 'b934120000 0f32 01d0 0f30 b977020000 0f32 b921430000 0f30', {
    tier,
    hooks: {
      readMsr: (index) => (seen.push(`read ${index.toString(16)}`), index === 0x1234 ? { lo: 5, hi: 2 } : undefined),
      writeMsr: (index, lo, hi) => seen.push(`write ${index.toString(16)} = ${hi}:${lo}`) > 0 && index === 0x1234,
      fault: () => 'stop',
    },
  });
  expect(machine.run()).toMatchObject({ reason: 'exception', vector: 13, errorCode: 0, count: 7n });
  expect(seen).toEqual(['read 1234', 'write 1234 = 2:7', 'read 277', `write 4321 = ${0x0007_0406}:${0x0007_0406}`]);
});

describe('an access that is denied ends the run before its instruction', () => {
  const PAGE_TABLE = 0x3000;
  const deny = (machine: Machine, start: number, access: 'r' | 'rw') => {
    machine.map({ start, length: 1, access });
  };

  // prettier-ignore
  test.each<{ what: string; hex: string; start: number; access: Access; denied: object; count?: bigint }>([
    { what: 'a read over the edge', hex: 'a1fd8f0000', start: 0x9000, access: '', denied: { physical: 0x9000, linear: 0x9000n, size: 4, kind: 'read' } },
    { what: 'a write to what is to read', hex: 'a200900000', start: 0x9000, access: 'r', denied: { physical: 0x9000, linear: 0x9000n, size: 1, kind: 'write' } },
    { what: 'a fetch in the middle of an instruction', hex: '90 b844332211', start: CODE + 4, access: 'rw', denied: { physical: CODE + 4, kind: 'fetch' }, count: 1n },
    { what: 'a push', hex: '50', start: CODE - 2, access: 'rx', denied: { physical: CODE - 2, linear: BigInt(CODE - 2), size: 4, kind: 'write' } },
    { what: 'a descriptor', hex: 'b808000000 8ed8', start: 0x600b, access: 'w', denied: { physical: 0x600b, kind: 'read' }, count: 1n },
  ])('$what', ({ hex, start, access, denied, count = 0n }) => {
    const machine = machineWith(32, hex);
    machine.setTable('gdtr', { base: 0x6000n, limit: 0x17 });
    machine.map({ start, length: 1, access });
    expect(machine.run()).toMatchObject({ reason: 'denied', access: denied, count });
  });

  test('a walk of page tables: of the entry that would be marked as accessed', () => {
    const machine = machineWith(64, '90');
    deny(machine, PAGE_TABLE, 'r');
    expect(machine.run()).toMatchObject({
      reason: 'denied',
      access: { physical: PAGE_TABLE, kind: 'walk' },
      count: 0n,
    });
  });
});

test('RDRAND gives the numbers of its seed, in every run the same', () => {
  const numbers = (randomSeed: number) => {
    const features = new Set([...FULL_FEATURES, 'rdrand' as const]);
    const machine = machineWith(64, '480fc7f0 480fc7f1 0fc7f2 f4', { cpu: makeProfile({ features, randomSeed }) });
    machine.run();
    return ['rax', 'rcx', 'rdx'].map((name) => machine.register(name));
  };
  const first = numbers(7);
  expect(numbers(7)).toEqual(first);
  expect(new Set([...first, ...numbers(8)]).size).toBe(6);
  expect(first[0]).toBeGreaterThan(0xffff_ffffn);
  expect(first[2]).toBeLessThanOrEqual(0xffff_ffffn);
});
