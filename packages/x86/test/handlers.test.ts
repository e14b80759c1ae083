import { Decoder, LANES } from '../src/index';
import { NO_EPOCH, NO_HANDLER } from '../src/handlers/slot';
import { makeHandlers } from '../src/handlers/make';
import { handlerBytes } from '../src/handlers/packed';
import { placeOf } from '../src/handlers/variant';
import { assemble, CODE, machineWith } from './machine-programs';

const handlers = makeHandlers();

test('the handlers that were written down are made from the lowerings (npm run build:tables)', () => {
  const table = new Uint8Array(handlers.table.buffer);
  expect(Buffer.compare(handlerBytes(), Buffer.concat([table, handlers.module]))).toBe(0);
});

function handlerOf(bits: 16 | 32 | 64, code: string): number {
  const lanes = new Int32Array(LANES);
  const bytes = assemble(code);
  expect(new Decoder().decode(bytes, 0, bytes.length, bits, lanes, 0)).toBe(bytes.length);
  const place = placeOf(lanes, 0, bits);
  return place < 0 ? NO_HANDLER : (handlers.table[place] as number);
}

// prettier-ignore
const WITH = [
  { code: '4801c8',           bits: 64, what: 'add rax, rcx' },
  { code: '0003',             bits: 32, what: 'add [ebx], al' },
  { code: '88e0',             bits: 32, what: 'mov al, ah' },
  { code: '8b05 00010000',    bits: 64, what: 'mov eax, [rip + 0x100]' },
  { code: '65488b04c5 00000000', bits: 64, what: 'mov rax, gs:[8 * rax]' },
  { code: '48a1 0000000000000000', bits: 64, what: 'mov rax, [0]' },
  { code: 'c1e805',           bits: 64, what: 'shr eax, 5' },
  { code: 'd3c0',             bits: 64, what: 'rol eax, cl' },
  { code: '0fafc1',           bits: 32, what: 'imul eax, ecx' },
  { code: '0f94c0',           bits: 64, what: 'sete al' },
  { code: '6a01',             bits: 64, what: 'push 1' },
  { code: 'ff3424',           bits: 32, what: 'push dword [esp]' },
  { code: '75fe',             bits: 64, what: 'jne' },
  { code: 'e800000000',       bits: 64, what: 'call' },
  { code: 'ffe0',             bits: 64, what: 'jmp rax' },
  { code: 'c3',               bits: 32, what: 'ret' },
  { code: 'a4',               bits: 64, what: 'movsb' },
  { code: 'f348ab',           bits: 64, what: 'rep stosq, of which the interpreter is asked' },
  { code: 'f30f1efa',         bits: 64, what: 'endbr64' },
] as const;
test.each(WITH)('there is a handler of $what', ({ code, bits }) => {
  expect(handlerOf(bits, code)).not.toBe(NO_HANDLER);
});

// prettier-ignore
const WITHOUT = [
  { code: '01c8',             bits: 16, what: 'add ax, cx in 16-bit code' },
  { code: '678b03',           bits: 64, what: 'mov eax, [ebx] in 64-bit code' },
  { code: '678b07',           bits: 32, what: 'mov eax, [bx]' },
  { code: '648b03',           bits: 32, what: 'mov eax, fs:[ebx] in 32-bit code' },
  { code: '2e8b03',           bits: 32, what: 'mov eax, cs:[ebx] in 32-bit code' },
  { code: '64a4',             bits: 64, what: 'movsb from fs' },
  { code: '0fa303',           bits: 64, what: 'bt [rbx], eax' },
  { code: '8cd8',             bits: 64, what: 'mov eax, ds' },
  { code: '66ff30',           bits: 16, what: 'push dword [bx + si]' },
  { code: '66e80000',         bits: 32, what: 'call with an operand size of 2' },
  { code: 'fa',               bits: 64, what: 'cli' },
  { code: '0f31',             bits: 64, what: 'rdtsc' },
  { code: 'e2fe',             bits: 64, what: 'loop' },
  { code: 'c20800',           bits: 64, what: 'ret 8' },
  { code: '0f58c1',           bits: 64, what: 'addps' },
] as const;
test.each(WITHOUT)('the interpreter executes $what', ({ code, bits }) => {
  expect(handlerOf(bits, code)).toBe(NO_HANDLER);
});

/** again: inc eax; dec ecx; jnz again; hlt */
const LOOP = '40 49 75fc f4';

function looping(count: bigint) {
  const machine = machineWith(32, LOOP, { tier: 'handlers' });
  machine.setRegister('rcx', count);
  return machine;
}

test('a breakpoint stops at an instruction that has a handler already', () => {
  const machine = looping(1000n);
  machine.run({ budget: 301 });
  expect(machine.run({ until: BigInt(CODE + 2) })).toMatchObject({
    reason: 'until',
    rip: BigInt(CODE + 2),
    count: 302n,
  });
  expect(machine.run({ until: BigInt(CODE + 2) })).toMatchObject({ reason: 'until', count: 305n });
  expect(machine.run()).toMatchObject({ reason: 'halt', count: 3001n });
});

test('and when all epochs have been used since', () => {
  const machine = looping(1000n);
  machine.run({ budget: 301 });
  const interpreter = (machine as unknown as { engine: { interpreter: { askBefore: (ask: () => boolean) => void } } })
    .engine.interpreter;
  // the next run makes the last two steps, and has the number of the first one again
  for (let epoch = 0; epoch < NO_EPOCH - 2; epoch++) interpreter.askBefore(() => false);
  expect(machine.run({ until: BigInt(CODE + 2) })).toMatchObject({
    reason: 'until',
    rip: BigInt(CODE + 2),
    count: 302n,
  });
});

test('code at one place in two modes has the handlers of each', () => {
  // 48 ff c0: inc rax in 64-bit code, dec eax; inc eax in 32-bit code
  for (const [bits, sum, count] of [
    [64, 5n, 6n],
    [32, 0n, 11n],
  ] as const) {
    const machine = machineWith(bits, '48ffc0 48ffc0 48ffc0 48ffc0 48ffc0 f4', { tier: 'handlers' });
    expect(machine.run()).toMatchObject({ reason: 'halt', count });
    expect(machine.register('rax')).toBe(sum);
  }
});

test('with TF nothing is executed by handlers: the trap comes behind one instruction', () => {
  const machine = looping(10n);
  machine.run({ budget: 9 });
  machine.setRegister('rflags', machine.register('rflags') | 0x100n);
  expect(machine.run()).toMatchObject({ reason: 'shutdown', rip: BigInt(CODE + 1), count: 10n });
});

test('blocks that handlers execute become hot after as many entries as those that the interpreter does', () => {
  const regions = (tier: 'both' | 'translator', budget: number): number => {
    const machine = machineWith(32, LOOP, { tier });
    machine.setRegister('rcx', 100_000n);
    machine.run({ budget });
    return (machine as unknown as { engine: { translator: { compiled: number } } }).engine.translator.compiled;
  };
  expect([regions('both', 3 * 250), regions('both', 3 * 260)]).toEqual([0, 1]);
  expect(regions('translator', 9)).toBe(1);
});

test('a translated loop that ends with what has no handler is entered again after CR3 was written', () => {
  // mov ebx, 4; again: mov ecx, 1000; inner: inc eax; loop inner; mov cr3, rdx; dec ebx; jnz again; hlt
  const code = 'bb04000000 b9e8030000 ffc0 e2fc 0f22da ffcb 75f0 f4';
  const machine = machineWith(64, code, { tier: 'both' });
  machine.setRegister('rdx', 0x1000n);
  const { interpreter } = (machine as unknown as { engine: { interpreter: { execute: (slot: number) => void } } })
    .engine;
  const execute = interpreter.execute.bind(interpreter);
  let executed = 0;
  interpreter.execute = (slot) => (executed++, execute(slot));
  expect(machine.run()).toMatchObject({ reason: 'halt' });
  expect(machine.register('rax')).toBe(4000n);
  // 256 rounds before it is translated
  expect(executed).toBeLessThan(300);
});
