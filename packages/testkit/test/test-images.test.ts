import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot, SMALL_KERNELS } from '@bzelf/testkit';

interface ImageRow {
  name: string;
  what: string;
  sha256: string;
  size: number;
  kind: string;
  origin: string;
  recipe: string[];
  licence: string;
  usedBy: string[];
}

const folder = join(repositoryRoot(), 'test-images');
const { files: rows } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as { files: ImageRow[] };
const onDisk = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));

test.each(rows)('$name is the file that its row describes', ({ name, sha256, size }) => {
  const bytes = readFileSync(join(folder, name));
  expect({ size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }).toEqual({ size, sha256 });
});

test.each(rows)('$name says where it comes from, how it is made and under which licence', (row) => {
  expect(['generated', 'downloaded', 'fuzzed']).toContain(row.kind);
  expect(row.what).not.toBe('');
  expect(row.origin).not.toBe('');
  expect(row.licence).toMatch(/^[A-Za-z0-9.-]+$/); // an SPDX identifier
  expect(row.usedBy).not.toEqual([]);
  expect(row.kind === 'generated' ? row.recipe : ['none']).not.toEqual([]);
});

test('every file has a row, or is the recipe of a file that has one', () => {
  const known = new Set(['manifest.json', 'README.md', ...rows.flatMap(({ name, recipe }) => [name, ...recipe])]);
  expect(onDisk.filter((name) => !known.has(name))).toEqual([]);
});

test('every recipe that a row names is there', () => {
  expect(rows.flatMap(({ recipe }) => recipe).filter((name) => !onDisk.includes(name))).toEqual([]);
});

test('the small kernels that the test kit names are those of the manifest', () => {
  const kernels = rows.map(({ name }) => name).filter((name) => name.endsWith('.bzImage') && name.startsWith('61-'));
  expect(kernels).toEqual(SMALL_KERNELS.map((name) => `${name}.bzImage`));
});
