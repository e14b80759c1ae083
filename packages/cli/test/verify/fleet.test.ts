/** Many files at once, shards and their reports, as processes: the same report however the work was divided. */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { screenProgram, testImage, withTempFolder } from '@bzelf/testkit';
import { program } from '../run-programs';
import { bzelf, TOOL_PATH } from '../tool';

const FILES = ['good.elf', 'text', 'damaged', 'missing', 'screen'];
const WORDS = ['--profile', 'pvh', '--json'];

function makeFiles(folder: string): void {
  bzelf(['wrap', testImage('61-32-gzip.bzImage'), '-o', 'good.elf', '--form', 'vmlinux'], { cwd: folder });
  writeFileSync(join(folder, 'screen'), screenProgram());
  const bytes = readFileSync(testImage('61-64-gzip.bzImage'));
  bytes.writeUInt8(bytes.readUInt8(0x10_0000) ^ 1, 0x10_0000);
  writeFileSync(join(folder, 'damaged'), bytes);
  writeFileSync(join(folder, 'text'), 'no kernel\n');
}

const withoutSeconds = (json: string): string => json.replaceAll(/"seconds": [\d.e-]+/g, '"seconds": 0');

test('the report is the same for any number of jobs, and when shards are merged', () =>
  withTempFolder((folder) => {
    makeFiles(folder);
    const verify = (...words: string[]) => bzelf(['verify', ...FILES, ...WORDS, ...words], { cwd: folder });
    const [one, three] = [verify('--jobs', '1'), verify('--jobs', '3')];
    expect([one.exit, three.exit]).toEqual([3, 3]);
    expect(withoutSeconds(three.out)).toBe(withoutSeconds(one.out));
    expect(three.err).toBe(one.err);
    const document = JSON.parse(one.out) as Record<string, { file: string; code?: string }[]>;
    expect(document['verdict']).toBe('fail');
    expect(document['files']?.map(({ file }) => file)).toEqual(['good.elf', 'damaged', 'screen']);
    expect(document['failures']).toMatchObject([
      { file: 'text', exit: 3, code: 'loader/not-a-kernel' },
      { file: 'missing', exit: 4, code: 'io/ENOENT' },
    ]);

    for (const index of [1, 2])
      writeFileSync(join(folder, `${index}.json`), verify('--shard', `${index}/2`).out);
    const merged = bzelf(['report', 'merge', '2.json', '1.json', '--json', '--junit', 'j.xml'], { cwd: folder });
    expect(withoutSeconds(merged.out)).toBe(withoutSeconds(one.out));
    expect([merged.exit, merged.err]).toEqual([one.exit, one.err]);
    const text = bzelf(['report', 'merge', '1.json', '2.json'], { cwd: folder });
    expect(text.out).toBe(bzelf(['verify', ...FILES, '--profile', 'pvh'], { cwd: folder }).out);
    expect(readFileSync(join(folder, 'j.xml'), 'utf8')).toMatch(/tests="10" failures="3" errors="2"/);
  }), 60_000); // prettier-ignore

test('a shard without files is good, and its report can be merged', () =>
  withTempFolder((folder) => {
    const { exit, out } = bzelf(['verify', 'a', '--shard', '2/2', '--json'], { cwd: folder });
    expect([exit, JSON.parse(out)]).toMatchObject([0, { verdict: 'pass', files: [], shard: { index: 2, count: 2 } }]);
  }));

test('a thread that dies is one failed file', () =>
  withTempFolder((folder) => {
    makeFiles(folder);
    writeFileSync(
      join(folder, 'die.cjs'),
      `const { isMainThread, workerData } = require('node:worker_threads');
       if (!isMainThread && workerData.file === 'text') process.exit(9);`,
    );
    const env = { NODE_OPTIONS: `--require ${join(folder, 'die.cjs')}` };
    const { exit, out, err } = bzelf(['verify', 'text', 'good.elf', '--profile', 'pvh'], { cwd: folder, env });
    expect(exit).toBe(70);
    expect(err).toMatch(/^bzelf: text: the thread that verified this file has died\n {2}found exit code 9/);
    expect(out).toMatch(/^good\.elf: good/);
  }));

test.each(['SIGINT', 'SIGTERM'] as const)('%s ends the process and its threads, and writes no report', (signal) =>
  withTempFolder(async (folder) => {
    for (const name of ['a', 'b']) writeFileSync(join(folder, name), program('', 'loop'));
    const words = ['verify', 'a', 'b', '--profile', 'grub-mb1', '--junit', 'j.xml'];
    const child = spawn(process.execPath, [TOOL_PATH, ...words], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let err = '';
    child.stderr.on('data', (bytes: Buffer) => (err += bytes.toString()));
    setTimeout(() => child.kill(signal), 1000);
    const ended = await new Promise((resolve) => child.on('close', (_code, by) => resolve(by)));
    expect([ended, err]).toEqual([signal, 'bzelf: interrupted: 0 of 2 files were verified\n']);
    expect(() => readFileSync(join(folder, 'j.xml'))).toThrow(/ENOENT/);
  }),
);

// prettier-ignore
test.each([
  { words: ['verify', 'a', '--shard', '0/3'],  err: /--shard 0\/3: not I\/N/ },
  { words: ['verify', 'a', '--shard', '4/3'],  err: /--shard 4\/3: not I\/N/ },
  { words: ['verify', 'a', '--shard', '1'],    err: /--shard 1: not I\/N/ },
  { words: ['verify', 'a', 'b', '--jobs', '0'], err: /--jobs 0: not a number/ },
  { words: ['verify', 'a', 'b', '--profile', 'vmware'], err: /no profile of this name/ },
  { words: ['report', 'split', 'a'],           err: /split/ },
])('$words is wrong usage', ({ words, err }) => {
  const run = bzelf(words);
  expect([run.exit, run.out]).toEqual([2, '']);
  expect(run.err).toMatch(err);
  expect(run.err.match(/^bzelf: /gm)).toHaveLength(1);
});
