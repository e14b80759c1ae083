/** How many instructions the decoder takes in a second: all fields, the text of the 64-bit test kernel, cold and warm. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { Decoder, LANES } from '../src/index';

const image = readFileSync('test-images/61-64-gzip.bzImage');
const payload = ((image[0x1f1] ?? 0) + 1) * 512 + image.readUInt32LE(0x248);
const kernel = Uint8Array.from(gunzipSync(image.subarray(payload, payload + image.readUInt32LE(0x24c))));
const lanes = new Int32Array(LANES);
const decoder = new Decoder();
for (let round = 1; round <= 6; round++) {
  const start = process.cpuUsage();
  let count = 0;
  for (let at = 0x1000; at < 0x200000; count++)
    at += Math.max(1, decoder.decode(kernel, at, kernel.length, 64, lanes, 0));
  const seconds = process.cpuUsage(start).user / 1e6;
  console.log(`round ${round}: ${count} instructions, ${(count / seconds / 1e6).toFixed(1)} M/s of processor time`);
}
