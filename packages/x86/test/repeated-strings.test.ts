/** REP MOVS and REP STOS, which go page by page, beside a loop that does each element by itself. */
import { TIERS } from '../src/engine';
import { type Machine } from '../src/machine/machine';
import { machineWith } from './machine-programs';

const PAGE = 0x1000;
const BEGIN = 0x8000; // behind the code
const OPCODE: Readonly<Record<number, string>> = { 1: 'a4', 2: '66a5', 4: 'a5', 8: '48a5' };
const FILL: Readonly<Record<number, string>> = { 1: 'aa', 2: '66ab', 4: 'ab', 8: '48ab' };

interface Case {
  readonly size: number;
  readonly from?: number;
  readonly to: number;
  readonly count: number;
  readonly down?: boolean;
}
type First = Map<string, bigint>;

/** Where each page is touched first, by the number of the iteration, and what memory holds then. */
function naive({ size, from, to, count, down = false }: Case, memory: Uint8Array, value: bigint) {
  const first: First = new Map();
  const touch = (kind: string, at: number, iteration: number): void => {
    for (const page of [at, at + size - 1].map((byte) => Math.floor(byte / PAGE)))
      if (!first.has(`${kind} ${page}`)) first.set(`${kind} ${page}`, BigInt(iteration));
  };
  const filler = new Uint8Array(BigUint64Array.of(value).buffer).slice(0, size);
  for (let i = 0; i < count; i++) {
    const step = down ? -i * size : i * size;
    if (from !== undefined) touch('read', from + step, i);
    const element = from === undefined ? filler : memory.slice(from + step, from + step + size);
    touch('write', to + step, i);
    memory.set(element, to + step);
  }
  return first;
}

function touchesOf(machine: Machine): First {
  const pages = [...machine.touches].filter(({ kind, page }) => kind !== 'fetch' && kind !== 'walk' && page >= 8);
  return new Map(pages.map(({ kind, page, count }) => [`${kind} ${page}`, count]));
}

const sorted = (touches: First): [string, bigint][] => [...touches].sort(([a], [b]) => (a < b ? -1 : 1));

const CASES: readonly Case[] = [1, 2, 4, 8].flatMap((size) => [
  { size, from: 0x20000, to: 0x30000, count: 0x3000 / size },
  { size, from: 0x20123, to: 0x30457, count: 0x3000 / size },
  { size, from: 0x25ff1, to: 0x35003, count: 0x4800 / size, down: true },
  // over itself: what was written is read again
  { size, from: 0x20005, to: 0x20005 + size, count: 0x1800 / size },
  { size, from: 0x22008, to: 0x22001, count: 0x1800 / size },
  { size, to: 0x30ffd, count: 0x2000 / size },
  { size, to: 0x34ffb, count: 0x2000 / size, down: true },
]);

const IN_TIERS = CASES.flatMap((own) => TIERS.map((tier) => ({ ...own, tier })));
test.each(IN_TIERS)('$count of $size bytes from $from to $to, down $down, tier $tier', ({ tier, ...own }) => {
  const { size, from, to, count, down = false } = own;
  const code = `${down ? 'fd' : 'fc'} f3${from === undefined ? FILL[size] : OPCODE[size]} f4`;
  const machine = machineWith(64, code, { tier });
  const value = 0x8877_6655_4433_2211n;
  for (let at = BEGIN; at < machine.ram.length; at++) machine.ram[at] = (at * 0x9e37_79b1) >>> 24;
  const memory = machine.ram.slice();
  machine.setRegister('rax', value);
  machine.setRegister('rsi', BigInt(from ?? 0));
  machine.setRegister('rdi', BigInt(to));
  machine.setRegister('rcx', BigInt(count));
  expect(machine.run()).toMatchObject({ reason: 'halt' });
  const first = naive(own, memory, value);
  // CLD or STD is retired before the first iteration
  expect(sorted(touchesOf(machine))).toEqual(sorted(new Map([...first].map(([name, i]) => [name, i + 1n]))));
  expect(Buffer.compare(machine.ram.subarray(BEGIN), memory.subarray(BEGIN))).toBe(0);
  const moved = BigInt(down ? -count * size : count * size);
  expect(['rcx', 'rdi', 'rsi'].map((name) => machine.register(name as 'rcx'))).toEqual([
    0n,
    BigInt(to) + moved,
    from === undefined ? 0n : BigInt(from) + moved,
  ]);
  expect(machine.count).toBe(BigInt(count) + 2n);
});

test.each(TIERS)(
  'a page that may not be written stops a move at its first byte, and everything before is done, tier %s',
  (tier) => {
    const machine = machineWith(64, 'fc f348a5 f4', { tier });
    machine.map({ start: 0x32000, length: 0x1000, access: 'r' });
    machine.setRegister('rsi', 0x20000n);
    machine.setRegister('rdi', 0x30004n);
    machine.setRegister('rcx', 0x800n);
    const exit = machine.run();
    // the element that reaches into the page is not moved
    expect(exit).toMatchObject({ reason: 'denied', access: { physical: 0x32000, kind: 'write' } });
    expect([machine.register('rcx'), machine.register('rdi')]).toEqual([0x800n - 0x3ffn, 0x31ffcn]);
    expect(machine.touches.has(0x32, 'write')).toBe(false);
  },
);

test.each(TIERS)('a REP that is stopped by its budget goes on where it was, tier %s', (tier) => {
  const machine = machineWith(64, 'fd f3a4 fc f348ab f4', { tier });
  for (const [name, value] of [['rsi', 0x2_7ff0n], ['rdi', 0x3_8001n], ['rcx', 0x5000n], ['rax', 7n]] as const) machine.setRegister(name, value); // prettier-ignore
  for (let i = 1; i <= 20; i++) {
    expect(machine.run({ budget: 777 })).toMatchObject({ reason: 'budget', count: BigInt(777 * i) });
    expect(machine.register('rcx')).toBe(BigInt(0x5000 - 777 * i + 1));
    expect(machine.register('rdi')).toBe(BigInt(0x3_8001 - 777 * i + 1));
  }
});

/** A machine with handlers, and how many instructions its interpreter has executed. */
function counting(code: string) {
  const machine = machineWith(64, code, { tier: 'handlers' });
  const { interpreter } = (machine as unknown as { engine: { interpreter: { execute: (slot: number) => void } } })
    .engine;
  const execute = interpreter.execute.bind(interpreter);
  let executed = 0;
  interpreter.execute = (slot) => (executed++, execute(slot));
  return { machine, executed: () => executed };
}

test.each([
  { what: 'MOVS', code: 'fc f348a5 f4' },
  { what: 'STOS', code: 'fd f3ab f4' },
])('of REP $what the interpreter makes one iteration at most, and another at the page that is first', ({ code }) => {
  const { machine, executed } = counting(code);
  machine.setRegister('rsi', 0x2_0000n);
  machine.setRegister('rdi', 0x6_0000n);
  machine.setRegister('rcx', 0x6000n);
  expect(machine.run()).toMatchObject({ reason: 'halt', count: 0x6002n });
  // with CLD or STD, and HLT
  expect(executed()).toBeLessThan(6);
});

test('where no page can be made plain the interpreter makes all iterations at once', () => {
  const { machine, executed } = counting('f3aa f4');
  machine.map({ start: 0x3_0800, length: 16, access: 'rw' });
  machine.setRegister('rdi', 0x3_0000n);
  machine.setRegister('rcx', 0x1000n);
  expect(machine.run()).toMatchObject({ reason: 'halt', count: 0x1001n });
  expect(executed()).toBeLessThan(6);
});

test.each(TIERS)('where a REP goes to is asked before its source is touched, tier %s', (tier) => {
  const machine = machineWith(64, '90 f348a5 f4', { tier });
  machine.setRegister('rsi', 0x2_0000n);
  machine.setRegister('rdi', 1n << 47n);
  machine.setRegister('rcx', 3n);
  expect(machine.run()).toMatchObject({ reason: 'shutdown', count: 1n });
  expect(machine.touches.has(0x20, 'read')).toBe(false);
});

test.each(TIERS)('an element is read to its end before where it goes to is asked, tier %s', (tier) => {
  // mov al, [rsi]; rep movsq; hlt
  const machine = machineWith(64, '8a06 f348a5 f4', { tier });
  machine.map({ start: 0x2_1000, length: 0x1000, access: 'w' });
  machine.map({ start: 0x3_0000, length: 0x1000, access: 'r' });
  machine.setRegister('rsi', 0x2_0fffn);
  machine.setRegister('rdi', 0x3_0000n);
  machine.setRegister('rcx', 1n);
  expect(machine.run()).toMatchObject({ reason: 'denied', access: { kind: 'read', physical: 0x2_1000 } });
});
