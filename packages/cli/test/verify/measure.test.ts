/** `verify --measure` as a process. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { testImage, withTempFolder } from '@bzelf/testkit';
import { bzelf } from '../tool';

const KERNEL = testImage('61-64-gzip.bzImage');
const MEASURE = ['verify', '--measure', '--profile', 'pvh'];

test('the measured file is good from its own ranges, has the old size, and gives the bzImage back', () =>
  withTempFolder((folder) => {
    const run = (...words: string[]) => bzelf(words, { cwd: folder });
    run('wrap', KERNEL, '-o', 'kernel.elf');
    const { exit, out } = run(...MEASURE, '-o', 'measured.elf', 'kernel.elf');
    expect([exit, out.split('\n')[0]]).toEqual([0, expect.stringMatching(/^kernel\.elf: good/)]);
    expect(out).toMatch(/^ {2}runtime +0x1000000-0x1c07fff +rwx +3,080 of 3,080 pages/m);
    expect(statSync(join(folder, 'measured.elf')).size).toBe(statSync(join(folder, 'kernel.elf')).size);
    expect(run('notes', 'measured.elf').out).toMatch(/runtime +measured/);
    run('unwrap', 'measured.elf', '-o', 'back');
    expect(Buffer.compare(readFileSync(join(folder, 'back')), readFileSync(KERNEL))).toBe(0);
  }));

test.each([
  { words: [...MEASURE, 'kernel.elf'], exit: 2, says: '--measure wants -o FILE' },
  { words: [...MEASURE, '-o', '-', 'kernel.elf'], exit: 2, says: '--measure wants -o FILE' },
  { words: [...MEASURE, '-o', 'new', 'kernel.elf', KERNEL], exit: 2, says: '--measure takes one file' },
  { words: [...MEASURE, '-o', 'kernel.elf', 'kernel.elf'], exit: 2, says: 'is the input itself' },
  { words: ['verify', '-o', 'new', 'kernel.elf'], exit: 2, says: '-o is for --measure' },
  { words: [...MEASURE, '-o', 'new', KERNEL], exit: 3, says: 'writer/no-mapping' },
  { words: [...MEASURE, '-o', 'new', '--instructions', '1000', 'kernel.elf'], exit: 1, says: 'run/budget' },
])('$words is refused or fails, and nothing is written: $says', ({ words, exit, says }) =>
  withTempFolder((folder) => {
    bzelf(['wrap', KERNEL, '-o', 'kernel.elf'], { cwd: folder });
    const before = readFileSync(join(folder, 'kernel.elf'));
    const done = bzelf(words, { cwd: folder });
    expect(done.exit).toBe(exit);
    expect(done.out + done.err).toContain(says);
    expect(existsSync(join(folder, 'new'))).toBe(false);
    expect(Buffer.compare(readFileSync(join(folder, 'kernel.elf')), before)).toBe(0);
  }),
);
