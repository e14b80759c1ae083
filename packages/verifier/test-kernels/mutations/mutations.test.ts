/** Broken files: the whole of `verify` says of each what is wrong with it. Good ones pass. */
import { judge as program } from '@bzelf/testkit';
import { readBzImage } from '@bzelf/bzimage';
import { readFileSync } from 'node:fs';
import { BASE_NAMES, baseOf, fileOf, pathOf, type BaseName } from './bases';
import { brokenStubs, CODE } from './code';
import { CONTENTS } from './contents';
import { ENTRIES } from './entries';
import { HEADERS } from './headers';
import { MEMORY } from './memory';
import { BROKEN_STUBS, brokenStub, findingsOfMap, HAND_OVERS, SWAPS } from './memory-map';
import { brokenFile, findingsOf, judge, type FileMutation } from './mutation';
import { compressorProgram } from './small-kernel';

/** Why a base cannot be made here. */
function missing(name: BaseName): string | undefined {
  const path = pathOf(baseOf(name));
  if (path === undefined) return `no fetched ${baseOf(name).image} here`;
  const compressor = readBzImage(readFileSync(path)).payload?.compressor;
  const wanted = compressor === undefined ? undefined : compressorProgram(compressor);
  return wanted === undefined || program(wanted) !== undefined ? undefined : `no ${wanted} here`;
}
const MISSING = new Map(BASE_NAMES.map((name) => [name, missing(name)]));

function testOf(base: BaseName, title: string, run: () => Promise<void>): void {
  const reason = MISSING.get(base);
  if (reason === undefined) test(title, run, 60_000);
  else test.skip(`${title} [skipped: ${reason}]`, run);
}

describe('good:', () => {
  for (const name of BASE_NAMES)
    testOf(name, `${name} passes without a warning`, async () => {
      const report = await judge(await fileOf(baseOf(name)), name);
      expect(findingsOf(report).filter(({ severity }) => severity !== 'note')).toEqual([]);
      expect(report.verdict).toBe('pass');
      expect(report.runs.map(({ reached }) => reached)).toEqual(['entry']);
    });
});

const SETS: Readonly<Record<string, readonly FileMutation[]>> = { ENTRIES, MEMORY, CONTENTS, HEADERS, CODE };

describe.each(Object.entries(SETS))('broken: %s', (_, rows) => {
  for (const row of rows)
    testOf(row.base, `${row.name} of ${row.base}: ${row.code}`, async () => {
      const report = await judge(await brokenFile(row), row.base, row.by);
      expect(findingsOf(report).map(({ code }) => code)).toContain(row.code);
    });
});

describe.each(HAND_OVERS)(
  'a memory map that is handed over by $by to $base',
  ({ base, by, swaps = 2, found = 'params/e820' }) => {
    testOf(base, 'is what the kernel gets', async () => {
      expect(await findingsOfMap({ base, by })).toEqual([]);
    });
    for (const { name, swap } of SWAPS.slice(0, swaps))
      testOf(base, `${name}: ${found}`, async () => {
        expect(await findingsOfMap({ base, by, swap })).toEqual([found]);
      });
  },
);

describe('a stub that has', () => {
  for (const row of BROKEN_STUBS)
    testOf('container', `${row.name}: ${row.found ?? 'params/e820'}`, async () => {
      const found = await findingsOfMap({ base: 'container', by: 'pvh', change: brokenStub(row) });
      expect(found).toEqual([row.found ?? 'params/e820']);
    });
});

// prettier-ignore
test.each([
  { base: 'container',  nth: 37 },
  { base: 'linux64',    nth: 47 },
  { base: 'universal',  nth: 61 },
  { base: 'multiboot2', nth: 61 },
  { base: 'elfboot32',  nth: 61 },
] as const)('another bit in the stub of $base is seen, and most are seen by what they do', async ({ base, nth }) => {
  const broken = await brokenStubs(base, nth);
  expect(broken.length).toBeGreaterThan(5);
  let executed = 0;
  for (const { bytes } of broken) {
    const report = await judge(bytes, base);
    expect(report.structure.map(({ code }) => code)).toContain('stub/altered');
    if (report.runs.some(({ verdict }) => verdict === 'fail')) executed++;
  }
  // the others are in code for other machines and loaders than this one
  expect(executed / broken.length).toBeGreaterThan(0.4);
}, 120_000);

test('no mutation counts as found that only a limit has found', () => {
  const codes = Object.values(SETS).flatMap((rows) => rows.map(({ code }) => code));
  expect(codes.filter((code) => code === 'run/budget' || code === 'run/deadline')).toEqual([]);
  expect(codes.length).toBeGreaterThan(200);
});
