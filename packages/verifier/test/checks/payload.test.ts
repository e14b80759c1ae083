/** The kernel inside: whole in every good file, and what is wrong with it is found whatever compressed it. */
import { gunzipSync, gzipSync } from 'node:zlib';
import { setU32 } from '@bzelf/bytes';
import { fixCrc, readBzImage } from '@bzelf/bzimage';
import { BZELF_PAYLOAD, ELF64_PHDR } from '@bzelf/elf';
import { makeBzImage, SMALL_KERNELS } from '@bzelf/testkit';
import { verifyPayload } from '../../src/index.js';
import { INNER_CHECK } from '../../src/inner-kernel.js';
import { image, wrapped } from './edit';

const provoked = new Set<string>();

async function codesOf(bytes: Uint8Array): Promise<string[]> {
  const codes = (await verifyPayload(bytes)).map(({ code }) => code);
  codes.forEach((code) => provoked.add(code));
  return codes;
}

test.each(SMALL_KERNELS)('%s is whole', async (name) => {
  expect(await codesOf(image(name))).toEqual([]);
});

test('the SHA-256 and the notes of PAYLOAD are those of the kernel inside', async () => {
  expect(await codesOf((await wrapped({ inspectPayload: true })).bytes)).toEqual([]);
  expect(await codesOf((await wrapped({ form: 'inplace', inspectPayload: true })).bytes)).toEqual([]);
});

test.each(SMALL_KERNELS)('a damaged payload of %s is found', async (name) => {
  const bytes = new Uint8Array(image(name));
  const { payload } = readBzImage(bytes);
  const middle = (payload?.offset ?? 0) + ((payload?.length ?? 0) >> 1);
  bytes.fill(0xa5, middle, middle + 64);
  const codes = await codesOf(bytes);
  // LZO has no checksum: what comes out may be a kernel of the right size, which only the CRC tells from the right one.
  if (!name.endsWith('lzo') || codes.length > 0) expect(codes).toEqual(['inner/corrupt']);
});

describe('a kernel inside that is not what it should be', () => {
  const { payload, header } = readBzImage(image());
  const at = payload?.offset ?? 0;
  const inner = new Uint8Array(gunzipSync(image().subarray(at, at + (payload?.length ?? 0))));

  /** A bzImage around a vmlinux.bin.all. */
  const around = (all: Uint8Array): Uint8Array =>
    makeBzImage({ payload: new Uint8Array(gzipSync(all, { level: 1 })), init_size: header.init_size ?? 0 });
  const changed = (change: (bytes: Uint8Array) => void): Uint8Array => {
    const copy = inner.slice();
    change(copy);
    return around(copy);
  };

  // prettier-ignore
  test.each([
    { what: 'as it was',                       bytes: () => around(inner), finds: [] },
    { what: 'a relocation table cut by 2 bytes', bytes: () => around(inner.subarray(0, -2)), finds: ['inner/relocations'] },
    { what: 'a relocation table out of order', bytes: () => changed((b) => setU32(b, b.length - 4, 1)), finds: ['inner/relocations'] },
    { what: 'no ELF file',                     bytes: () => changed((b) => b.fill(0, 0, 4)), finds: ['inner/vmlinux'] },
    { what: 'a program header past the end',   bytes: () => changed((b) => ELF64_PHDR.write(b, 64, { p_filesz: 1n << 40n })), finds: ['inner/vmlinux'] },
    { what: 'more bss than init_size',         bytes: () => changed((b) => ELF64_PHDR.write(b, 64 + 2 * 56, { p_memsz: 0x200_0000n })), finds: ['inner/init-size'] },
  ])('$what', async ({ bytes, finds }) => {
    expect(await codesOf(bytes())).toEqual(finds);
  });
});

test('another SHA-256, and another build ID, than those of the kernel inside', async () => {
  const file = await wrapped({ inspectPayload: true });
  file.desc('bzelf', 7, BZELF_PAYLOAD, { sha256: new Uint8Array(32) });
  file.bytes.set([0, 0, 0, 0], file.note('GNU', 3).descOffset);
  expect(await codesOf(file.bytes)).toEqual(['inner/sha256', 'inner/notes']);
});

test('a bomb ends at the limit', async () => {
  const findings = await verifyPayload(image(), { limit: 1 << 20 });
  expect(findings.map(({ code }) => code)).toEqual(['inner/corrupt']);
});

test('a program that is no Linux has nothing inside', async () => {
  const bytes = makeBzImage();
  fixCrc(bytes);
  expect(await codesOf(bytes)).toEqual([]);
});

test('every finding of the kernel inside is provoked above', () => {
  expect([...provoked].sort()).toEqual(Object.keys(INNER_CHECK.findings).sort());
});
