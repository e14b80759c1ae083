/** What is there for the kernel: whichever loader is played, each range is told once. */
import { openKernel } from '@bzelf/loader';
import { wrap, type WrapOptions } from '@bzelf/writer';
import { allowedRanges, type AllowedRange } from '../../src/execution/rights';
import { profilesFor } from '../../src/profiles/find';
import { handOver } from '../../src/profiles/hand-over';
import { image } from '../checks/edit';

const RAM = 64 << 20;

const isIn = (inner: AllowedRange, outer: AllowedRange): boolean =>
  inner !== outer && inner.purpose === outer.purpose && inner.start >= outer.start && inner.end <= outer.end;

// prettier-ignore
const FILES: readonly { readonly name: string; readonly options?: WrapOptions }[] = [
  { name: 'a bzImage' },
  { name: 'a container for all', options: { target: 'universal' } },
  { name: 'a container for ELFBoot', options: { target: 'elfboot32' } },
  { name: 'an inplace file', options: { form: 'inplace', allowEfiLoss: true } },
];

test.each(FILES)('$name has no range within another of the same purpose, by any profile', async ({ options }) => {
  const bytes = options === undefined ? image() : (await wrap(image(), options)).bytes;
  const kernel = openKernel(bytes);
  const told = profilesFor(kernel).flatMap((profile) => {
    const { plan } = handOver(kernel, profile, { ram: BigInt(RAM), cmdline: 'x', initrd: new Uint8Array(5000) });
    const { ranges } = allowedRanges(kernel, plan);
    return ranges
      .filter((range) => ranges.some((other) => isIn(range, other)))
      .map(({ purpose, start, end }) => `${profile.name}: ${purpose} ${start.toString(16)}-${end.toString(16)}`);
  });
  expect(told).toEqual([]);
});
