/** Runs test suites that others wrote in the core: `npm run suites -- NAME PATH`. Their programs are built outside of this repository. */
import { parseArgs } from 'node:util';
import { runBlink } from './blink';
import { runKvmUnitTests } from './kvm-unit-tests';
import { runLinuxProgram } from './linux-program';
import { report, type SuiteOptions, type TestOutcome } from './suite';
import { runTest386 } from './test386';
import { runV86 } from './v86';

type Suite = (path: string, options: SuiteOptions) => Iterable<TestOutcome>;

const SUITES: Readonly<Record<string, readonly [suite: Suite, path: string]>> = {
  'kvm-unit-tests': [runKvmUnitTests, 'a built tree of kvm-unit-tests, 64- or 32-bit'],
  blink: [runBlink, 'a folder with the linked assembly tests of blink'],
  v86: [runV86, "the folder of v86's assembled nasm tests (*.img)"],
  test386: [runTest386, 'test386.bin, 64 or 128 KiB, POST port 190, text on port E9; the reference text beside it'],
  program: [runLinuxProgram, 'a static 64-bit Linux program, whose output is compared with what it prints here'],
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tier: { type: 'string', default: 'both' },
    only: { type: 'string', default: '' },
    seconds: { type: 'string', default: '60' },
    verbose: { type: 'boolean', default: false },
  },
});
const [name = '', path] = positionals;
const [suite] = SUITES[name] ?? [];
if (suite === undefined || path === undefined) {
  console.error(
    'usage: npm run suites -- NAME PATH [--tier interpreter|handlers|translator|both] [--only TEXT] [--seconds N] [--verbose]',
  );
  for (const [own, [, what]] of Object.entries(SUITES)) console.error(`  ${own.padEnd(15)} PATH is ${what}`);
  process.exitCode = 1;
} else {
  report(name, suite(path, { ...values, seconds: Number(values.seconds), tier: values.tier as SuiteOptions['tier'] }));
}
