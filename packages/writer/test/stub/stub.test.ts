import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { asciz, getU32, phys } from '@bzelf/bytes';
import { repositoryRoot, testImage } from '@bzelf/testkit';
import { buildStub, STUB, STUB_PARAMS, type StubOptions } from '../../src/stub/index.js';
import { STUB_PARAM_OFFSETS, STUB_SYMBOLS } from '../../src/stub/stub.generated.js';

const template = new Uint8Array(4096).fill(0x5a);
const kernel = {
  offset: -0x20_0000,
  size: 0x1000,
  initSize: 0x8000,
  relocatable: true,
  alignment: 0x20_0000,
  has64: true,
};
const options: StubOptions = { template, kernel, cmdlineMax: 0x7ff };

test('the table of parameters has the names and offsets that the assembler gave them', () => {
  const table = Object.fromEntries(
    STUB_PARAMS.fields.filter(({ name }) => name !== 'magic').map(({ name, at }) => [name, at]),
  );
  expect(table).toEqual(STUB_PARAM_OFFSETS);
  expect(Buffer.from(STUB.bytes.subarray(STUB.params, STUB.params + 4)).toString()).toBe('bzst');
});

test('the first bytes are one instruction in 64-bit mode and lead to the 32-bit entry in 32-bit mode', () => {
  const b = STUB.bytes;
  expect([...b.subarray(0, 10)]).toEqual([0x49, 0xbd, 0, 0, 0, 0, 0xeb, STUB.entry32 - 8, 0x90, 0x90]);
  expect(b[10]).toBe(0xe9); // jmp rel32
  expect(15 + getU32(b, 11)).toBe(STUB.entry64);
});

// prettier-ignore
test.each([
  { name: 'Multiboot 1', magic: 0x1bad_b002, words: 3, grid: 4 },
  { name: 'Multiboot 2', magic: 0xe852_50d6, words: 4, grid: 8 },
  { name: 'the Multiboot look-alike of Xen', magic: 0x336e_c578, words: 3, grid: 4 },
])('no word of the stub begins a header of $name', ({ magic, words, grid }) => {
  const { bytes } = buildStub(options);
  const found: number[] = [];
  for (let at = 0; at + 4 * words <= bytes.length; at += grid) {
    const sum = Array.from({ length: words }, (_, i) => getU32(bytes, at + 4 * i)).reduce((a, b) => a + b, 0);
    if (getU32(bytes, at) === magic && sum % 0x1_0000_0000 === 0) found.push(at);
  }
  expect(found).toEqual([]);
});

test('the segment is stub, template, command line, and then memory that the stub clears', () => {
  const built = buildStub({ ...options, builtinCmdline: 'a b' });
  expect(built.bytes.subarray(0, STUB.params)).toEqual(STUB.bytes.subarray(0, STUB.params));
  expect(built.bytes.subarray(built.bpOffset, built.bpOffset + 4096)).toEqual(template);
  const params = STUB_PARAMS.read(built.bytes, STUB.params);
  expect(built.bytes.subarray(params.cmdline_offset)).toEqual(asciz('a b'));
  expect(params).toMatchObject({
    kernel_offset: 0xffe0_0000,
    kernel_size: 0x1000,
    kernel_run: 0,
    init_size: 0x8000,
    kernel_alignment: 0x20_0000,
    flags: 0x0b,
    cmdline_size: 4,
    cmdline_max: 0x7ff,
    bss_offset: built.bssOffset,
    bss_size: STUB_SYMBOLS.bssSize,
  });
  expect(built.bssOffset % 4096).toBe(0);
  expect(built.bssOffset).toBeGreaterThanOrEqual(built.bytes.length);
  expect(built.memsz).toBe(built.bssOffset + STUB_SYMBOLS.bssSize);
});

// prettier-ignore
test.each<{ name: string; change: Partial<StubOptions>; params: Record<string, number> }>([
  { name: 'a 32-bit kernel', change: { kernel: { ...kernel, has64: false } }, params: { flags: 0x09 } },
  { name: 'a kernel that cannot move', change: { kernel: { ...kernel, relocatable: false, run: phys(0x10_0000) } }, params: { flags: 0x03, kernel_run: 0x10_0000 } },
  { name: 'a 16-bit kernel', change: { kernel: { ...kernel, has64: false, relocatable: false, real16: { offset: 0x100, size: 0x400 } } }, params: { flags: 0x04, setup_offset: 0x100, setup_size: 0x400 } },
  { name: 'init_size smaller than the image', change: { kernel: { ...kernel, initSize: 0 } }, params: { init_size: 0x1000 } },
  { name: 'append', change: { cmdlineMode: 'append' }, params: { cmdline_mode: 1 } },
  { name: 'override', change: { cmdlineMode: 'override' }, params: { cmdline_mode: 2 } },
  { name: 'keep', change: { multibootCmdline: 'keep' }, params: { mb_cmdline: 2 } },
  { name: 'an initrd', change: { builtinInitrd: { offset: 0x9000, size: 5 } }, params: { initrd_offset: 0x9000, initrd_size: 5 } },
  { name: 'a limit beyond the buffer', change: { cmdlineMax: 0xffff }, params: { cmdline_max: 4095 } },
])('$name is told to the stub', ({ change, params }) => {
  expect(STUB_PARAMS.read(buildStub({ ...options, ...change }).bytes, STUB.params)).toMatchObject(params);
});

test('a built-in command line that the kernel would cut is refused', () => {
  expect(() => buildStub({ ...options, builtinCmdline: 'x'.repeat(0x800) })).toThrow(
    expect.objectContaining({ code: 'writer/cmdline-too-long' }),
  );
  expect(buildStub({ ...options, builtinCmdline: 'x'.repeat(0x7ff) }).bytes.length).toBeGreaterThan(0);
});

const assembler = ['as', 'gcc', 'ld', 'objcopy', 'nm'].every(
  (tool) => spawnSync(tool, ['--version']).error === undefined,
);
(assembler ? test : test.skip)(
  `stub, launcher and probe are what their sources make${assembler ? '' : ' (skipped: no binutils)'}`,
  () => {
    const done = spawnSync(process.execPath, ['scripts/build-stub.mjs', '--check'], {
      cwd: repositoryRoot(),
      encoding: 'utf8',
    });
    expect(`${done.stdout}${done.stderr}`).not.toContain('differs');
    expect(done.status).toBe(0);
  },
);

test('the probe has the header of a bzImage and a good CRC', () => {
  const image = new Uint8Array(readFileSync(testImage('probe.bzImage')));
  expect(Buffer.from(image.subarray(0x202, 0x206)).toString()).toBe('HdrS');
  const setup = ((image[0x1f1] ?? 0) + 1) * 512;
  expect(setup + 16 * getU32(image, 0x1f4)).toBe(image.length);
  let crc = 0xffff_ffff;
  for (const byte of image) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb8_8320 : 0);
  }
  expect(crc).toBe(0); // boot.rst, "The image checksum": the CRC over the image with its CRC is 0
});
