/**
 * v86's tests of single 32-bit instructions (tests/nasm), each a static ELF program that ends at a HLT. Their runner compares with what gdb says of the
 * same program on the host; so do we, for all of the state: general registers, flags, x87, SSE, the memory that they write, or the exception.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readProgram } from './multiboot';
import { describeExit, type SuiteOptions, type TestOutcome } from './suite';
import { fxsaveImage, REGISTER_NAMES, UserMachine } from './user-machine';

const WINDOW = 0x100000;
const WINDOW_SIZE = 0x2000;
const ANSWER_SIZE = 48 + 512 + WINDOW_SIZE;
const HLT = 0xf4;
/** No test runs longer. */
const BUDGET = 1_000_000;
const RAM = 2 << 20;

/** Signals, with the codes that tell exceptions apart, by vector. Source: arch/x86/kernel/traps.c of Linux. */
const SIGNALS: Readonly<Record<number, readonly number[]>> = {
  8: [0, 16, 19],
  4: [6],
  11: [13, 14, 5, 4],
  7: [12, 11, 17],
  5: [1, 3],
};

/** Every test runs natively once, in one go. */
function runNatively(paths: readonly string[]): Uint8Array {
  const program = '.cache/difftest/native32';
  mkdirSync('.cache/difftest', { recursive: true });
  execFileSync('gcc', ['-D_GNU_SOURCE', '-O2', '-Wall', '-o', program, 'packages/x86/difftest/suites/native32.c']);
  return execFileSync(program, { input: paths.join('\n') + '\n', maxBuffer: 2 ** 31 });
}

export function* runV86(path: string, { tier, only }: SuiteOptions): Generator<TestOutcome> {
  const names = readdirSync(path).filter((name) => name.endsWith('.img') && name.includes(only));
  const BATCH = 500;
  const machine = new UserMachine({ ram: RAM, bits: 32, tier });
  for (let at = 0; at < names.length; at += BATCH) {
    const batch = names.slice(at, at + BATCH);
    const answers = runNatively(batch.map((name) => join(path, name)));
    for (const [i, name] of batch.entries()) {
      const answer = answers.subarray(ANSWER_SIZE * i, ANSWER_SIZE * (i + 1));
      yield { name, ...judge(machine, readFileSync(join(path, name)), answer) };
    }
  }
}

function judge(machine: UserMachine, file: Uint8Array, answer: Uint8Array): Omit<TestOutcome, 'name'> {
  const view = new DataView(answer.buffer, answer.byteOffset, answer.byteLength);
  const signal = view.getUint32(0, true);
  if (signal === 0) return { verdict: 'skip', detail: 'does not run here' };
  const program = readProgram(file);
  machine.start(program);
  const stop = machine.run(BUDGET);
  if (stop.reason !== 'exception') return { verdict: 'fail', detail: describeExit(stop) };
  const differences: string[] = [];
  const differ = (what: string, own: number, theirs: number): void => {
    if (own >>> 0 !== theirs)
      differences.push(`${what} ${(own >>> 0).toString(16)}, processor ${(theirs >>> 0).toString(16)}`);
  };
  if (!(SIGNALS[signal] ?? []).includes(stop.vector)) differences.push(`#${stop.vector}, processor signal ${signal}`);
  differ('eip', Number(machine.machine.register('rip')), view.getUint32(8, true));
  const ended = machine.ram[view.getUint32(8, true)] === HLT;
  if (ended) compareState(machine, view, differ);
  return differences.length === 0
    ? { verdict: 'pass' }
    : { verdict: 'fail', detail: differences.slice(0, 6).join('; ') };
}

type Differ = (what: string, own: number, theirs: number) => void;

/** CF PF AF ZF SF OF and DF; the tests hide what is undefined. */
const FLAGS = 0xcd5;
/** FSW but for nothing: condition bits are defined or hidden by masking below. */
const FXSAVE_WORDS: readonly (readonly [name: string, offset: number, mask: number])[] = [
  ['fcw', 0, 0xffff],
  ['fsw', 2, 0xffff],
  ['ftw', 4, 0xff],
  ['mxcsr', 24, 0xffff],
];

function compareState(machine: UserMachine, view: DataView, differ: Differ): void {
  for (let i = 0; i < 8; i++)
    differ(REGISTER_NAMES[i] ?? '', Number(machine.register(i)), view.getUint32(16 + 4 * i, true));
  differ('eflags', Number(machine.machine.register('rflags')) & FLAGS, view.getUint32(12, true) & FLAGS);
  const own = new DataView(fxsaveImage(machine.words).buffer);
  const FXSAVE = 48;
  for (const [name, offset, mask] of FXSAVE_WORDS)
    differ(name, own.getUint16(offset, true) & mask, view.getUint16(FXSAVE + offset, true) & mask);
  for (let i = 0; i < 8; i++)
    for (const [offset, size] of [
      [0, 4],
      [4, 4],
      [8, 2],
    ] as const) {
      // prettier-ignore
      const at = 32 + 16 * i + offset;
      const read = (from: DataView, start: number) =>
        size === 4 ? from.getUint32(start, true) : from.getUint16(start, true);
      differ(`st${i}+${offset}`, read(own, at), read(view, FXSAVE + at));
    }
  for (let at = 160; at < 160 + 128; at += 4)
    differ(`xmm${(at - 160) >> 4}+${at & 15}`, own.getUint32(at, true), view.getUint32(FXSAVE + at, true));
  const ram = new DataView(machine.ram.buffer, machine.ram.byteOffset);
  for (let at = 0; at < WINDOW_SIZE; at += 4)
    differ(
      `[${(WINDOW + at).toString(16)}]`,
      ram.getUint32(WINDOW + at, true),
      view.getUint32(FXSAVE + 512 + at, true),
    );
}
