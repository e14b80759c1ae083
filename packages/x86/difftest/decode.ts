/** The decoder against iced-x86: all text of the kernels, real-mode setups, random and malformed bytes, in three modes. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { judge } from '../test/iced-judge';
import { randomCode } from '../test/random-code';
import { type CodeSize } from '../src/index';

/** Differences by their text with the numbers taken out, so that a thousand of a kind are one line. */
const kinds = new Map<string, { count: number; example: string }>();
let compared = 0;

function run(bytes: Uint8Array, from: number, to: number, bits: CodeSize, end = to): void {
  for (let at = from; at < to;) {
    const { length, difference } = judge(bytes, at, end, bits);
    compared++;
    if (difference !== undefined) {
      const key = `${bits}: ${difference.replaceAll(/(displacement|target|immediate) .*/g, '$1')}`;
      const entry = kinds.get(key) ?? { count: 0, example: Buffer.from(bytes.subarray(at, at + 15)).toString('hex') };
      entry.count++;
      kinds.set(key, entry);
    }
    at += length;
  }
}

const [count = '1000000', seed = '1'] = process.argv.slice(2);
const images = 'test-images';
for (const name of readdirSync(images).filter((file) => file.endsWith('-gzip.bzImage'))) {
  const image = readFileSync(join(images, name));
  const setup = ((image[0x1f1] || 4) + 1) * 512;
  run(image, 0x268, setup, 16);
  const payload = setup + image.readUInt32LE(0x248);
  const end = payload + image.readUInt32LE(0x24c);
  const kernel = gunzipSync(image.subarray(payload, end));
  run(kernel, 0x1000, Math.min(kernel.length, 0x300000), name.includes('-32-') ? 32 : 64);
  console.log(`${name}: ${compared} instructions so far`);
}
let state = Number(seed);
for (const bits of [16, 32, 64] as const) {
  for (let i = 0; i < Number(count); i += 1) {
    const bytes = randomCode(state++);
    run(bytes, 0, 1, bits, bytes.length);
  }
}
for (const [kind, { count: times, example }] of [...kinds].sort((a, b) => b[1].count - a[1].count))
  console.log(times, kind, example);
console.log(`${compared} instructions, ${kinds.size} kinds of difference, seed ${seed}`);
process.exitCode = kinds.size === 0 ? 0 : 1;
