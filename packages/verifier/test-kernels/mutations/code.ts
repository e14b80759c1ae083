/** Wrong code: one other bit in an instruction that is executed, in stubs and in decompressors. */
import { STUB } from '@bzelf/writer';
import { baseOf, fileOf, type BaseName } from './bases';
import { flip, flipSealed } from './edits';
import type { FileMutation } from './mutation';
import { executedOffsets } from './trace';

/** File offset, bits, and where the decompressor then ends: triple faults, the decompressor's own words, or anywhere. */
type Place = readonly [at: number, bits: number, code: string];

// prettier-ignore
const DECOMPRESSORS: readonly { readonly base: BaseName; readonly by: string; readonly places: readonly Place[] }[] = [
  { base: 'bzImage', by: 'linux64', places: [
    [0x420a, 64, 'run/fault'], [0x4215, 2, 'run/fault'], [0x4220, 16, 'run/fault'], [0x422d, 128, 'run/fault'],
    [0x4242, 4, 'run/fault'], [0x17e217, 64, 'run/fault'], [0x4279, 16, 'run/fault'], [0x17bf3a, 1, 'run/fault'],
    [0x17be5d, 4, 'run/fault'], [0x17be55, 128, 'run/halt'], [0x17e3da, 64, 'run/lost'], [0x429e, 2, 'run/fault'],
  ] },
  { base: 'bzImage', by: 'linux32', places: [
    [0x4011, 64, 'run/fault'], [0x403a, 4, 'run/lost'], [0x177fa4, 1, 'run/halt'], [0x177fbd, 64, 'run/fault'],
    [0x17803c, 64, 'run/halt'], [0x4058, 64, 'run/unmapped'], [0x40a8, 1, 'run/lost'], [0x40e6, 4, 'run/fault'],
    [0x4206, 16, 'run/fault'], [0x421b, 4, 'run/lost'], [0x17e3c2, 1, 'run/halt'], [0x17bf30, 64, 'run/fault'],
  ] },
  { base: 'bzImage 32', by: 'linux32', places: [
    [0x4002, 4, 'run/fault'], [0x4008, 8, 'run/lost'], [0x400d, 16, 'run/fault'], [0x4014, 64, 'run/fault'],
    [0x4020, 2, 'run/fault'], [0x402b, 32, 'run/fault'], [0x402f, 128, 'run/fault'], [0x403e, 8, 'run/lost'],
    [0x4048, 64, 'run/fault'], [0x4051, 1, 'run/lost'], [0x405d, 4, 'params/cmdline'], [0x4063, 8, 'run/fault'],
    [0x406d, 128, 'run/fault'], [0x4073, 1, 'run/lost'], [0x407b, 4, 'run/lost'], [0x407c, 8, 'run/lost'],
  ] },
];

/** The CRC is right again: only execution can tell. */
export const CODE: readonly FileMutation[] = DECOMPRESSORS.flatMap(({ base, by, places }) =>
  places.map(([at, bits, code]) => ({
    name: `bit ${Math.log2(bits)} of the byte at 0x${at.toString(16)}, by ${by}`,
    base,
    by,
    change: flipSealed(at, bits),
    code,
  })),
);

export interface StubMutation {
  /** What is in the file. */
  readonly bytes: Uint8Array;
  readonly at: number;
}

/** A good container with another bit in every nth instruction that its stub executes. */
export async function brokenStubs(base: BaseName, nth: number): Promise<StubMutation[]> {
  const good = await fileOf(baseOf(base));
  const executed = executedOffsets(good, baseOf(base).by);
  const [first = 0] = executed;
  const ofStub = executed.filter((at) => at >= first && at < first + STUB.params - STUB.entry64);
  return ofStub.flatMap((at, i) => {
    if (i % nth !== 0) return [];
    const bytes = good.slice();
    flip(at, 1 << (i % 8))(bytes);
    return [{ bytes, at }];
  });
}
