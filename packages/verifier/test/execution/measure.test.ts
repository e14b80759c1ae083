/** What runs have touched becomes what a file declares, and is enough. */
import { phys, toSource } from '@bzelf/bytes';
import { declaredRange } from '@bzelf/bzimage';
import { openKernel } from '@bzelf/loader';
import { rewriteMappings, wrap } from '@bzelf/writer';
import { measureMappings } from '../../src/measure';
import { verify } from '../../src/verify';
import { image } from '../checks/edit';

jest.setTimeout(60_000); // four runs

const OPTIONS = { ram: 64 << 20, profiles: ['pvh', 'linux64'] } as const;
const UNTOUCHED = declaredRange('framebuffer', phys(0xa0000), 0x10000n, 'rw', { optional: true });

async function measure() {
  const { bytes } = await wrap(image('61-64-gzip'), { ranges: [UNTOUCHED] });
  const { runs } = await verify(bytes, OPTIONS);
  const kernel = openKernel(toSource(bytes));
  const mappings = measureMappings(kernel, runs);
  const ranges = (protocol: string) => {
    const id = kernel.entries.find((entry) => entry.protocol === protocol)?.id;
    return mappings.find(({ entryId }) => entryId === id)?.ranges ?? [];
  };
  return { bytes, runs, kernel, mappings, ranges };
}

const measured = measure();

test('a run from the measured ranges alone comes to the kernel, and the structure is without errors', async () => {
  const { bytes, mappings } = await measured;
  const file = rewriteMappings(bytes, mappings);
  const { verdict, structure, runs } = await verify(file, OPTIONS);
  expect(structure.filter(({ severity }) => severity !== 'note')).toEqual([]);
  expect(
    runs.map(({ reached, findings }) => [reached, findings.filter(({ severity }) => severity !== 'note')]),
  ).toEqual([
    ['entry', []],
    ['entry', []],
  ]);
  expect(verdict).toBe('pass');
  // measuring anew finds nothing new
  expect(measureMappings(openKernel(toSource(file)), runs)).toEqual(mappings);
});

test.each(['pvh', 'linux64'] as const)(
  '%s: the runtime window ends with the last page that was touched in it',
  async (protocol) => {
    const { runs, ranges, kernel } = await measured;
    const runtime = ranges(protocol).find(({ purpose }) => purpose === 'runtime');
    const run = runs.find((own) => own.protocol === protocol);
    const initSize = kernel.placement?.initSize ?? 0n;
    const start = kernel.placement?.preferred ?? 0n;
    const ends = (run?.touches ?? [])
      .filter((own) => own.kind !== 'walk' && own.start < start + initSize && own.start >= start)
      .map((own) => own.start + own.length);
    const last = ends.reduce((most, end) => (end > most ? end : most), 0n);
    expect(runtime?.evidence).toBe('measured');
    expect(runtime?.start).toBe(start);
    expect((runtime?.start ?? 0n) + (runtime?.length ?? 0n)).toBe(last);
    expect(runtime?.length).toBeLessThan(initSize);
  },
);

test('what nobody has touched, and the entries that nothing has entered, stay as declared', async () => {
  const { ranges } = await measured;
  expect(ranges('pvh').at(-1)).toEqual(UNTOUCHED);
  expect(new Set(ranges('elfboot').map(({ evidence }) => evidence))).toEqual(new Set(['declared']));
});
