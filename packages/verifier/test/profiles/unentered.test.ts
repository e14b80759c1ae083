/** What nobody can start must not look proved. */
import { openKernel } from '@bzelf/loader';
import { unenteredFindings } from '../../src/profiles/unentered';
import { image } from '../checks/edit';

const kernel = openKernel(image());
const only = (protocol: string) =>
  kernel.entries.slice(0, 1).map((entry) => ({ ...entry, protocol: protocol as typeof entry.protocol }));

test.each([
  { name: 'no entry', entries: [], found: ['run/no-entry error'] },
  { name: 'only a paravirtualized entry of Xen', entries: only('xen-pv'), found: ['run/no-profile warning'] },
  { name: 'only an EFI entry', entries: only('efi-handover'), found: ['run/no-profile warning'] },
  { name: 'its own entries', entries: kernel.entries, found: [] },
])('a file with $name: $found', ({ entries, found }) => {
  expect(unenteredFindings({ ...kernel, entries }).map(({ code, severity }) => `${code} ${severity}`)).toEqual(found);
});
