/** Good files pass; runs to the banner are in test-kernels. */
import { wrap } from '@bzelf/writer';
import { PROFILES } from '../../src/profiles/table';
import { verify } from '../../src/verify';
import { image } from '../checks/edit';

const OPTIONS = { ram: 64 << 20, deadline: 60_000 } as const;

test.each([
  { name: '61-64-gzip', profiles: ['pvh', 'firecracker-linux64'] },
  { name: '61-32-gzip', profiles: ['qemu-pvh-qboot', 'crosvm-32'] },
])('the vmlinux of $name runs from declared memory to its own page tables', async ({ name, profiles }) => {
  const { bytes } = await wrap(image(name), { form: 'vmlinux' });
  const { verdict, runs } = await verify(bytes, { ...OPTIONS, profiles });
  expect(runs.map(({ profile, reached, findings }) => [profile, reached, findings])).toEqual(
    profiles.map((profile) => [profile, 'entry', []]),
  );
  expect(verdict).toBe('pass');
});

test('the probe says who it is', async () => {
  const { verdict, runs } = await verify(image('probe'), { ...OPTIONS, profiles: ['linux64', 'linux32'] });
  expect(runs.map(({ reached }) => reached)).toEqual(['milestone', 'milestone']);
  expect(verdict).toBe('pass');
});

test('profiles have names of their own and say where their facts are from', () => {
  expect(new Set(PROFILES.map(({ name }) => name)).size).toBe(PROFILES.length);
  for (const { doc, source } of PROFILES) expect([doc, source].every((text) => text.length > 4)).toBe(true);
});
