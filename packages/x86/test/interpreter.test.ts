import {
  ATTRIBUTE,
  CR0,
  Cpu,
  FlatMemory,
  Interpreter,
  REGISTER,
  SEGMENT,
  STATE_ROWS,
  STATE_SIZE,
  WORD,
} from '../src/index';
import { FORMS } from '../src/isa';

const CODE = 0x1000;
const DATA = 0x8000;

/** A machine with `hex` at CODE and a page of zeros at DATA, in flat 64- or 32-bit code. */
function machine(hex: string, codeSize: 32 | 64 = 64) {
  const code = new Uint8Array(4096).fill(0xcc);
  code.set(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
  const data = new Uint8Array(4096);
  const memory = new FlatMemory([
    { start: CODE, bytes: code, writable: false, executable: true },
    { start: DATA, bytes: data, writable: true, executable: false },
  ]);
  const cpu = new Cpu(memory);
  cpu.words[WORD.codeSize] = codeSize;
  cpu.words[WORD.rip] = CODE;
  cpu.words[WORD.eflags] = 2;
  for (let segment = 0; segment < 6; segment++) {
    const at = WORD.segments + SEGMENT.words * segment;
    cpu.words[at + SEGMENT.attributes] = ATTRIBUTE.present | ATTRIBUTE.big | (segment === 1 ? 0x1a : 0x12);
    cpu.words[at + SEGMENT.limit] = -1;
  }
  cpu.setRegister(REGISTER.rsp, 8, DATA + 0x800, 0);
  return { cpu, data, run: (budget: number) => new Interpreter(cpu, { deliver: false }).run(budget) };
}

test('a run ends with its budget, and goes on where it ended', () => {
  const { cpu, run } = machine('ffc0 ffc0 ffc0'); // inc eax, three times
  expect(run(2)).toEqual({ reason: 'budget' });
  expect([cpu.register(0, 4), cpu.word(WORD.rip), cpu.word(WORD.count)]).toEqual([2, CODE + 4, 2]);
  expect(run(1)).toEqual({ reason: 'budget' });
  expect([cpu.register(0, 4), cpu.word(WORD.count)]).toEqual([3, 3]);
});

test('REP counts its iterations and stops between two of them', () => {
  const { cpu, data, run } = machine('f3aa'); // rep stosb
  cpu.setRegister(REGISTER.rcx, 8, 10, 0);
  cpu.setRegister(REGISTER.rdi, 8, DATA, 0);
  cpu.setRegister(REGISTER.rax, 8, 0x55, 0);
  expect(run(4)).toEqual({ reason: 'budget' });
  expect([cpu.register(REGISTER.rcx, 4), cpu.word(WORD.rip), cpu.word(WORD.count)]).toEqual([6, CODE, 4]);
  expect(run(6)).toEqual({ reason: 'budget' });
  expect([cpu.register(REGISTER.rcx, 4), cpu.word(WORD.count)]).toEqual([0, 10]);
  expect([...data.subarray(0, 11)]).toEqual([...Array<number>(10).fill(0x55), 0]);
});

test('a fault in the middle of REP leaves what was done, and rIP at the instruction', () => {
  const { cpu, data, run } = machine('f3aa');
  cpu.setRegister(REGISTER.rcx, 8, 10, 0);
  cpu.setRegister(REGISTER.rdi, 8, DATA + 4096 - 3, 0);
  cpu.setRegister(REGISTER.rax, 8, 1, 0);
  expect(run(100)).toEqual({ reason: 'exception', vector: 14, errorCode: 6 });
  expect([cpu.register(REGISTER.rcx, 4), cpu.word(WORD.rip), cpu.word(WORD.cr + 4)]).toEqual([7, CODE, DATA + 4096]);
  expect([...data.subarray(4092)]).toEqual([0, 1, 1, 1]);
});

test.each([
  { title: 'an AES instruction is not implemented, and says so', hex: '660f38dcc1', name: 'AESENC' },
  { title: 'an SSE4.1 instruction is not implemented, and says so', hex: '660f3840c1', name: 'PMULLD' },
])('$title', ({ hex, name }) => {
  const { cpu, run } = machine(hex);
  const exit = run(1);
  expect(exit.reason === 'unimplemented' && [exit.name, FORMS[exit.form]?.name]).toEqual([name, name]);
  expect([cpu.word(WORD.rip), cpu.word(WORD.count)]).toEqual([CODE, 0]);
});

test.each([
  { title: 'UD2', hex: '0f0b', exit: { reason: 'exception', vector: 6 } },
  { title: 'a push of DS in 64-bit code', hex: '1e', exit: { reason: 'exception', vector: 6 } },
  { title: 'HLT above CPL 0', hex: 'f4', exit: { reason: 'exception', vector: 13, errorCode: 0 } },
  { title: 'a division by 0', hex: '31c9 f7f1', exit: { reason: 'exception', vector: 0 } },
  { title: 'INT3, a trap', hex: 'cc', exit: { reason: 'exception', vector: 3 } },
  { title: 'sixteen bytes', hex: `${'66'.repeat(15)}90`, exit: { reason: 'exception', vector: 13, errorCode: 0 } },
  { title: 'code where there is none', hex: 'e9 00000010', exit: { reason: 'exception', vector: 14, errorCode: 0x14 } },
])('$title ends the run with its exception', ({ hex, exit }) => {
  const { cpu, run } = machine(hex);
  cpu.words[WORD.cpl] = 3;
  cpu.words[WORD.cr] = CR0.PE;
  expect(run(10)).toEqual(exit);
});

test('an instruction that straddles the end of mapped code faults at the first byte that is missing', () => {
  const { cpu, run } = machine('90');
  cpu.words[WORD.rip] = CODE + 4095;
  const memory = cpu.memory as FlatMemory;
  memory.ranges[0]?.bytes.set([0xb8], 4095); // mov eax, imm32
  expect(run(1)).toEqual({ reason: 'exception', vector: 14, errorCode: 0x14 });
  expect([cpu.word(WORD.cr + 4), cpu.word(WORD.rip)]).toEqual([CODE + 4096, CODE + 4095]);
});

test('the rows of the state block ascend, are aligned, do not overlap and fill no more than its size', () => {
  let end = 0;
  for (const [offset, bytes] of STATE_ROWS) {
    expect(offset).toBeGreaterThanOrEqual(end);
    expect(offset % Math.min(8, bytes)).toBe(0);
    end = offset + bytes;
  }
  expect(end).toBeLessThanOrEqual(STATE_SIZE);
});

test('a state block can lie in the memory of WebAssembly, and two CPUs see the same one', () => {
  const { buffer } = new WebAssembly.Memory({ initial: 1 });
  const { cpu } = machine('90');
  const one = new Cpu(cpu.memory, buffer, 0x1000);
  const other = new Cpu(cpu.memory, buffer, 0x1000);
  one.setRegister(REGISTER.rbx, 8, 7, 9);
  expect([other.register(REGISTER.rbx, 8), other.high]).toEqual([7, 9]);
});

test('code that changes itself runs as changed', () => {
  const code = new Uint8Array(4096).fill(0xcc);
  code.set(Buffer.from('b001c605f8ffffff02ebf5', 'hex')); // mov al, 1; mov byte [the 1], 2; jmp back
  const cpu = new Cpu(new FlatMemory([{ start: CODE, bytes: code, writable: true, executable: true }]));
  cpu.words[WORD.codeSize] = 64;
  cpu.words[WORD.rip] = CODE;
  const interpreter = new Interpreter(cpu, { deliver: false });
  interpreter.run(1);
  expect(cpu.register(0, 1)).toBe(1);
  interpreter.run(3);
  expect(cpu.register(0, 1)).toBe(2);
});
