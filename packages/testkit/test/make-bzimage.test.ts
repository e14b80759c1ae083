import { crc32 } from 'node:zlib';
import { getU16, getU32, getU64, le } from '@bzelf/bytes';
import { makeBzImage, MADE_HEADER_FIELDS, testImage, testWith } from '@bzelf/testkit';
import { readFileSync } from 'node:fs';

/** The fields of a real kernel's header, in the builder's words. */
function fieldsOf(file: Uint8Array): Record<string, bigint> {
  return Object.fromEntries(
    Object.entries(MADE_HEADER_FIELDS).map(([name, [at, size]]) => [
      name,
      Array.from(file.subarray(at, at + size)).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n),
    ]),
  );
}

test.each(['61-64-gzip.bzImage', '61-32-gzip.bzImage'])(
  'the header of %s can be made from its fields alone',
  (name) => {
    const real = new Uint8Array(readFileSync(testImage(name)));
    const start = (Number(real[0x1f1]) + 1) * 512;
    const made = makeBzImage({ ...fieldsOf(real), protectedMode: real.subarray(start, -16) });
    expect(Buffer.from(made.subarray(0x1f1, 0x26c)).toString('hex')).toBe(
      Buffer.from(real.subarray(0x1f1, 0x26c)).toString('hex'),
    );
  },
);

test.each([
  { protocol: '2.00', version: 0x0200, end: 0x224 }, // boot.rst: heap_end_ptr came with 2.01
  { protocol: '2.03', version: 0x0203, end: 0x230 },
  { protocol: '2.07', version: 0x0207, end: 0x248 }, // boot.rst: payload_offset came with 2.08
  { protocol: '2.12', version: 0x020c, end: 0x268 }, // what memtest86+ 6.10 says
  { protocol: '2.15', version: 0x020f, end: 0x26c }, // what Linux 6.1 and 6.12 say
])('protocol $protocol ends its header behind its last field', ({ version, end }) => {
  const file = makeBzImage({ version });
  expect(0x202 + Number(file[0x201])).toBe(end);
  expect(getU16(file, 0x206)).toBe(version);
});

test.each([
  { setup_sects: 0, start: 5 * 512 }, // boot.rst: 0 means 4
  { setup_sects: 1, start: 2 * 512 },
  { setup_sects: 0x27, start: 0x28 * 512 },
])('setup_sects $setup_sects puts the protected-mode kernel at $start', ({ setup_sects, start }) => {
  const file = makeBzImage({ setup_sects, protectedMode: new Uint8Array(100).fill(0x5a) });
  expect(file.indexOf(0x5a, 0x270)).toBe(start);
  expect(file.length).toBe(start + getU32(file, 0x1f4) * 16);
});

test('the CRC is the one of zlib without its final inversion, and can be wrong', () => {
  const good = makeBzImage();
  const bad = makeBzImage({ crc: 'bad' });
  expect(~crc32(good) >>> 0).toBe(0);
  expect(~crc32(bad) >>> 0).not.toBe(0);
});

test('a payload is where payload_offset says', () => {
  const file = makeBzImage({ payload: new TextEncoder().encode('compressed') });
  const at = 5 * 512 + getU32(file, 0x248);
  expect(Buffer.from(file.subarray(at, at + getU32(file, 0x24c))).toString()).toBe('compressed');
});

test('a given field is written as it is, also a lie', () => {
  const file = makeBzImage({ payload_offset: 0xfffffff0, pref_address: 0xffff_ffff_8000_0000n, version: 0x020f });
  expect(getU32(file, 0x248)).toBe(0xfffffff0);
  expect(getU64(file, 0x258)).toBe(0xffff_ffff_8000_0000n);
});

test('kernel_info is a LToP block', () => {
  const file = makeBzImage();
  const at = 5 * 512 + getU32(file, 0x268);
  expect(file.subarray(at, at + 8)).toEqual(Uint8Array.from([...Buffer.from('LToP'), ...le(16, 4)]));
});

testWith(['file'], 'file(1) takes what was made for a Linux kernel and reads its version', (file) => {
  expect(file.textOf(makeBzImage({ kernelVersion: '6.1.0-test' }), ['-b'])).toMatch(
    /Linux kernel x86 boot executable bzImage, version 6\.1\.0-test/,
  );
});

testWith(['objdump'], 'objdump reads the PE header of both widths', (objdump) => {
  expect(objdump.textOf(makeBzImage({ pe: true }), ['-b', 'pei-x86-64', '-p'])).toMatch(/Magic\s+020b/);
  expect(objdump.textOf(makeBzImage({ bits: 32, pe: true }), ['-b', 'pei-i386', '-p'])).toMatch(/Magic\s+010b/);
});

test('a signed image has a certificate table behind the protected-mode kernel, and its raw CRC no longer holds', () => {
  const file = makeBzImage({ pe: 'signed' });
  const loaded = 5 * 512 + getU32(file, 0x1f4) * 16;
  expect(getU32(file, 0xe8)).toBe(loaded); // PE32+: certificate directory at 0xe8
  expect(file.length).toBe(loaded + getU32(file, 0xec));
  expect(~crc32(file.subarray(0, loaded)) >>> 0).not.toBe(0);
  const unsigned = file.slice(0, loaded);
  unsigned.fill(0, 0x98, 0x9c); // CheckSum
  unsigned.fill(0, 0xe8, 0xf0);
  expect(~crc32(unsigned) >>> 0).toBe(0);
});
