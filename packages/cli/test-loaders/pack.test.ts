/** The packages as npm would publish them, installed from their tarballs into an empty folder. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot, testImage, withTempFolder } from '@bzelf/testkit';

const ROOT = repositoryRoot();
const NPM_WORDS = ['--no-audit', '--no-fund', '--loglevel=error'];

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const manifestOf = (folder: string) =>
  JSON.parse(readFileSync(join(ROOT, 'packages', folder, 'package.json'), 'utf8')) as Manifest;

/** The public packages that the tool is made of. */
function publicPackages(): string[] {
  const all = readdirSync(join(ROOT, 'packages')).map((folder) => ({ folder, ...manifestOf(folder) }));
  const wanted = new Set(['bzelf']);
  for (const name of wanted) {
    const found = all.find((one) => one.name === name);
    for (const used of Object.keys(found?.dependencies ?? {})) if (used.startsWith('@bzelf/')) wanted.add(used);
  }
  return all.filter(({ name, private: hidden }) => wanted.has(name) && hidden !== true).map(({ folder }) => folder);
}

const run = (command: string, words: readonly string[], cwd: string): Buffer =>
  execFileSync(command, words, { cwd, maxBuffer: 2 ** 28, stdio: ['ignore', 'pipe', 'pipe'] });

test(
  'packed, installed together from the tarballs in an empty folder, the tool and the libraries run',
  () =>
    withTempFolder((folder) => {
      const [packed, installed] = [join(folder, 'packed'), join(folder, 'installed')];
      mkdirSync(packed);
      mkdirSync(installed);
      for (const name of publicPackages())
        run('npm', ['pack', ...NPM_WORDS, '--pack-destination', packed], join(ROOT, 'packages', name));
      const tarballs = readdirSync(packed).map((name) => join(packed, name));
      expect(tarballs.length).toBeGreaterThanOrEqual(8);
      writeFileSync(join(installed, 'package.json'), '{ "private": true, "type": "module" }');
      run('npm', ['install', ...NPM_WORDS, '--prefer-offline', ...tarballs], installed);

      const tool = join(installed, 'node_modules/.bin/bzelf');
      const kernel = testImage('61-64-gzip.bzImage');
      expect(run(tool, ['--help'], installed).toString()).toMatch(/bzelf wrap <in>/);
      run(tool, ['wrap', kernel, '-o', 'k.elf'], installed);
      expect(run(tool, ['notes', 'k.elf'], installed).toString()).toMatch(/XEN_ELFNOTE_PHYS32_ENTRY/);
      run(tool, ['unwrap', 'k.elf', '-o', 'again'], installed);
      expect(readFileSync(join(installed, 'again')).equals(readFileSync(kernel))).toBe(true);
      expect(run(tool, ['verify', 'k.elf', '--profile', 'pvh'], installed).toString()).toMatch(/pvh/);
      expect(run(tool, ['run', 'k.elf', '--until', 'banner'], installed).toString()).toMatch(/Linux version 6\.1\./);
      for (const name of ['bzip2', 'lzma', 'lzo']) {
        const image = testImage(`61-64-${name}.bzImage`);
        expect(run(tool, ['extract', image, '-o', '-'], installed).subarray(1, 4).toString()).toBe('ELF');
      }

      writeFileSync(join(installed, 'use.mjs'), USE);
      expect(run(process.execPath, ['use.mjs', kernel], installed).toString()).toBe('bzimage linux64 container pvh\n');
    }),
  300_000,
);

/** Each library by its own name, as a program would use it. */
const USE = `
import { readFileSync } from 'node:fs';
import { readElf } from '@bzelf/elf';
import { readBzImage } from '@bzelf/bzimage';
import { openKernel, planProtocols } from '@bzelf/loader';
import { unwrap, wrap } from '@bzelf/writer';
const input = new Uint8Array(readFileSync(process.argv[2]));
const kernel = openKernel(input);
const { bytes, form, target } = await wrap(input);
if (readElf(bytes).class !== 64 || readBzImage(unwrap(bytes)).bits !== 64) throw new Error('not what was wrapped');
console.log(kernel.form, planProtocols(kernel)[0], form, target);
`;
