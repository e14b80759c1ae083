import { BzelfError } from '@bzelf/bytes';
import { SMALL_KERNELS, judge, testImage, testWith } from '@bzelf/testkit';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  COMPRESSORS,
  decompress,
  detectCompressor,
  extractPayload,
  readBzImage,
  type CompressorName,
} from '../../src/index.js';

/** The kernel build's own commands (scripts/Makefile.lib), and the ones that undo them. */
// prettier-ignore
const COMMANDS = [
  { name: 'gzip',  tool: 'gzip',  pack: ['-n', '-f', '-9', '-c'],                                    unpack: ['-dc'] },
  { name: 'xz',    tool: 'xz',    pack: ['--check=crc32', '--x86', '--lzma2=dict=32MiB', '-c'],      unpack: ['-dc'] },
  { name: 'bzip2', tool: 'bzip2', pack: ['-9', '-c'],                                                unpack: ['-dc'] },
  { name: 'lzma',  tool: 'lzma',  pack: ['-9', '-c'],                                                unpack: ['-dc'] },
  { name: 'lzo',   tool: 'lzop',  pack: ['-9', '-c'],                                                unpack: ['-dc'] },
  { name: 'lz4',   tool: 'lz4',   pack: ['-l', '-9', '-c'],                                          unpack: ['-dc'] },
  { name: 'zstd',  tool: 'zstd',  pack: ['-15', '--no-progress', '-c'],                   unpack: ['-dc', '--long=31'] },
] as const satisfies readonly { name: CompressorName; tool: string; pack: readonly string[]; unpack: readonly string[] }[];

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Data with everything in it: machine code with branches, text, zeros, noise. */
function sample(): Uint8Array {
  const kernel = readFileSync(testImage('61-32-gzip.bzImage'));
  const code = readFileSync(process.execPath).subarray(0x1000000, 0x1010000);
  return Buffer.concat([
    code,
    new Uint8Array(70_000),
    kernel.subarray(0x5000, 0x6000),
    code,
    Buffer.from('text '.repeat(500)),
  ]);
}

const failure = async (promise: Promise<unknown>): Promise<BzelfError | undefined> => {
  try {
    await promise;
    return undefined;
  } catch (error) {
    if (error instanceof BzelfError) return error;
    throw error;
  }
};

test('every compressor has a row here', () => {
  expect(COMMANDS.map((row) => row.name)).toEqual(COMPRESSORS.map((row) => row.name));
});

describe.each(COMMANDS)('$name', ({ name, tool, pack }) => {
  const data = sample();
  const packed = (input: Uint8Array) => new Uint8Array(judge(tool)?.bytes(pack, { input }) ?? []);

  testWith([tool], `gives back what ${tool} was given, with and without bytes behind the stream`, async () => {
    const stream = packed(data);
    expect(detectCompressor(stream)).toBe(name);
    const asBuffer = Buffer.from(stream);
    await decompress(name, asBuffer, { size: data.length });
    expect(sha256(asBuffer)).toBe(sha256(stream)); // the input is only read
    const size = data.length;
    expect(sha256(await decompress(name, stream, { size }))).toBe(sha256(data));
    // The size word that the kernel build appends
    const followed = Buffer.concat([stream, Buffer.from([0x44, 0x33, 0x22, 0x11])]);
    if (name !== 'gzip') expect(sha256(await decompress(name, followed, { size }))).toBe(sha256(data));
  });

  testWith([tool], 'stops at the limit, told the size or not', async () => {
    const bomb = packed(new Uint8Array(4 << 20));
    const size = name === 'lzma' ? { size: 4 << 20 } : {};
    expect(await failure(decompress(name, bomb, { limit: 1 << 18, ...size }))).toMatchObject({
      code: 'bzimage/payload-too-large',
    });
    expect(await failure(decompress(name, bomb, { limit: 1 << 18, size: 1 << 18 }))).toBeInstanceOf(BzelfError);
    expect(await decompress(name, bomb, { limit: 4 << 20, size: 4 << 20 })).toHaveLength(4 << 20);
  });

  testWith([tool], 'a wrong size is an error', async () => {
    const stream = packed(data);
    // The library stops an lzma stream at the size it is told, as the kernel does, so too small a size goes unnoticed.
    const tooSmall = name === 'lzma' ? [0] : [0, 1, data.length - 1];
    for (const size of [...tooSmall, data.length + 1, 0xffffffff])
      expect(await failure(decompress(name, stream, { size, limit: 1 << 24 }))).toBeInstanceOf(BzelfError);
  });

  testWith([tool], 'corrupt and cut streams give a BzelfError, and the next good one is decoded', async () => {
    const stream = packed(data);
    const step = Math.ceil(stream.length / 20);
    const good = sha256(data);
    for (let at = 0; at < stream.length; at += at < 24 ? 1 : step) {
      expect(await failure(decompress(name, stream.subarray(0, at), { size: data.length }))).toBeInstanceOf(BzelfError);
      const bad = stream.slice();
      bad[at] = (bad[at] ?? 0) ^ 0x55;
      await failure(decompress(name, bad, { size: data.length, limit: 1 << 24 }));
    }
    expect(sha256(await decompress(name, stream, { size: data.length }))).toBe(good);
  });
});

describe('small kernels', () => {
  for (const kernel of SMALL_KERNELS) {
    const image = readBzImage(readFileSync(testImage(`${kernel}.bzImage`)));
    const command = COMMANDS.find((row) => row.name === image.payload?.compressor);
    if (command === undefined || image.payload === undefined) throw new Error(`${kernel} has no payload`);
    const { offset, length } = image.payload;
    const stream = image.source.read(offset, length - (command.name === 'gzip' ? 0 : 4));
    testWith([command.tool], `the payload of ${kernel} is what ${command.tool} makes of it`, async (tool) => {
      expect(sha256(await extractPayload(image))).toBe(sha256(tool.bytes(command.unpack, { input: stream })));
    });
  }
});

describe('xz', () => {
  const data = sample();
  // prettier-ignore
  test.each([
    { title: 'several blocks, as threaded xz makes them', words: ['--check=crc32', '--block-size=65536', '--x86', '--lzma2=dict=1MiB'] },
    { title: 'no filter and no check',                    words: ['--check=none', '--lzma2=dict=1MiB'] },
    { title: 'SHA-256',                                   words: ['--check=sha256', '--x86', '--lzma2=dict=1MiB'] },
    { title: 'sizes in the block header',                 words: ['-T2', '--check=crc32', '--x86', '--lzma2=dict=1MiB'] },
    { title: 'a filter that starts elsewhere',            words: ['--check=crc32', '--x86=start=4096', '--lzma2=dict=1MiB'] },
  ].filter(() => judge('xz') !== undefined))('reads $title', async ({ words }) => {
    const stream = judge('xz')?.bytes([...words, '-c'], { input: data }) ?? new Uint8Array(0);
    expect(sha256(await decompress('xz', new Uint8Array(stream)))).toBe(sha256(data));
  });

  testWith(['xz'], 'refuses CRC64 and other filters by name', async (xz) => {
    const crc64 = xz.bytes(['--check=crc64', '-c'], { input: data });
    expect(await failure(decompress('xz', crc64))).toMatchObject({
      code: 'bzimage/payload-unsupported',
      found: 'integrity check 4',
    });
    const arm = xz.bytes(['--arm', '--lzma2', '-c'], { input: data });
    expect(await failure(decompress('xz', arm))).toMatchObject({
      code: 'bzimage/payload-unsupported',
      found: 'filter 0x7, filter 0x21',
    });
  });
});

testWith(['lzop'], 'lzo: stored blocks and CRC-32 are read, and a wrong checksum is found', async (lzop) => {
  const noise = Uint8Array.from({ length: 300_000 }, (_, i) => (Math.imul(i, 0x9e3779b1) >>> 13) & 0xff);
  const stream = new Uint8Array(lzop.bytes(['-1', '--crc32', '-c'], { input: noise }));
  expect(sha256(await decompress('lzo', stream, { size: noise.length }))).toBe(sha256(noise));
  stream[stream.length - 10] = (stream[stream.length - 10] ?? 0) ^ 1;
  expect(await failure(decompress('lzo', stream))).toMatchObject({ code: 'bzimage/payload-corrupt' });
});

test('a payload that is cut, or of no known kind, is an error that says where', async () => {
  const bytes = new Uint8Array(readFileSync(testImage('61-32-gzip.bzImage')));
  expect(() => readBzImage(bytes.subarray(0, 0x10000))).toThrow(
    expect.objectContaining({ code: 'bzimage/payload-past-end', offset: 0x248 }),
  );
  const offset = readBzImage(bytes).payload?.offset ?? 0;
  bytes.fill(0, offset, offset + 4);
  expect(await failure(extractPayload(readBzImage(bytes)))).toMatchObject({
    code: 'bzimage/unknown-compressor',
    offset,
  });
});
