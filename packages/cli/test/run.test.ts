/** `bzelf run` as a process: what the guest prints, how it ends, and what is said about it. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testImage, withTempFolder } from '@bzelf/testkit';
import { TIER_CHOICES } from '../src/commands/names';
import { program, type ENDINGS } from './run-programs';
import { bzelf, TOOL_PATH } from './tool';

const TEXT = 'Linux version 0.0 (a test)\n';

/** Runs the program and gives back how it went; `words` are more words of the command line. */
const run = (ending: keyof typeof ENDINGS, words: readonly string[] = [], input = '') =>
  withTempFolder((folder) => {
    const path = join(folder, 'program');
    writeFileSync(path, program(TEXT, ending));
    return bzelf(['run', path, ...(words.includes('--memory') ? [] : ['-m', '4M']), ...words], {
      input: Buffer.from(input),
    });
  });

// prettier-ignore
const ENDS: { ending: keyof typeof ENDINGS; words?: string[]; exit: number; says: RegExp }[] = [
  { ending: 'halt',     exit: 0, says: /^bzelf: halted at 0x1000\w\w, interrupts off: 1\d\d instructions in \d+\.\d\d s, \d+ MIPS, \d+ pages touched\n$/ },
  { ending: 'exitPort', exit: 0, says: /^bzelf: exit port, value 42: / },
  { ending: 'reset',    exit: 0, says: /^bzelf: reset by the keyboard controller: / },
  { ending: 'fault',    exit: 1, says: /^bzelf: triple fault at 0x1000\w\w: #UD/ },
  { ending: 'loop',     exit: 0, words: ['--instructions', '5000'], says: /^bzelf: .*: 5,000 instructions in / },
  { ending: 'halt',     exit: 0, words: ['--until', 'banner'], says: /^bzelf: banner reached: / },
  { ending: 'loop',     exit: 0, words: ['--until', 'banner'], says: /^bzelf: banner reached: / },
];

test.each(ENDS)(
  'a program that ends by $ending with $words gives exit code $exit',
  async ({ ending, words, exit, says }) => {
    const done = await run(ending, words);
    expect(done.out).toBe(TEXT);
    expect(done.err).toMatch(says);
    expect(done.exit).toBe(exit);
  },
);

test.each(TIER_CHOICES)('--tier %s executes the same instructions', async (tier) => {
  const counts = [(await run('halt')).err, (await run('halt', ['--tier', tier])).err];
  const [first, second] = counts.map((err) => /([\d,]+) instructions/.exec(err)?.[1]);
  expect(first).toMatch(/^1\d\d$/);
  expect(second).toBe(first);
});

test('what comes on stdin is what the guest receives', async () => {
  const done = await run('echo', [], 'typed\n');
  expect(done.out).toBe(`${TEXT}typed\n`);
  expect(done.exit).toBe(0);
});

test.each([
  { kernel: '61-32-gzip', cmdline: 'console=ttyS0', where: /0x(?!1000000:)[0-9a-f]+00000:/ },
  { kernel: '61-64-gzip', cmdline: 'console=ttyS0 nokaslr', where: /0x1000000:/ },
])('--until entry finds $kernel with $cmdline at its first instruction', ({ kernel, cmdline, where }) => {
  const done = bzelf(['run', testImage(`${kernel}.bzImage`), '--until', 'entry', '--cmdline', cmdline]);
  expect(done.err).toMatch(/^bzelf: kernel entered at /);
  expect(done.err).toMatch(where);
  expect(done.exit).toBe(0);
});

test('a goal that the guest does not reach is exit code 1', () =>
  withTempFolder((folder) => {
    const path = join(folder, 'program');
    writeFileSync(path, program('Hello\n', 'halt'));
    const { exit, err } = bzelf(['run', path, '-m', '4M', '--until', 'banner']);
    expect(err).toMatch(/^bzelf: halted/);
    expect(exit).toBe(1);
  }));

test('SIGINT ends a run with the same line', () =>
  withTempFolder(async (folder) => {
    const path = join(folder, 'program');
    writeFileSync(path, program(TEXT, 'loop'));
    const child = spawn(process.execPath, [TOOL_PATH, 'run', path, '-m', '4M'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let err = '';
    child.stderr.on('data', (bytes: Buffer) => (err += bytes.toString()));
    child.stdout.once('data', () => child.kill('SIGINT'));
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(err).toMatch(/^bzelf: interrupted at 0x1000\w\w: [\d,]+ instructions in /);
    expect(code).toBe(0);
  }));

// prettier-ignore
const WRONG = [
  { words: ['--memory', '3M1'],            err: /--memory/ },
  { words: ['--memory', '4G'],             err: /1M to 3G/ },
  { words: ['--kaslr', '1'],               err: /--kaslr goes with --direct/ },
  { words: ['--direct', '-p', 'multiboot'], err: /no entry by multiboot/ },
  { words: ['-p', 'linux16'],              err: /protocol/ },
];

test.each(WRONG)('$words is wrong usage', async ({ words, err }) => {
  const done = await run('halt', words);
  expect(done.exit).toBe(2);
  expect(done.err).toMatch(err);
});
