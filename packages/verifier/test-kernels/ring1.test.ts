/** Kernels in ring 1: they come where they come in ring 0, and what has trapped is what the audit of ring 0 has seen. */
import { readFileSync } from 'node:fs';
import { wrap, type WrapOptions } from '@bzelf/writer';
import { expectTable, kernel, testImage } from '@bzelf/testkit';
import type { SegmentLoad } from '../src/execution/report';
import { verify } from '../src/verify';

const OPTIONS = { ram: 256 << 20, deadline: 120_000, profiles: ['linux32', 'ring1-pae'] } as const;

interface Row {
  readonly id: string;
  readonly path: string | undefined;
  readonly as?: WrapOptions;
  readonly longMode: boolean;
}

// prettier-ignore
const ROWS: readonly Row[] = [
  { id: '61-64-lzo',                 path: testImage('61-64-lzo.bzImage'),  longMode: true },
  { id: '61-32-gzip as a container', path: testImage('61-32-gzip.bzImage'), longMode: false, as: {} },
  { id: 'debian-6.1-cloud',          path: kernel('debian-6.1-cloud'),      longMode: true },
];

describe.each(ROWS)('$id', ({ path, as, longMode }) => {
  const title = 'comes to its own entry in ring 1, and what traps is what needs ring 0';
  (path === undefined ? test.skip : test)(
    path === undefined ? `${title} [skipped: not fetched]` : title,
    async () => {
      const bytes = readFileSync(path ?? '');
      const { runs } = await verify(as === undefined ? bytes : (await wrap(bytes, as)).bytes, OPTIONS);
      expect(runs.map(({ profile, reached, verdict }) => [profile, reached, verdict])).toEqual([
        ['linux32', 'entry', 'pass'],
        ['ring1-pae', 'entry', 'pass'],
      ]);
      const [ring0, ring1] = runs;
      expect(ring1?.comparedBytes).toBe(ring0?.comparedBytes);
      expect(ring1?.ring1?.longMode).toBe(longMode);
      const places = (list: readonly { readonly rip: bigint; readonly times: number }[] = []) =>
        list.map(({ rip, times }) => `${rip.toString(16)} ${times}`).sort();
      const trapped = ring1?.ring1?.trapped.filter(({ reason }) => reason !== 'ring-0 selector');
      expect(places(trapped)).toEqual(places(ring0?.audit?.privileged));
      // a null selector is nobody's, but SS wants it to have RPL 1
      const isOfRing0 = ({ selector, register }: SegmentLoad) => selector > 3 || register === 'ss';
      const loads = new Set(ring0?.audit?.segmentLoads.filter(isOfRing0).map(({ rip }) => rip));
      const selectors = ring1?.ring1?.trapped.filter(({ reason }) => reason === 'ring-0 selector');
      expect(new Set(selectors?.map(({ rip }) => rip))).toEqual(loads);
    },
    180_000,
  );
});

test('docs/ring1.md has what a 32-bit kernel asks of ring 0', async () => {
  const { runs } = await verify(readFileSync(testImage('61-32-gzip.bzImage')), { ...OPTIONS, profiles: ['ring1-pae'] });
  const rows = runs[0]?.ring1?.trapped.map(({ rip, text, reason, times, phase }) => [
    `0x${rip.toString(16)}`,
    `\`${text}\``,
    reason,
    phase,
    String(times),
  ]);
  expectTable('docs/ring1.md', 'traps', [['at', 'instruction', 'why', 'phase', 'times'], ...(rows ?? [])]);
  expect(runs[0]?.ring1?.sensitive.map(({ text }) => text)).toEqual(['popf']);
}, 120_000);
