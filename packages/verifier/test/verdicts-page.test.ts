/** docs/verdicts.csv has every kernel in every form by every profile, and docs/verdicts.md says the same; scripts/verdicts.mjs --check runs them. */
import { expectTable, SMALL_KERNELS, testImage } from '@bzelf/testkit';
import { findProfile } from '../src/profiles/find';
import { PROFILES } from '../src/profiles/table';
import { fileOf, FORM_NAMES, profileNames, type FormName } from '../test-kernels/verdicts/files';
import { tablesOf } from '../test-kernels/verdicts/page';
import { readRecord, STRUCTURE } from '../test-kernels/verdicts/record';

const rows = readRecord();

const recorded = (kernel: string, form: FormName): string[] =>
  rows.filter((row) => row.kernel === kernel && row.form === form).map(({ profile }) => profile);

test.each(Object.entries(tablesOf(rows)))('the page has the table of %s', (name, table) => {
  expectTable('docs/verdicts.md', name, table);
});

const SMALL = ['probe', ...SMALL_KERNELS].flatMap((kernel) => FORM_NAMES.map((form) => ({ kernel, form })));
test.each(SMALL)('$kernel, $form: every profile that applies has its verdict', async ({ kernel, form }) => {
  const file = await fileOf(testImage(`${kernel}.bzImage`), form);
  expect(recorded(kernel, form)).toEqual(file === undefined ? [] : [STRUCTURE, ...profileNames(file)]);
});

/** Kernels of one kind can be started by the same profiles; a vmlinux by pvh only when it has that entry, as Debian's i386 kernel has not. */
// prettier-ignore
const KINDS = [
  { like: '61-64-gzip', kernels: ['debian-6.1-cloud', 'debian-6.1-amd64', 'debian-6.12-cloud', 'debian-6.12-amd64'] },
  { like: '61-32-gzip', kernels: ['debian-installer-i386'], vmlinuxIs: 'linux32' },
  { like: 'probe',      kernels: ['memtest86plus-x64'] },
  { like: 'ipxe',       kernels: ['memdisk'] },
].flatMap(({ kernels, ...row }) => kernels.map((kernel) => ({ ...row, kernel })));
test.each(KINDS)('$kernel has verdicts by what $like has them', ({ like, kernel, vmlinuxIs }) => {
  const can = (form: FormName) => (profile: string) =>
    form !== 'vmlinux' ||
    profile === STRUCTURE ||
    vmlinuxIs === undefined ||
    findProfile(profile).protocol === vmlinuxIs;
  const wanted = FORM_NAMES.map((form) => [form, ...recorded(like, form).filter(can(form))]);
  expect(FORM_NAMES.map((form) => [form, ...recorded(kernel, form)])).toEqual(wanted);
});

test.each(PROFILES.map(({ name }) => name))('%s has its verdicts', (name) => {
  expect(rows.filter(({ profile }) => profile === name).length).toBeGreaterThan(0);
});

test('none fails', () => {
  expect(rows.filter(({ verdict }) => verdict !== 'pass')).toEqual([]);
});
