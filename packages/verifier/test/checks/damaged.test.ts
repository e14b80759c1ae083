/** Damaged files give findings, or one BzelfError; never another exception, and never without end. */
import { isBzelfError } from '@bzelf/bytes';
import { scanNotes, readElf } from '@bzelf/elf';
import { splitMix64 } from '@bzelf/loader';
import { makeBzImage } from '@bzelf/testkit';
import { wrap, type WrapOptions } from '@bzelf/writer';
import { forecastLoaders, verifyStructure } from '../../src/index.js';

const RUNS = 30;
/** A run that takes longer has found a loop. */
const LONGEST_MS = 2_000;
// prettier-ignore
const VALUES = [0n, 1n, 2n, 3n, 4n, 7n, 8n, 0x7fn, 0xffn, 0x1000n, 0x8000n, 0xffffn, 0x7fff_ffffn, 0xffff_ffffn, 1n << 40n, (1n << 63n) - 1n, (1n << 64n) - 1n];

const OPTIONS: readonly (WrapOptions | undefined)[] = [
  undefined,
  {},
  { target: 'universal' },
  { target: 'multiboot2' },
  { target: 'elfboot32' },
  { form: 'inplace' },
];

const small = makeBzImage({ protectedMode: new Uint8Array(0x2000).fill(0x90) });

/** Where fields are: headers at the beginning, note headers, and what notes begin with. */
function spots(bytes: Uint8Array): number[] {
  const headers = Array.from({ length: 0x270 / 4 }, (_, i) => i * 4);
  if (bytes[0] !== 0x7f) return headers;
  const notes = scanNotes(readElf(bytes)).notes.flatMap(({ offset, descOffset, desc }) => [
    ...[0, 4, 8].map((at) => offset + at),
    ...Array.from({ length: Math.min(desc.length, 128) >> 2 }, (_, i) => descOffset + 4 * i),
  ]);
  const { e_shoff, e_shnum } = readElf(bytes).header;
  const sections = Array.from({ length: (e_shnum * 40) >> 2 }, (_, i) => Number(e_shoff) + 4 * i);
  return [...headers, ...notes, ...sections].filter((at) => at + 8 <= bytes.length);
}

function damage(bytes: Uint8Array, places: readonly number[], random: () => bigint): Uint8Array {
  const copy = bytes.slice();
  const pick = <T>(list: readonly T[]): T | undefined => list[Number(random() % BigInt(list.length))];
  if (random() % 8n === 0n) return copy.subarray(0, Number(random() % BigInt(copy.length)));
  const view = new DataView(copy.buffer);
  for (let n = random() % 3n; n >= 0n; n--) {
    const value = random() % 4n === 0n ? random() : (pick(VALUES) ?? 0n);
    const at = pick(places) ?? 0;
    if (random() % 2n === 0n) view.setUint32(at, Number(value & 0xffff_ffffn), true);
    else view.setBigUint64(at, value, true);
  }
  return copy;
}

function look(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!isBzelfError(error)) throw error;
  }
}

test.each(OPTIONS)('files made with %j', async (options) => {
  const bytes = options === undefined ? small : (await wrap(small, options)).bytes;
  const places = spots(bytes);
  const random = splitMix64(7n);
  for (let run = 0; run < RUNS; run++) {
    const damaged = damage(bytes, places, random);
    const begin = performance.now();
    look(() => verifyStructure(damaged));
    look(() => forecastLoaders(damaged));
    expect(performance.now() - begin).toBeLessThan(LONGEST_MS);
  }
});
