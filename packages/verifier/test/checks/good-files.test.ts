/** What the writer makes, of every form and target, gives no error and no warning. */
import { readFileSync } from 'node:fs';
import { extractPayload, readBzImage, splitVmlinux } from '@bzelf/bzimage';
import { SMALL_KERNELS, testImage } from '@bzelf/testkit';
import { TARGETS, wrap, type WrapOptions } from '@bzelf/writer';
import { verifyStructure } from '../../src/index.js';

const read = (name: string): Uint8Array => readFileSync(testImage(`${name}.bzImage`));
const IMAGES: readonly string[] = [...SMALL_KERNELS, 'probe'];

/** Findings that somebody should look at, as text. */
const complaints = (bytes: Uint8Array): string[] =>
  verifyStructure(bytes)
    .filter(({ severity }) => severity !== 'note')
    .map(({ code, field, found, expected }) => `${code} ${field}: ${found}, expected ${expected}`);

test.each(IMAGES)('%s as it was built', (name) => {
  expect(complaints(read(name))).toEqual([]);
});

const CONTAINERS = TARGETS.filter(({ forms }) => forms.includes('container')).map(({ name }) => name);
const WAYS: readonly WrapOptions[] = [{}, { form: 'inplace' }];
const ALL_WAYS: readonly WrapOptions[] = [
  ...WAYS,
  ...CONTAINERS.map((target) => ({ target })),
  { class: 32 },
  { form: 'vmlinux' },
];

describe.each(IMAGES)('%s', (name) => {
  test.each(name.endsWith('gzip') ? ALL_WAYS : WAYS)('wrapped with $form $target $class', async (options) => {
    const { bytes } = await wrap(read(name), options);
    expect(complaints(bytes)).toEqual([]);
  });
});

/** What options add: notes, an initrd behind the stub or before it, a command line, notes of the kernel inside. */
const ADDED: WrapOptions = {
  initrd: new Uint8Array(5000).fill(7),
  cmdline: 'console=ttyS0',
  notes: [{ owner: 'Vendor', type: 1, desc: Uint8Array.of(1, 2, 3) }],
};

test.each(CONTAINERS)('for %s with an initrd, a command line and a note added', async (target) => {
  const { bytes } = await wrap(read('61-64-gzip'), { target, ...ADDED });
  expect(complaints(bytes)).toEqual([]);
});

test('with the notes of the kernel inside', async () => {
  const { bytes } = await wrap(read('61-64-gzip'), { inspectPayload: true });
  expect(complaints(bytes)).toEqual([]);
});

test.each(['61-64-gzip', '61-32-gzip'])('the vmlinux of %s, which bzelf did not write', async (name) => {
  const { elf } = splitVmlinux(await extractPayload(readBzImage(read(name))));
  expect(complaints(elf)).toEqual([]);
});
