import { type MachineExit, type Tier } from '../core';

/** What a suite's tests come to, and how it is told. */
export interface TestOutcome {
  readonly name: string;
  readonly verdict: 'pass' | 'fail' | 'skip';
  /** Why, in a line or a few. */
  readonly detail?: string;
}

/** Prints what did not pass, and the sums; the exit code says whether something failed. */
export function report(suite: string, outcomes: Iterable<TestOutcome>): void {
  const sums = { pass: 0, fail: 0, skip: 0 };
  const start = performance.now();
  for (const { name, verdict, detail = '' } of outcomes) {
    sums[verdict]++;
    if (verdict !== 'pass' || detail !== '') console.log(`${verdict.padEnd(4)} ${name}${detail && `: ${detail}`}`);
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${suite}: ${sums.pass} passed, ${sums.fail} failed, ${sums.skip} skipped, ${seconds} s`);
  if (sums.fail > 0) process.exitCode = 1;
}

export interface SuiteOptions {
  readonly tier: Tier;
  /** Only tests whose name contains this. */
  readonly only: string;
  readonly verbose: boolean;
  /** How long one test may take, where a suite has long ones. */
  readonly seconds: number;
}

/** Why a program has stopped where it should not have. */
export function describeExit(exit: MachineExit): string {
  switch (exit.reason) {
    case 'unimplemented':
      return `not implemented: ${exit.name}`;
    case 'exception':
      return `#${exit.vector}${exit.errorCode === undefined ? '' : ` (${exit.errorCode.toString(16)})`}`;
    case 'denied':
      return `${exit.access.kind} denied at ${exit.access.physical.toString(16)}`;
    default:
      return exit.reason;
  }
}
