import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BzelfError } from '@bzelf/bytes';
import { extractPayload, readBzImage, splitVmlinux } from '@bzelf/bzimage';
import { decodeNote, readElf, readNotes } from '@bzelf/elf';
import { makeBzImage, SMALL_KERNELS, testImage, testWith, withTempFolder, type Judge } from '@bzelf/testkit';
import { TARGETS, unwrap, wrap, type WrapOptions } from '../src/index.js';

const small = (name: string): Uint8Array => readFileSync(testImage(`${name}.bzImage`));
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const ROUND_TRIPS: WrapOptions[] = TARGETS.flatMap(({ name, forms }) =>
  forms.filter((form) => form !== 'vmlinux').map((form) => ({ target: name, form, allowEfiLoss: true })),
);

describe.each(SMALL_KERNELS)('%s', (name) => {
  test.each(ROUND_TRIPS)('comes back bit for bit from form $form, target $target', async (options) => {
    const input = small(name);
    const { bytes } = await wrap(input, options);
    expect(digest(unwrap(bytes))).toBe(digest(input));
  });

  test('gives the same bytes twice', async () => {
    const input = small(name);
    const options = { cmdline: 'console=ttyS0', initrd: Uint8Array.of(1, 2, 3) };
    const [first, second] = [await wrap(input, options), await wrap(input.slice(), options)];
    expect(digest(first.bytes)).toBe(digest(second.bytes));
  });
});

test.each<{ image: string; options: Parameters<typeof makeBzImage>[0] }>([
  { image: 'signed, with a certificate behind it', options: { pe: 'signed' } },
  { image: 'with a bad CRC', options: { crc: 'bad' } },
  { image: 'without CRC', options: { crc: 'none' } },
  { image: 'with trailing bytes', options: { trailing: new Uint8Array(37).fill(7) } },
  { image: 'of protocol 2.02, which has no init_size', options: { version: 0x0202 } },
  { image: 'not relocatable', options: { relocatable_kernel: 0 } },
  { image: 'that has to run at 1 MiB', options: { relocatable_kernel: 0, pref_address: 0x100000n } },
  { image: 'with a real-mode part that is no whole number of pages', options: { setup_sects: 0x1f } },
  { image: 'for i386', options: { bits: 32 } },
])('a bzImage $image comes back bit for bit', async ({ options }) => {
  const input = makeBzImage(options);
  for (const wrapOptions of ROUND_TRIPS) {
    const { bytes } = await wrap(input, wrapOptions);
    expect(digest(unwrap(bytes))).toBe(digest(input));
  }
});

describe('inplace', () => {
  test('refuses an EFI executable unless the loss is accepted', async () => {
    const input = makeBzImage({ pe: true });
    await expect(wrap(input, { form: 'inplace' })).rejects.toMatchObject({ code: 'writer/efi-loss' });
    const { warnings } = await wrap(input, { form: 'inplace', allowEfiLoss: true });
    expect(warnings.join()).toMatch(/no EFI executable/);
  });

  test('keeps every byte from 0x1f1 on, but for the CRC', async () => {
    const input = small('61-64-gzip');
    const { bytes } = await wrap(input, { form: 'inplace', allowEfiLoss: true });
    const changed: number[] = [];
    for (let i = 0x1f1; i < input.length; i++) if (input[i] !== bytes[i]) changed.push(i);
    expect(changed.every((at) => at >= input.length - 4)).toBe(true);
    expect(bytes[0x1ef]).not.toBe(0);
  });

  test('does not wrap what is wrapped', async () => {
    const { bytes } = await wrap(makeBzImage(), { form: 'inplace' });
    await expect(wrap(bytes, { form: 'inplace' })).rejects.toMatchObject({ code: 'writer/already-elf' });
  });
});

describe('vmlinux', () => {
  test.each(SMALL_KERNELS)(
    'of %s has the bytes of the inner kernel, and its notes and ours in one PT_NOTE',
    async (name) => {
      const { bytes } = await wrap(small(name), { form: 'vmlinux' });
      const elf = readElf(bytes);
      expect(elf.segments.filter(({ p_type }) => p_type === 4)).toHaveLength(1);
      const kinds = readNotes(elf).map((note) => decodeNote(note).kind);
      expect(kinds).toEqual(
        expect.arrayContaining(['image', 'entry', 'mapping', 'placement', 'payload'].map((kind) => `bzelf-${kind}`)),
      );
      expect(kinds).toContain('gnu-build-id');
      expect(kinds).not.toContain('bzelf-origin');
      expect(() => unwrap(bytes)).toThrow(expect.objectContaining({ code: 'writer/no-origin' }));
    },
  );

  test('for Xen PV wants the Xen PV notes of the kernel', async () => {
    const xenPv = wrap(small('61-64-gzip'), { form: 'vmlinux', target: 'xen-pv' });
    await expect(xenPv).rejects.toMatchObject({ code: 'writer/no-xen-pv' });
  });

  test('of an image without payload is refused', async () => {
    await expect(wrap(makeBzImage(), { form: 'vmlinux' })).rejects.toMatchObject({ code: 'writer/no-payload' });
  });
});

test.each([
  { what: 'an unknown target', options: { target: 'lilo' }, code: 'writer/unknown-target' },
  { what: 'a target of another form', options: { target: 'xen-pv' }, code: 'writer/target-form' },
  {
    what: 'a note of type 18',
    options: { notes: [{ owner: 'Me', type: 18, desc: new Uint8Array(4) }] },
    code: 'writer/note-type',
  },
  {
    what: 'a command line that the kernel would cut',
    options: { cmdline: 'x'.repeat(0x800) },
    code: 'writer/cmdline-too-long',
  },
])('$what is refused with $code', async ({ options, code }) => {
  await expect(wrap(makeBzImage(), options)).rejects.toMatchObject({ name: 'BzelfError', code });
});

test('one changed byte anywhere in the kept bzImage is noticed by unwrap', async () => {
  const input = makeBzImage();
  const { bytes } = await wrap(input, {});
  const at = Buffer.from(bytes).indexOf(Buffer.from(input.subarray(0x1f1, 0x260))) + 0x40;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  expect(() => unwrap(bytes)).toThrow(BzelfError);
});

function complaints(elflint: Judge, bytes: Uint8Array): Promise<string[]> {
  return withTempFolder((folder) => {
    const path = join(folder, 'file.elf');
    writeFileSync(path, bytes);
    const said = new TextDecoder().decode(elflint.run(['--gnu-ld', path]).stdout).split('\n');
    return said.filter((line) => line && !/unknown object file note type|^No errors/.test(line));
  });
}

const innerKernel = async (input: Uint8Array): Promise<Uint8Array> =>
  splitVmlinux(await extractPayload(readBzImage(input))).elf;

describe.each(TARGETS.flatMap(({ name, forms }) => forms.map((form) => ({ target: name, form }))))(
  'outside judges on $target, $form',
  ({ target, form }) => {
    if (target === 'xen-pv') return;
    const file = () => wrap(small('61-64-gzip'), { target, form, allowEfiLoss: true, initrd: new Uint8Array(100) });

    testWith(['readelf'], 'readelf reads everything without a warning', async (readelf) => {
      const { bytes } = await file();
      expect(readelf.textOf(bytes, ['-hlSnW'])).not.toMatch(/[Ww]arning|[Ee]rror/);
    });

    testWith(['eu-elflint'], 'eu-elflint complains of nothing that is ours but unknown note types', async (elflint) => {
      const { bytes } = await file();
      const kernels = form === 'vmlinux' ? await complaints(elflint, await innerKernel(small('61-64-gzip'))) : [];
      expect(await complaints(elflint, bytes)).toEqual(kernels);
    });
  },
);
