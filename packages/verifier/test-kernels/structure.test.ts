/** Distributions' kernels, and what the writer makes of them, give no error and no warning. */
import { readFileSync } from 'node:fs';
import { extractPayload, probeBzImage, readBzImage, splitVmlinux } from '@bzelf/bzimage';
import { FETCHED_KERNELS, kernel } from '@bzelf/testkit';
import { TARGETS, wrap, type WrapOptions } from '@bzelf/writer';
import { verifyStructure } from '../src/structure';

const hasXenPv = (id: string) => id.startsWith('debian-6');
const FETCHED = FETCHED_KERNELS.flatMap((id) => {
  const path = kernel(id);
  const bytes = path === undefined ? undefined : readFileSync(path);
  return bytes !== undefined && probeBzImage(bytes) ? [{ id, bytes }] : [];
});

const complaints = (bytes: Uint8Array): string[] =>
  verifyStructure(bytes)
    .filter(({ severity }) => severity !== 'note')
    .map(({ code, field, found, expected }) => `${code} ${field}: ${found}, expected ${expected}`);

const notes = (bytes: Uint8Array): string[] =>
  verifyStructure(bytes)
    .filter(({ severity }) => severity === 'note')
    .map(({ code }) => code);

const WAYS: readonly WrapOptions[] = [
  ...TARGETS.filter(({ forms }) => forms.includes('container')).map(({ name }) => ({ target: name })),
  { form: 'inplace', allowEfiLoss: true },
];

if (FETCHED.length === 0) test.skip("distributions' kernels [skipped: none was fetched]", () => undefined);

describe.each(FETCHED)('$id', ({ id, bytes }) => {
  test('as it is', () => expect(complaints(bytes)).toEqual([]));

  test.each(WAYS)('wrapped with $form $target', async (options) => {
    expect(complaints((await wrap(bytes, options)).bytes)).toEqual([]);
  });

  const payload = readBzImage(bytes).payload === undefined ? test.skip : test;
  payload(
    'its vmlinux, as the kernel build and as the writer have it',
    async () => {
      const { elf } = splitVmlinux(await extractPayload(readBzImage(bytes)));
      expect(complaints(elf)).toEqual([]);
      for (const target of hasXenPv(id) ? ['pvh', 'xen-pv'] : ['pvh'])
        expect(complaints((await wrap(bytes, { form: 'vmlinux', target })).bytes)).toEqual([]);
    },
    60_000,
  );
});

const SIGNED = FETCHED.filter(({ bytes }) => readBzImage(bytes).certificates.length > 0);
const signed = SIGNED.length === 0 ? test.skip : test;

signed('a signed kernel is known for one, also by what is wrapped around it', async () => {
  for (const { bytes } of SIGNED) {
    expect(notes(bytes)).toEqual(['crc/signed']);
    expect(notes((await wrap(bytes)).bytes)).toEqual(['crc/signed', 'crc/signature-lost']);
  }
});

signed('a table of signatures that ends behind the file is found', () => {
  for (const { bytes } of SIGNED)
    expect(complaints(bytes.subarray(0, bytes.length - 8)).join()).toMatch(/^crc\/certificates /);
});
