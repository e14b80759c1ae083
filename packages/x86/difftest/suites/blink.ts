/** blink's tests of 64-bit instructions in assembly (test/asm), each linked to a static Linux program that exits with 0 when all is well. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from './linux-program';
import { type SuiteOptions, type TestOutcome } from './suite';

const BUDGET = 100_000_000;

export function* runBlink(path: string, { tier, only }: SuiteOptions): Generator<TestOutcome> {
  for (const name of readdirSync(path).filter((own) => own.endsWith('.elf') && own.includes(only))) {
    const { status, why } = runProgram(readFileSync(join(path, name)), tier, BUDGET);
    yield status === 0 ? { name, verdict: 'pass' } : { name, verdict: 'fail', detail: why ?? `exit ${status}` };
  }
}
