/** `verify` over real kernels in every form, and over what is broken so that it shows only at the kernel's entry. */
import { readFileSync } from 'node:fs';
import { openKernel, type KernelImage } from '@bzelf/loader';
import { wrap, type WrapOptions } from '@bzelf/writer';
import { FETCHED_KERNELS, kernel, SMALL_KERNELS, testImage } from '@bzelf/testkit';
import { prepare } from '../src/execution/prepare';
import { runProfile } from '../src/execution/run-profile';
import { findProfile, profilesFor } from '../src/profiles/find';
import { verify } from '../src/verify';

const OPTIONS = { ram: 256 << 20, deadline: 120_000, cmdline: 'earlyprintk=ttyS0 console=ttyS0' } as const;
const read = (path: string): Uint8Array => readFileSync(path);

const WAYS: readonly (WrapOptions | undefined)[] = [
  undefined,
  { target: 'universal' },
  { form: 'inplace', allowEfiLoss: true },
  { form: 'vmlinux' },
];
const KERNELS = [
  ...SMALL_KERNELS.map((id) => ({ id, path: testImage(`${id}.bzImage`) })),
  ...FETCHED_KERNELS.filter((id) => id.startsWith('debian')).map((id) => ({ id, path: kernel(id) })),
];
/** xz takes thousands of millions of instructions: once will do. */
const SLOW = ['debian-6.1-amd64', 'debian-installer-i386'];
/** The 16-bit entry is the same code in all of them. */
const withoutSetup = (bytes: Uint8Array): string[] =>
  profilesFor(openKernel(bytes)).flatMap(({ basic, name }) => (basic === true && name !== 'linux16' ? [name] : []));
const ROWS = KERNELS.flatMap((row) =>
  (SLOW.includes(row.id) ? [undefined] : WAYS).map((way) => ({
    ...row,
    way: way?.target ?? way?.form ?? 'bzImage',
    options: way,
  })),
);

describe.each(ROWS)('$id as $way', ({ path, options, id }) => {
  (path === undefined ? test.skip : test)(
    path === undefined ? 'passes [skipped: not fetched]' : 'passes',
    async () => {
      const bytes = options === undefined ? read(path ?? '') : (await wrap(read(path ?? ''), options)).bytes;
      const { runs, verdict, structure, payload } = await verify(bytes, {
        ...OPTIONS,
        ...(id === '61-64-gzip' ? { profiles: ['all'] } : {}),
        ...(SLOW.includes(id) ? { profiles: withoutSetup(bytes) } : {}),
      });
      const worse = [...structure, ...payload, ...runs.flatMap(({ findings }) => findings)].filter(
        ({ severity }) => severity !== 'note',
      );
      expect(worse.map(({ code, field, found }) => `${code} ${field} ${found}`)).toEqual([]);
      expect(runs.length).toBeGreaterThan(0);
      expect(verdict).toBe('pass');
    },
    300_000,
  );
});

test('a container passes to the banner, also with a kernel that has moved itself', async () => {
  const { bytes } = await wrap(read(testImage('61-64-gzip.bzImage')));
  const { runs } = await verify(bytes, { ...OPTIONS, until: 'banner', profiles: ['pvh', 'linux64-full'] });
  expect(runs.map(({ profile, reached, verdict }) => [profile, reached, verdict])).toEqual([
    ['pvh', 'banner', 'pass'],
    ['linux64-full', 'banner', 'pass'],
  ]);
  const [pvh, full] = runs;
  expect(pvh?.phases.map(({ name }) => name)).toEqual(['stub', 'before copy', 'decompression', 'after jump']);
  expect(pvh?.slides).toEqual({ physical: 0n, virtual: 0n });
  expect(full?.slides?.physical).not.toBe(0n);
  expect(full?.entry).toBe(0x100_0000n + (full?.slides?.physical ?? 0n));
  // readelf -lW of the vmlinux: the sum of FileSiz of its PT_LOADs
  expect(pvh?.comparedBytes).toBe(8_370_152);
}, 120_000);

test('the same run gives the same report, but for the seconds', async () => {
  const prepared = await prepare(openKernel(read(testImage('61-32-gzip.bzImage'))));
  const options = { ...OPTIONS, until: 'entry', instructions: 1e9, initrd: new Uint8Array(100) } as const;
  const run = async () => ({ ...(await runProfile(prepared, findProfile('linux32'), options)), seconds: 0 });
  expect(await run()).toEqual(await run());
}, 120_000);

const withUseless = ({ mappings }: KernelImage) =>
  mappings.map(({ entryId, ranges }) => ({
    entryId,
    ranges: [
      ...ranges,
      ...ranges.slice(0, 1).map((range) => ({ ...range, start: 0x700_0000n as typeof range.start, length: 0x1000n })),
    ],
  }));

// prettier-ignore
const BROKEN = [
  { name: 'a required range that nobody wants', code: 'run/untouched', until: 'entry', useless: true },
  { name: 'a file name in front of the command line', code: 'params/cmdline', until: 'entry', profile: { fileName: 'kernel.elf' } },
  { name: 'a kernel that is stopped behind its entry', code: 'banner/missing', until: 'banner', instructions: 82_800_000 },
  { name: 'a command line without a console', code: 'banner/no-console', until: 'banner', cmdline: 'quiet' },
] as const;

test.each(BROKEN)(
  '$name: $code',
  async ({ code, until, ...change }) => {
    const prepared = await prepare(openKernel((await wrap(read(testImage('61-64-gzip.bzImage')))).bytes));
    const changed =
      'useless' in change
        ? { ...prepared, kernel: { ...prepared.kernel, mappings: withUseless(prepared.kernel) } }
        : prepared;
    const profile = { ...findProfile('pvh'), ...('profile' in change ? change.profile : {}) };
    const instructions = 'instructions' in change ? change.instructions : 1e9;
    const { cmdline } = { ...OPTIONS, ...change };
    const { findings } = await runProfile(changed, profile, { ...OPTIONS, cmdline, until, instructions });
    expect(findings.filter(({ severity }) => severity !== 'note').map((finding) => finding.code)).toEqual([code]);
  },
  120_000,
);
