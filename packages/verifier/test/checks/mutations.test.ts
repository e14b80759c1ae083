/** A good file, broken in one way, gives the finding that this breakage must give, and no other. */
import { fixCrc, SETUP_HEADER } from '@bzelf/bzimage';
import { CHECKS, FINDINGS, verifyStructure } from '../../src/index.js';
import { image, wrapped } from './edit';
import { MUTATIONS } from './mutations';

const codesOf = (bytes: Uint8Array): string[] => [...new Set(verifyStructure(bytes).map(({ code }) => code))].sort();

test.each(MUTATIONS)('$breaks is caught ($of.form $of.target)', async ({ of, change, finds }) => {
  const file = await wrapped(of);
  change(file);
  expect(codesOf(file.bytes)).toEqual([...finds].sort());
});

describe('a bzImage', () => {
  // prettier-ignore
  test.each([
    { breaks: 'a byte of it',       change: (b: Uint8Array) => b.set([1], 0x9000), finds: ['crc/bad'] },
    { breaks: 'its CRC',            change: (b: Uint8Array) => b.set([1], b.length - 1), finds: ['crc/bad'] },
    { breaks: 'init_size',          change: (b: Uint8Array) => { SETUP_HEADER.write(b, 0, { init_size: 16 }); fixCrc(b, 0x4000 + 0x17c400); }, finds: ['setup-header/init-size'] },
    { breaks: 'the first payload byte', change: (b: Uint8Array) => { b[0x42c4] = 0; fixCrc(b, 0x4000 + 0x17c400); }, finds: ['payload/unknown'] },
  ])('$breaks is caught', ({ change, finds }) => {
    const bytes = new Uint8Array(image());
    change(bytes);
    expect(codesOf(bytes)).toEqual(finds);
  });

  test.each([0x300, 0x3000, 0x8000, 0x100000, 0x17ffff])('cut to %i bytes is caught', (length) => {
    expect(codesOf(image().slice(0, length))).not.toEqual([]);
  });
});

test('something that is neither ELF nor bzImage is refused', () => {
  expect(() => verifyStructure(new Uint8Array(4096))).toThrow(expect.objectContaining({ code: 'loader/not-a-kernel' }));
});

/** Only signed kernels show these; test-kernels has some. */
const OF_SIGNED_KERNELS = ['crc/signed', 'crc/signature-lost', 'crc/certificates'];

test('every code is caught by a mutation', () => {
  const caught = new Set([...MUTATIONS.flatMap(({ finds }) => finds), ...OF_SIGNED_KERNELS]);
  const ofFiles = Object.keys(FINDINGS).filter((code) => !code.startsWith('target/'));
  expect(ofFiles.filter((code) => !caught.has(code))).toEqual([]);
});

test('every code begins with the name of its check, once', () => {
  for (const { name, findings } of CHECKS)
    for (const code of Object.keys(findings)) expect(code).toMatch(new RegExp(`^${name}/[a-z0-9-]+$`));
});
