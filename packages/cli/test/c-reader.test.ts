/** docs/c: the header is what the tables say, and the reader in C says of every file what ours says. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openKernel } from '@bzelf/loader';
import { repositoryRoot, testWith, withTempFolder } from '@bzelf/testkit';
import { C_FLAGS, answer, askHost, compileHost, ourAnswer, ourList } from '../difftest/c-reader';
import { CRAFTED } from '../difftest/c-reader-crafted';
import { allSeeds, compare, goodFiles } from '../difftest/c-reader-campaign';

const ROOT = repositoryRoot();
const READER = join(ROOT, 'docs/c/bzelf_read.c');

test('bzelf.h is what scripts/build-header.mjs makes of the tables', () => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/build-header.mjs', '--check'], { cwd: ROOT });
  expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: '' });
});

describe.each(['-m64', '-m32'])('gcc %s', (bits) => {
  testWith(['gcc', 'nm'], 'finds no fault with the reader, which needs nothing but memcpy and memset', (gcc, nm) =>
    withTempFolder((folder) => {
      for (const standard of ['-std=c99', '-std=c11']) {
        const object = join(folder, 'reader.o');
        const words = [bits, ...C_FLAGS, standard, '-O2', '-fno-pic', '-c', '-o', object, READER];
        expect(gcc.run(words)).toMatchObject({ status: 0, stderr: '' });
        const wanted = nm.text(['-u', object]).match(/\S+$/gm) ?? [];
        expect(wanted.filter((name) => name !== 'memcpy' && name !== 'memset')).toEqual([]);
      }
    }),
  );
});

testWith(['g++'], 'C++ takes the header', (cxx) => {
  const words = ['-std=c++11', '-Wall', '-Wextra', '-Werror', '-fsyntax-only', '-x', 'c++'];
  expect(cxx.run([...words, join(ROOT, 'docs/c/bzelf_read.h')])).toMatchObject({ status: 0 });
});

describe('the reader in C, with address and undefined behaviour sanitizers', () => {
  let folder = '';
  let host = '';
  const compiled = () => (host ||= compileHost(ROOT, (folder = mkdtempSync(join(tmpdir(), 'bzelf-test-')))));
  afterAll(() => {
    if (folder !== '') rmSync(folder, { recursive: true });
  });

  testWith(['gcc'], 'finds in every file of the writer what @bzelf/loader finds', async () => {
    const files = await goodFiles();
    expect(files.length).toBeGreaterThan(30);
    const answers = askHost(
      compiled(),
      'memory',
      files.map(({ bytes }) => bytes),
    );
    files.forEach(({ name, bytes }, i) => {
      const { entries, mappings, placement, subarch } = openKernel(bytes);
      const own = entries.filter(({ evidence }) => evidence === 'bzelf-note');
      expect([name, answers[i]]).toEqual([name, answer({ entries: own, mappings, placement, subarch })]);
      expect(answers[i]).toMatch(/ entry .* mapping .* placement /);
    });
  });

  describe('a file with', () => {
    for (const { what, bytes, expected } of CRAFTED)
      testWith(['gcc'], `${what} is read as the specification says, by both`, () => {
        const [memory, callback, list] = ['memory', 'callback', 'list'].map(
          (mode) => askHost(compiled(), mode, [bytes])[0],
        );
        expect({ ours: ourAnswer(bytes), memory, callback }).toEqual({
          ours: expected,
          memory: expected,
          callback: expected,
        });
        expect(list).toBe(ourList(bytes));
      });
  });

  testWith(['gcc'], 'says of 1000 damaged files what our reader says, from memory and by callback', async () => {
    const { differences, accepted, withNotes } = compare(compiled(), await allSeeds(), {
      seed: 3,
      from: 0,
      count: 1000,
    });
    expect(differences.map(({ iteration, ours, theirs }) => ({ iteration, ours, theirs }))).toEqual([]);
    expect(accepted).toBeLessThan(1000);
    expect(withNotes).toBeGreaterThan(500);
  });

  testWith(['gcc'], 'passes on that a read has failed, whichever it is', async () => {
    const bytes = (await goodFiles())[0]?.bytes ?? new Uint8Array(0);
    const whole = ourAnswer(bytes);
    expect(askHost(compiled(), '0', [bytes])).toEqual(['failed']);
    for (const reads of [1, 2, 5, 10, 20, 39]) expect(askHost(compiled(), String(reads), [bytes])[0]).toMatch(/failed/);
    expect(askHost(compiled(), '100000', [bytes])).toEqual([whole]);
  });
});

test('docs/notes.md names the files of docs/c', () => {
  const text = readFileSync(join(ROOT, 'docs/notes.md'), 'utf8');
  for (const name of ['bzelf.h', 'bzelf_read.c', 'bzelf_read.h']) expect(text).toContain(`(c/${name})`);
});
