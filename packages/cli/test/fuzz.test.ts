/** A short run of scripts/fuzz.mjs: mutated files through the code of every command. */
import { gzipSync } from 'node:zlib';
import { makeBzImage } from '@bzelf/testkit';
import { PATHS, fuzzOnce, makeSeed, mutate, payloadOf, randomFrom, seedsFrom, smallVmlinux } from '../src/fuzz';

const COUNT = 300;

const images = () => {
  const vmlinux = smallVmlinux();
  const payload = payloadOf(new Uint8Array(gzipSync(vmlinux)), vmlinux.length, 'gzip');
  return {
    small: makeBzImage({ payload, pe: true, kernelVersion: '6.1.0 small' }),
    'small i386': makeBzImage({ bits: 32 }),
    vmlinux,
  };
};

test(`${COUNT} mutated files give results or errors of malformed input, nothing else`, async () => {
  const seeds = await seedsFrom(images());
  expect(seeds.map(({ name }) => name)).toContain('small container pvh');
  for (let iteration = 0; iteration < COUNT; iteration++) {
    const finds = await fuzzOnce(seeds, 7, iteration);
    expect(finds.map(({ path, error }) => ({ iteration, path, error }))).toEqual([]);
  }
}, 60_000);

test('the same number gives the same file, and the next one another', () => {
  const seeds = [makeSeed('small', makeBzImage())];
  const [seed] = seeds;
  if (seed === undefined) throw new Error('no seed');
  const make = (iteration: number) => mutate(seed, seeds, randomFrom(1, iteration));
  expect(make(5)).toEqual(make(5));
  expect(make(5)).not.toEqual(make(6));
});

test('a path that fails with anything else is a find', async () => {
  const seeds = [makeSeed('small', makeBzImage())];
  const paths = PATHS as Record<string, unknown>;
  paths['broken'] = () => {
    throw new TypeError('a bug');
  };
  try {
    const [find] = await fuzzOnce(seeds, 1, 1);
    expect(find).toMatchObject({ path: 'broken', seedFile: 'small', iteration: 1 });
  } finally {
    delete paths['broken'];
  }
});
