import { ATTRIBUTE, Cpu, FlatMemory, Interpreter, SEGMENT, WORD } from '../src/index';
import { generator, randomCode } from './random-code';

const CODE = 0x1000;
const BUDGET = 50;

/** Registers that point into the data, near its ends, or nowhere. */
function randomState(cpu: Cpu, next: () => number, codeSize: number): void {
  cpu.words.fill(0);
  for (let i = 0; i < 16; i++) {
    const near = next() % 3 === 0;
    cpu.words[2 * i] = near ? next() : 0x8000 + (next() % 0x1000);
    cpu.words[2 * i + 1] = near && codeSize === 64 ? next() : 0;
  }
  for (let segment = 0; segment < 6; segment++) {
    const at = WORD.segments + SEGMENT.words * segment;
    cpu.words[at + SEGMENT.attributes] = ATTRIBUTE.present | (next() & (ATTRIBUTE.big | 0x1f));
    cpu.words[at + SEGMENT.limit] = next() % 2 === 0 ? -1 : next();
  }
  cpu.words[WORD.segments + SEGMENT.words + SEGMENT.limit] = -1;
  cpu.words[WORD.codeSize] = codeSize;
  cpu.words[WORD.rip] = CODE;
  cpu.words[WORD.rip + 1] = 0;
  cpu.words[WORD.cpl] = next() % 4;
  cpu.words[WORD.cr] = next() & 0x60_0001;
  cpu.words[WORD.efer] = codeSize === 64 ? 0x500 : 0;
  cpu.words[WORD.eflags] = next() & 0xcd5;
  cpu.words[WORD.lazy] = next() & 1;
}

test.each([16, 32, 64] as const)(
  'random bytes as %i-bit code end with a reason, within the budget, without an exception of the host',
  (codeSize) => {
    const code = new Uint8Array(4096);
    const memory = new FlatMemory([
      { start: CODE, bytes: code, writable: true, executable: true },
      { start: 0x8000, bytes: new Uint8Array(0x1000), writable: true, executable: false },
    ]);
    const cpu = new Cpu(memory);
    const interpreter = new Interpreter(cpu, { deliver: false });
    const reasons = new Map<string, number>();
    for (let seed = 1; seed <= 10_000; seed++) {
      const next = generator(seed * 7 + codeSize);
      code.fill(0xcc).set(randomCode(seed));
      memory.codeVersion++;
      randomState(cpu, next, codeSize);
      const before = cpu.word(WORD.count);
      const { reason } = interpreter.run(BUDGET);
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      expect(cpu.word(WORD.count) - before).toBeLessThanOrEqual(BUDGET);
    }
    expect([...reasons.keys()].sort()).toEqual(['budget', 'exception', 'halt', 'interrupt', 'unimplemented']);
  },
);
