/** docs/verdicts.md has every kernel and every profile; scripts/verdicts.mjs --check runs them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FETCHED_KERNELS, repositoryRoot, SMALL_KERNELS } from '@bzelf/testkit';
import { PROFILES } from '../src/profiles/table';

const page = readFileSync(join(repositoryRoot(), 'docs', 'verdicts.md'), 'utf8');
const rows = page.split('\n').flatMap((line) => {
  const [, kernel = '', file = '', passes = '', fails = ''] = line.split('|').map((cell) => cell.trim());
  const isRow = line.startsWith('| ') && kernel !== 'kernel' && !kernel.startsWith('---');
  return isRow ? [{ kernel, file, passes: passes.split(', '), fails }] : [];
});

test.each(['probe', ...SMALL_KERNELS, ...FETCHED_KERNELS])('%s has its verdicts', (id) => {
  expect(rows.filter(({ kernel }) => kernel === id).length).toBeGreaterThan(0);
});

test.each(PROFILES.map(({ name }) => name))('%s has its verdicts', (name) => {
  expect(rows.filter(({ passes }) => passes.includes(name)).length).toBeGreaterThan(0);
});

test('none fails', () => {
  expect(rows.filter(({ fails }) => fails !== '-')).toEqual([]);
});
