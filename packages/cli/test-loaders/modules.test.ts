/** Hundreds of a Debian kernel's modules, plain, .xz and .zst: their notes as readelf has them, their facts as modinfo has them. */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readElf } from '@bzelf/elf';
import { openKernel } from '@bzelf/loader';
import { judge, kernel, testWith, withTempFolder } from '@bzelf/testkit';
import { JUDGES, compareNotes, parseJudge } from '../difftest/compare-notes';
import { openImage } from '../src/compressed';
import { elfKind } from '../src/info/elf-kind';
import { bzelf } from '../test/tool';

/** So many of each folder, evenly spread. */
const COUNT = 200;
const SETS = ['modules-6.1', 'modules-6.12'] as const;

function modulesOf(set: (typeof SETS)[number]): string[] {
  const listed = kernel(set, 'source.json');
  if (listed === undefined) return [];
  const folder = dirname(listed);
  const all = readdirSync(folder)
    .filter((name) => /\.ko(\.xz)?$/.test(name))
    .sort();
  const step = Math.max(1, Math.floor(all.length / COUNT));
  return all.filter((_, i) => i % step === 0).map((name) => join(folder, name));
}

const unpacked = async (path: string): Promise<Uint8Array> => {
  const image = await openImage(path);
  try {
    return image.read(0, image.size);
  } finally {
    image.close();
  }
};

/** Tests that want a folder of modules as well as judges. */
function withModules(set: (typeof SETS)[number], judges: readonly string[], title: string, run: () => Promise<void>) {
  const paths = modulesOf(set);
  const missing = [...(paths.length === 0 ? [set] : []), ...judges.filter((name) => judge(name) === undefined)];
  if (missing.length === 0) test(title, run, 120_000);
  else test.skip(`${title} [skipped: no ${missing.join(', no ')} here]`, run);
}

describe.each(SETS)('%s', (set) => {
  for (const one of JUDGES) {
    withModules(set, [one.name, 'xz'], `${one.name} has the same notes in the same order`, () =>
      withTempFolder(async (folder) => {
        const files: { path: string; bytes: Uint8Array }[] = [];
        for (const from of modulesOf(set)) {
          const bytes = await unpacked(from);
          const path = join(folder, `${files.length}.ko`);
          // What readelf reads is what xz makes of the file, and so is what we read.
          const theirs = from.endsWith('.xz') ? judge('xz')?.bytes(['-dc', from]) : readFileSync(from);
          if (one.name === 'readelf') expect(Buffer.compare(bytes, theirs ?? new Uint8Array())).toBe(0);
          writeFileSync(path, bytes);
          files.push({ path, bytes });
        }
        const text = judge(one.name)?.run([...one.words, ...files.map(({ path }) => path)]).stdout ?? [];
        const seen = parseJudge(one, Buffer.from(text).toString('latin1'));
        const found = files.map(({ path, bytes }) => compareNotes(bytes, one, seen.get(path) ?? []));
        expect(found.flatMap(({ unexplained }) => unexplained)).toEqual([]);
        expect(files.length).toBeGreaterThanOrEqual(COUNT);
        expect(found.every(({ notes }) => notes > 1)).toBe(true);
      }),
    );
  }

  withModules(set, [], 'no module is taken for a kernel: there is no way in', async () => {
    for (const path of modulesOf(set)) {
      expect(openKernel(await unpacked(path))).toMatchObject({ form: 'elf', entries: [] });
    }
  });

  withModules(set, ['modinfo'], 'modinfo has the same facts', async () => {
    const paths = modulesOf(set);
    const theirs = modinfoOf(judge('modinfo')?.text(['-0', ...paths]) ?? '');
    for (const [i, path] of paths.entries()) {
      const ours = elfKind(readElf(await unpacked(path)));
      expect([path, ours?.what]).toEqual([path, 'Linux kernel module']);
      const facts = Object.fromEntries((ours?.facts ?? []).map(([name, value]) => [name, value.trim()]));
      expect([path, { ...theirs[i], ...facts }]).toEqual([path, theirs[i]]);
      expect(Object.keys(theirs[i] ?? {}).filter((key) => SHOWN.includes(key) && facts[key] === undefined)).toEqual([]);
    }
  });
});

const SHOWN = ['name', 'vermagic', 'license', 'description', 'depends', 'srcversion', 'version'];

/** What modinfo prints of each file: the first value of every key, where it has any. */
function modinfoOf(text: string): Record<string, string>[] {
  return text
    .split(/^filename:|\0filename:/)
    .slice(1)
    .map((one) => {
      const pairs = one.split('\0').flatMap((line) => {
        const [, key, value = ''] = /^(\w+)=(.*)$/s.exec(line) ?? [];
        return key === undefined || value.trim() === '' ? [] : [[key, value.trim()] as const];
      });
      return Object.fromEntries(pairs.reverse());
    });
}

testWith(['zstd', 'xz'], 'notes and info of .ko, .ko.xz and .ko.zst are the same', (zstd) =>
  withTempFolder((folder) => {
    const paths = modulesOf('modules-6.1').filter((_, i) => i % 60 === 0);
    for (const [i, path] of paths.entries()) {
      const own = join(folder, String(i));
      mkdirSync(own);
      writeFileSync(join(own, 'm'), readFileSync(path));
      // As scripts/Makefile.modinst of the kernel does.
      const plain = ['notes', 'info'].map((command) => bzelf([command, 'm'], { cwd: own }).out);
      for (const [tool, words] of [
        [zstd, ['--quiet', '--force', 'm', '-o', 'packed']],
        [judge('xz'), ['--check=crc32', '--lzma2=dict=1MiB', '--keep', '--force', '--suffix=.xz', 'm']],
      ] as const) {
        expect(tool?.run(words, { cwd: own }).status).toBe(0);
        const name = tool === zstd ? 'packed' : 'm.xz';
        const packed = ['notes', 'info'].map((command) => bzelf([command, name], { cwd: own }).out);
        expect(packed.map((text) => text.replace(name, 'm').replace(/(?:xz|zstd)-compressed /, ''))).toEqual(plain);
      }
    }
  }),
);
