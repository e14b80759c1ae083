import { BzelfError } from '@bzelf/bytes';
import { SMALL_KERNELS, countingSource, makeBzImage, testImage } from '@bzelf/testkit';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { computeCrc, extractPayload, fixCrc, probeBzImage, readBzImage, type BzImage } from '../src/index.js';

const body = (length: number) => new Uint8Array(length).fill(0xf4);

describe('geometry', () => {
  test.each([
    { setup_sects: 0, start: 5 * 512 }, // boot.rst: 0 means 4
    { setup_sects: 4, start: 5 * 512 },
    { setup_sects: 0x27, start: 0x5000 },
  ])('setup_sects $setup_sects puts the protected-mode kernel at $start', ({ setup_sects, start }) => {
    const image = readBzImage(makeBzImage({ setup_sects }));
    expect(image.setupSize).toBe(start);
    expect(image.protectedMode.offset).toBe(start);
  });

  // prettier-ignore
  test.each([
    { title: 'syssize 16-byte units',                version: 0x020f, syssize: 0x20,   file: 0x300, size: 0x200, trailing: 0x100 },
    { title: 'the rest of the file if it ends early', version: 0x020f, syssize: 0x31,   file: 0x300, size: 0x300, trailing: 0 },
    { title: 'the rest of the file if syssize is 0',  version: 0x020f, syssize: 0,      file: 0x300, size: 0x300, trailing: 0 },
    { title: 'the rest of the file before 2.04',      version: 0x0203, syssize: 0x20,   file: 0x300, size: 0x300, trailing: 0 },
  ])('the protected-mode kernel is $title', ({ version, syssize, file, size, trailing }) => {
    const image = readBzImage(makeBzImage({ version, syssize, protectedMode: body(file), crc: 'none' }));
    expect(image.protectedMode.size).toBe(size);
    expect(image.trailing).toEqual({ offset: image.setupSize + size, size: trailing });
  });

  test('setup that swallows the file is an error that says so', () => {
    expect(() => readBzImage(makeBzImage({ setup_sects: 4 }).subarray(0, 0xa00))).toThrow(
      expect.objectContaining({ code: 'bzimage/no-protected-mode', offset: 0x1f1 }),
    );
  });
});

describe('what the header says', () => {
  // prettier-ignore
  test.each([
    { title: 'XLF_KERNEL_64',                 fields: { bits: 64 },                                       bits: 64 },
    { title: 'no XLF_KERNEL_64',              fields: { bits: 32 },                                       bits: 32 },
    { title: 'code32_start 0, as iPXE',       fields: { version: 0x0207, code32_start: 0 },               bits: 16 },
    { title: 'no size before 2.04, as memdisk', fields: { version: 0x0203, syssize: 0 },                  bits: 16 },
  ] as const)('$title means $bits bits', ({ fields, bits }) => {
    expect(readBzImage(makeBzImage(fields)).bits).toBe(bits);
  });

  test('kernel_version is the string it points at', () => {
    expect(readBzImage(makeBzImage({ kernelVersion: '6.1.0 (a@b) #1' })).kernelVersion).toBe('6.1.0 (a@b) #1');
  });

  test.each([{ kernel_version: 0 }, { kernel_version: 4 * 0x200 }])(
    'kernel_version $kernel_version is none: it must be nonzero and less than 0x200 * setup_sects',
    ({ kernel_version }) => {
      expect(readBzImage(makeBzImage({ kernel_version })).kernelVersion).toBeUndefined();
    },
  );

  test('reads kernel_info, MZ/PE and the certificate table', () => {
    const image = readBzImage(makeBzImage({ pe: 'signed' }));
    expect(image.kernelInfo?.setup_type_max).toBe(0x80000009);
    expect(image.pe).toMatchObject({ format: 'PE32+', machine: 0x8664, subsystem: 10, checkSum: 0x00c0ffee });
    expect(image.certificates).toMatchObject([{ revision: 0x200, type: 2 }]);
    expect(readBzImage(makeBzImage({ pe: true, bits: 32 })).pe).toMatchObject({ format: 'PE32', machine: 0x14c });
  });

  test('touches only the headers until asked for more', () => {
    const source = countingSource(makeBzImage({ payload: gzipSync(body(1 << 20)), protectedMode: body(1 << 20) }));
    readBzImage(source);
    expect(source.bytesRead).toBeLessThan(8192);
  });
});

describe('the CRC', () => {
  const payload = gzipSync(body(64));
  // prettier-ignore
  test.each([
    { title: 'right',                              options: { payload },                                state: 'good' },
    { title: 'wrong',                              options: { payload, crc: 'bad' },                    state: 'bad' },
    { title: 'right before signing',               options: { payload, pe: 'signed' },                  state: 'signed' },
    { title: 'wrong and signed',                   options: { payload, pe: 'signed', crc: 'bad' },      state: 'bad' },
    { title: 'older than the field',               options: { version: 0x0207 },                        state: 'none' },
    { title: 'in an image without payload',        options: { crc: 'bad' },                             state: 'none' },
  ] as const)('$title is "$state"', ({ options, state }) => {
    expect(readBzImage(makeBzImage(options)).crc.state).toBe(state);
  });

  test('is checked without touching the input', () => {
    const bytes = Buffer.from(makeBzImage({ payload, pe: 'signed' }));
    const before = Buffer.from(bytes);
    expect(readBzImage(bytes).crc.state).toBe('signed');
    expect(bytes.equals(before)).toBe(true);
  });

  test('with a zero slot, as kernels from 6.15 on leave it, is "none"', () => {
    const bytes = makeBzImage({ payload });
    bytes.fill(0, bytes.length - 4);
    expect(readBzImage(bytes).crc.state).toBe('none');
  });

  test('of a real kernel matches what its build wrote, and fixCrc repairs a change', () => {
    const bytes = new Uint8Array(readFileSync(testImage('61-64-gzip.bzImage')));
    expect(computeCrc(bytes)).toBe(0); // boot.rst: over the whole file including the CRC it is 0
    bytes[0x4000] = (bytes[0x4000] ?? 0) ^ 1;
    const { crc } = readBzImage(bytes);
    expect(crc.state).toBe('bad');
    fixCrc(bytes);
    expect(readBzImage(bytes).crc).toMatchObject({ state: 'good', stored: crc.computed });
  });
});

describe('small kernels', () => {
  test.each(SMALL_KERNELS.map((name) => ({ name })))('$name is read as its build made it', ({ name }) => {
    const image = readBzImage(readFileSync(testImage(`${name}.bzImage`)));
    expect(image.version).toBe(0x020f);
    expect(image.bits).toBe(Number(name.split('-')[1]));
    expect(image.payload?.compressor).toBe(name.split('-')[2]);
    expect(image.kernelVersion).toMatch(/^6\.1\.192 /);
    expect(image.kernelInfo).toMatchObject({ size: 16, size_total: 16, setup_type_max: 0x80000009 });
    expect(image.crc.state).toBe('good');
    expect(image.trailing.size).toBe(0);
  });
});

/** Everything that can be asked of an image. */
async function readAll(bytes: Uint8Array): Promise<BzImage | undefined> {
  probeBzImage(bytes);
  const image = readBzImage(bytes);
  for (const ask of [() => image.crc, () => image.kernelInfo, () => image.certificates]) allowBzelfError(ask);
  await extractPayload(image, { limit: 1 << 20 });
  return image;
}

function allowBzelfError(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    if (!(error instanceof BzelfError)) throw error;
  }
}

async function survives(bytes: Uint8Array): Promise<void> {
  await readAll(bytes).catch((error: unknown) => {
    if (!(error instanceof BzelfError)) throw error;
  });
}

describe('malformed input gives a BzelfError or a sensible reading', () => {
  const good = makeBzImage({ pe: 'signed', payload: gzipSync(body(1000)), kernelVersion: '6.1', setup_sects: 4 });

  test('at every truncation', async () => {
    for (let length = 0; length < good.length; length++) await survives(good.subarray(0, length));
  });

  test.each([0x00, 0x01, 0x7f, 0x80, 0xff])('with any byte of MZ, PE and setup_header set to %i', async (value) => {
    for (let at = 0; at < 0x270; at++) {
      const bytes = good.slice();
      bytes[at] = value;
      await survives(bytes);
    }
  });
});
