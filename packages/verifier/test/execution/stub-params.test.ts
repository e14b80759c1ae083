/** Which command line and initrd a kernel gets from a container, as `bzelf wrap` describes its options. */
import { openKernel } from '@bzelf/loader';
import { wrap, type WrapOptions } from '@bzelf/writer';
import { lineFrom, readBuiltIn } from '../../src/execution/stub-params';
import { image } from '../checks/edit';

const built = async (options: WrapOptions) => readBuiltIn(openKernel((await wrap(image('probe'), options)).bytes));

test.each([
  { cmdlineMode: 'default', cmdline: 'own', loaders: 'quiet', line: 'quiet' },
  { cmdlineMode: 'default', cmdline: 'own', loaders: '', line: 'own' },
  { cmdlineMode: 'append', cmdline: 'own', loaders: 'quiet', line: 'own quiet' },
  { cmdlineMode: 'append', cmdline: 'own', loaders: '', line: 'own' },
  { cmdlineMode: 'override', cmdline: 'own', loaders: 'quiet', line: 'own' },
] as const)('$cmdlineMode, "$cmdline", "$loaders": "$line"', async ({ cmdlineMode, cmdline, loaders, line }) => {
  expect(lineFrom(await built({ cmdline, cmdlineMode }), loaders)).toBe(line);
});

test('without a line of its own a file passes on what it gets, cut to what the kernel takes', async () => {
  const own = await built({});
  expect(own).toMatchObject({ cmdline: '', mode: 'default' });
  expect(lineFrom(own, 'quiet')).toBe('quiet');
  expect(lineFrom(own, 'x'.repeat(5000))).toHaveLength(own?.limit ?? 0);
  expect(lineFrom(own, 'ü'.repeat(5000))).toBe(`${'ü'.repeat(1023)}\ufffd`);
});

test('a line that is not ASCII is UTF-8, as wrap writes it', async () => {
  expect((await built({ cmdline: 'hostname=käse' }))?.cmdline).toBe('hostname=käse');
});

test('an initrd in the file is read from where the stub finds it', async () => {
  const initrd = Uint8Array.from({ length: 777 }, (_, i) => i & 0xff);
  expect((await built({ initrd }))?.initrd).toEqual(initrd);
});

test('a bzImage has no stub', () => {
  expect(readBuiltIn(openKernel(image('probe')))).toBeUndefined();
});
