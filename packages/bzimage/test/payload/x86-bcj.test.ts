import { testWith } from '@bzelf/testkit';
import { readFileSync } from 'node:fs';
import { undoX86Bcj } from '../../src/payload/x86-bcj.js';
import { decompress } from '../../src/index.js';

/** Machine code and, so that every mask occurs, bytes drawn from the ones that matter. */
function samples(): { title: string; data: Uint8Array }[] {
  const alphabet = [0xe8, 0xe9, 0x00, 0xff, 0x01, 0x90];
  let seed = 1;
  const next = () => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) >>> 16;
  return [
    { title: 'machine code', data: readFileSync(process.execPath).subarray(0x1000000, 0x1040000) },
    {
      title: 'branch opcodes in every arrangement',
      data: Uint8Array.from({ length: 100_003 }, () => alphabet[next() % 6] ?? 0),
    },
  ];
}

describe.each(samples())('$title', ({ data }) => {
  testWith(['xz'], 'comes back as xz --x86 was given it', async (xz) => {
    const stream = xz.bytes(['--x86', '--lzma2', '--check=crc32', '-c'], { input: data });
    expect(Buffer.compare(await decompress('xz', stream), data)).toBe(0);
  });

  test.each([1, 2, 3])('is read alike %i bytes off a word boundary', (offset) => {
    const aligned = new Uint8Array(data);
    undoX86Bcj(aligned);
    const memory = new Uint8Array(data.length + offset);
    const shifted = memory.subarray(offset);
    shifted.set(data);
    undoX86Bcj(shifted);
    expect(Buffer.compare(shifted, aligned)).toBe(0);
    expect(memory.subarray(0, offset).every((byte) => byte === 0)).toBe(true);
  });
});

test.each([0, 1, 4, 5, 6, 7, 8, 9])('a stream of %i bytes is left in bounds', (length) => {
  const bytes = new Uint8Array(length).fill(0xe8);
  undoX86Bcj(bytes);
  expect(bytes).toHaveLength(length);
});
