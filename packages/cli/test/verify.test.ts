/** `bzelf verify` as a process: what is said, exit codes, and the JUnit report as a consumer reads it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { XMLParser } from 'fast-xml-parser';
import { testImage, withTempFolder } from '@bzelf/testkit';
import { program } from './run-programs';
import { bzelf } from './tool';

const KERNEL = testImage('61-64-gzip.bzImage');

/** A vmlinux, which is at its entry at once; a kernel whose payload is damaged; no kernel. */
function makeFiles(folder: string): void {
  bzelf(['wrap', KERNEL, '-o', 'good.elf', '--form', 'vmlinux'], { cwd: folder });
  const bytes = readFileSync(KERNEL);
  bytes.writeUInt8(bytes.readUInt8(0x10_0000) ^ 1, 0x10_0000);
  writeFileSync(join(folder, 'damaged'), bytes);
  writeFileSync(join(folder, 'text'), 'no kernel\n');
}

interface Suite {
  readonly '@name': string;
  readonly '@tests': string;
  readonly '@failures': string;
  readonly testcase: readonly {
    readonly '@name': string;
    readonly '@time': string;
    readonly failure?: { readonly '@type': string };
  }[];
}

const readJunit = (path: string) => {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    isArray: (name) => name === 'testsuite' || name === 'testcase',
  });
  return (
    parser.parse(readFileSync(path, 'utf8')) as {
      testsuites: { '@tests': string; '@failures': string; testsuite: Suite[] };
    }
  ).testsuites;
};

test('a good file, a damaged one, none, and no kernel: every one is looked at, and the worst is the exit code', () =>
  withTempFolder((folder) => {
    makeFiles(folder);
    const words = ['verify', '--profile', 'pvh', '--profile', 'linux64', '--junit', 'report.xml'];
    const good = bzelf([...words, 'good.elf'], { cwd: folder });
    expect([good.exit, good.err]).toEqual([0, '']);
    expect(good.out).toMatch(
      /^good\.elf: good \(vmlinux, [\d,]+ bytes\)\n {2}structure {2}good.*\n {2}pvh +pass {2}kernel entered/,
    );
    expect(readJunit(join(folder, 'report.xml'))).toMatchObject({ '@tests': '4', '@failures': '0' });

    const damaged = bzelf([...words, 'damaged', 'good.elf'], { cwd: folder });
    expect(damaged.exit).toBe(1);
    expect(damaged.out).toMatch(
      /^damaged: not good .*\n {2}structure {2}wrong: 2 errors\n {2}execution {2}none: the kernel inside is damaged\n/,
    );
    expect(damaged.out).toMatch(/^error inner\/corrupt: /m);
    expect(damaged.out).toMatch(/^good\.elf: good/m);
    expect(damaged.out).toMatch(/\n\n2 files: 1 good, 1 not good\n$/);
    const { testsuite, ...all } = readJunit(join(folder, 'report.xml'));
    expect(all).toMatchObject({ '@tests': '6', '@failures': '2' });
    expect(testsuite.map((suite) => [suite['@name'], suite['@failures']])).toEqual([['damaged', '2'], ['good.elf', '0']]); // prettier-ignore
    expect(testsuite[0]?.testcase.map((row) => [row['@name'], row.failure?.['@type']])).toEqual([
      ['structure', 'crc/bad'],
      ['payload', 'inner/corrupt'],
    ]);

    const mixed = bzelf([...words, 'text', 'good.elf', 'missing'], { cwd: folder });
    expect([mixed.exit, mixed.err]).toEqual([3, expect.stringMatching(/^bzelf: text: loader\/not-a-kernel/)]);
    expect(mixed.out).toMatch(/^good\.elf: good/);
    expect(mixed.out).toMatch(/\n\n3 files: 1 good, 2 that could not be verified\n$/);
    expect(bzelf([...words, 'missing'], { cwd: folder }).exit).toBe(4);
  }));

// prettier-ignore
test.each([
  { what: 'an unknown profile', words: ['--profile', 'vmware'], err: /no profile of this name/ },
  { what: 'a deadline that is none', words: ['--deadline', 'soon'], err: /--deadline soon: not a number of seconds/ },
  { what: 'too much memory', words: ['--memory', '4G'], err: /--memory 4G/ },
  { what: 'no instruction at all', words: ['--instructions', '0'], err: /--instructions 0: not a number from 1 on/ },
  { what: 'a report in the place of the kernel', words: ['--html', KERNEL], err: /--html .* is .*, which is read/ },
  { what: 'a report on stdout', words: ['--junit', '-'], err: /--junit wants a file; stdout has the report/ },
  { what: 'two reports in one place', words: ['--junit', 'x', '--html', './x'], err: /--junit and --html are both x/ },
  { what: 'no file', words: [], err: /Not enough|files/, none: true },
])('$what is wrong usage', ({ words, err, none }) => {
  const run = bzelf(['verify', ...(none === true ? [] : [KERNEL]), ...words]);
  expect([run.exit, run.out]).toEqual([2, '']);
  expect(run.err).toMatch(err);
});

test('what the loaders of a target do is said, also where it is as it should be', () =>
  withTempFolder((folder) => {
    makeFiles(folder);
    const words = ['verify', 'good.elf', '--profile', 'pvh', '--target'];
    const { exit, out } = bzelf([...words, 'firecracker'], { cwd: folder });
    expect(exit).toBe(0);
    expect(out).toMatch(/\nwhat the loader does, by its own rules:\n {2}firecracker {2}enters {2}pvh at 0x[0-9a-f]+/);
    expect(bzelf([...words, 'filo'], { cwd: folder }).out).toMatch(/\nerror target\/refuses: .*\n {2}filo\n/);
  }));

test('a run that is cut short says so', () => {
  const { exit, out } = bzelf(['verify', KERNEL, '--profile', 'linux64', '--instructions', '5000']);
  expect(exit).toBe(1);
  expect(out).toMatch(/linux64 +fail +as many instructions as were allowed +5,000 instructions/);
  expect(out).toMatch(/^error run\/budget: /m);
});

test('a run that has no more time says so', () =>
  withTempFolder((folder) => {
    writeFileSync(join(folder, 'loop'), program('', 'loop'));
    const { exit, out } = bzelf(['verify', 'loop', '--profile', 'grub-mb1', '--deadline', '0.3'], { cwd: folder });
    expect(exit).toBe(1);
    expect(out).toMatch(/grub-mb1 +fail +no more time +[\d,]+ instructions/);
    expect(out).toMatch(/^error run\/deadline: /m);
  }));

test('a bzImage that ends in its setup is called one, and told why nothing ran', () =>
  withTempFolder((folder) => {
    writeFileSync(join(folder, 'cut'), readFileSync(KERNEL).subarray(0, 600));
    const { exit, out } = bzelf(['verify', 'cut'], { cwd: folder });
    expect(exit).toBe(1);
    expect(out).toMatch(
      /^cut: not good \(bzimage, 600 bytes\)\n.*\n {2}execution {2}none: what says how is malformed\n/,
    );
  }));

test('a folder that is not there is an error before anything runs', () => {
  const { exit, out, err } = bzelf(['verify', KERNEL, '--junit', '/nowhere/x.xml']);
  expect([exit, out]).toEqual([4, '']);
  expect(err).toMatch(/^bzelf: \/nowhere: no such file or directory/);
});

test('a folder in the place of a kernel is called by its name', () => {
  const { exit, err } = bzelf(['verify', '/tmp']);
  expect([exit, err]).toEqual([4, 'bzelf: /tmp: illegal operation on a directory (EISDIR)\n']);
});

test('kernels and reports come from stdin, too, and a profile that is named twice runs once', () =>
  withTempFolder((folder) => {
    makeFiles(folder);
    const input = readFileSync(join(folder, 'good.elf'));
    const words = ['verify', '-', '--profile', 'pvh', '--profile', 'pvh', '--json'];
    const { exit, out } = bzelf(words, { input });
    expect([exit, (JSON.parse(out) as { files: { runs: unknown[] }[] }).files[0]?.runs]).toMatchObject([0, [{}]]);
    expect(out).toMatch(/"file": "-"/);
    const merged = bzelf(['report', 'merge', '-', '--json'], { input: Buffer.from(out) });
    expect([merged.exit, merged.out]).toEqual([0, out]);
  }));
