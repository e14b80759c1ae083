/** Outputs are whole or not there, whatever happens while they are written. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { judge, testImage, withTempFolder } from '@bzelf/testkit';
import { writeOutput } from '../src/io';
import { bzelf, startBzelf } from './tool';

const KERNEL = testImage('61-64-gzip.bzImage');
const NEW = new TextEncoder().encode('new');
const leftovers = (folder: string) => readdirSync(folder).filter((name) => name.endsWith('.tmp'));

test('an output replaces the old file and keeps its mode', () =>
  withTempFolder(async (folder) => {
    const path = join(folder, 'out');
    writeFileSync(path, 'old');
    chmodSync(path, 0o640);
    await writeOutput(path, NEW);
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(readdirSync(folder)).toEqual(['out']);
  }));

test('an output by way of a symbolic link replaces what the link points at', () =>
  withTempFolder(async (folder) => {
    writeFileSync(join(folder, 'real'), 'old');
    symlinkSync('real', join(folder, 'link'));
    await writeOutput(join(folder, 'link'), NEW);
    expect(readFileSync(join(folder, 'real'), 'utf8')).toBe('new');
  }));

// prettier-ignore
const SAME = [
  { by: 'its own name',       make: (input: string) => input },
  { by: 'a symbolic link',    make: (input: string, other: string) => (symlinkSync(input, other), other) },
  { by: 'a hard link',        make: (input: string, other: string) => (linkSync(input, other), other) },
];

test.each(SAME)('the input is refused as output by $by, and stays as it is', ({ make }) =>
  withTempFolder((folder) => {
    const input = join(folder, 'in');
    writeFileSync(input, readFileSync(KERNEL));
    const { exit, err } = bzelf(['wrap', input, '-o', make(input, join(folder, 'other'))]);
    expect(err).toMatch(/is the input itself; --in-place allows that/);
    expect(exit).toBe(2);
    expect(readFileSync(input).equals(readFileSync(KERNEL))).toBe(true);
  }),
);

test('a folder that cannot be written to is exit code 4', () =>
  withTempFolder((folder) => {
    const { exit, err } = bzelf(['wrap', KERNEL, '-o', join(folder, 'no/such/folder')]);
    expect(err).toMatch(/ENOENT/);
    expect(exit).toBe(4);
  }));

const mayMount = process.getuid?.() === 0 && judge('mount') !== undefined && canMount();
(mayMount ? test : test.skip)(
  `a full disk leaves the old file whole and nothing beside it${mayMount ? '' : ' [skipped: cannot mount a small file system]'}`,
  () =>
    withTempFolder((folder) => {
      const disk = join(folder, 'disk');
      mkdirSync(disk);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', disk]);
      try {
        writeFileSync(join(disk, 'k.elf'), 'old');
        const { exit, err } = bzelf(['wrap', KERNEL, '-o', join(disk, 'k.elf')]);
        expect(err).toMatch(/no space left on device \(ENOSPC\)/);
        expect(exit).toBe(4);
        expect(readdirSync(disk)).toEqual(['k.elf']);
        expect(readFileSync(join(disk, 'k.elf'), 'utf8')).toBe('old');
      } finally {
        execFileSync('umount', [disk]);
      }
    }),
);

function canMount(): boolean {
  try {
    execFileSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const ended = (child: ReturnType<typeof startBzelf>) =>
  new Promise<void>((resolve) => child.on('exit', () => resolve()));
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// A run takes 100 to 200 ms; the delays cover it from before the first line to behind the last.
test.each(['SIGKILL', 'SIGTERM'] as const)(
  '%s at any moment leaves the old file whole or the new one whole',
  (signal) =>
    withTempFolder(async (folder) => {
      const path = join(folder, 'k.elf');
      const whole = bzelf(['wrap', KERNEL, '-o', '-']).bytes;
      for (let round = 0; round < 12; round++) {
        writeFileSync(path, 'old');
        const child = startBzelf(['wrap', KERNEL, '-o', path]);
        const end = ended(child);
        await pause(40 + round * 12);
        child.kill(signal);
        await end;
        const found = readFileSync(path);
        expect(found.toString('latin1') === 'old' || found.equals(whole)).toBe(true);
        if (signal === 'SIGTERM') expect(leftovers(folder)).toEqual([]);
      }
    }),
  30_000,
);
