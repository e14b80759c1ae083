/** Reports that are read back: every field is looked at before anything relies on it. */
import { isBzelfError } from '@bzelf/bytes';
import { randomFrom, type Random } from '../../src/fuzz/random';
import type { ReportDocument } from '../../src/html/document';
import { htmlReport } from '../../src/html/page';
import { jsonText, plain } from '../../src/print/json';
import { PLAIN } from '../../src/print/paint';
import { verifyDocument } from '../../src/verify/document';
import { junitXml } from '../../src/verify/junit';
import { isFailure } from '../../src/verify/outcome';
import { readDocument } from '../../src/verify/read-document';
import { verifyText } from '../../src/verify/text';
import { FILE, RUN } from '../html/sample';

const PLACE = { rip: '0x1000200', text: 'mov cr3,eax', phase: 'stub', first: 12 };
const FINDING = { ...RUN.findings[0], offset: 0x40, expected: '0x2' };

/** Every field that there is, at least once. */
const WHOLE = {
  schema: 'bzelf.verify/1',
  verdict: 'fail',
  shard: { index: 1, count: 2, files: ['a', 'b'] },
  files: [
    {
      ...FILE,
      file: 'a',
      structure: [FINDING],
      payload: [FINDING],
      runs: [
        {
          ...RUN,
          ranges: RUN.ranges.map((range, row) => ({ ...range, row })),
          audit: {
            ...RUN.audit,
            segmentLoads: [{ ...PLACE, times: 1, register: 'cs', selector: 16, delivery: true }],
            cpuid: [{ ...PLACE, times: 1, leaf: 7, subleaf: 0 }],
            pageTableWrites: [{ ...PLACE, page: '0x2000', walked: 20 }],
            framebuffer: [{ ...PLACE, page: '0xb8000' }],
          },
          ring1: { ...RUN.ring1, sensitive: [{ ...PLACE, times: 2 }] },
          slides: { physical: '-0x200000', virtual: '0x200000' },
        },
      ],
    },
  ],
  failures: [{ file: 'b', exit: 3, code: 'x/y', message: 'm', offset: 1, field: 'f', found: '1', expected: '2', hint: 'h' }],
}; // prettier-ignore

type Use = 'read' | 'text' | 'page';

/** What is done with a report: the more, the longer it takes. */
function useReport(text: string, use: Use): void {
  const { outcomes, shard } = readDocument(text);
  if (use === 'read') return;
  const document = verifyDocument(outcomes, shard);
  jsonText(document);
  junitXml(outcomes);
  for (const outcome of outcomes) if (!isFailure(outcome)) verifyText(outcome, PLAIN);
  if (use === 'page') htmlReport(plain(document) as ReportDocument);
}

test('a report with every field is read and written again as it was', () => {
  const text = jsonText(WHOLE);
  const { outcomes, shard } = readDocument(text);
  expect(JSON.parse(jsonText(verifyDocument(outcomes, shard)))).toEqual(JSON.parse(text));
  useReport(text, 'page');
});

type Holder = Record<string, unknown> | unknown[];
type Place = readonly [holder: Holder, key: string];

/** Every value of a document, by what holds it. */
function places(value: unknown, found: Place[] = []): Place[] {
  if (typeof value !== 'object' || value === null) return found;
  for (const [key, inner] of Object.entries(value)) {
    found.push([value as Holder, key]);
    places(inner, found);
  }
  return found;
}

const get = ([holder, key]: Place): unknown => (holder as Record<string, unknown>)[key];
const set = ([holder, key]: Place, value: unknown): void =>
  void Object.defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true });
const remove = ([holder, key]: Place): void =>
  Array.isArray(holder) ? void holder.splice(Number(key), 1) : void Reflect.deleteProperty(holder, key);

const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));
// prettier-ignore
const VALUES: readonly unknown[] = [
  null, true, false, 0, 1, -1, 1.5, 1e300, 2 ** 53, '', 'pass', '0x', '0x0', '0x1', '-0x1', '0xffffffffffffffff', '0x10000000000000000', '1', 'constructor', '`',
  [], {}, [null], [[]], { file: {} }, { length: 3 }, nested(40), nested(500),
];

function change(all: readonly Place[], random: Random): void {
  const place = random.pick(all);
  const kind = random.below(5);
  if (kind === 0) remove(place);
  else if (kind === 1) set(place, structuredClone(get(random.pick(all))));
  else if (kind === 2) set([place[0], random.pick(['__proto__', 'toString', 'x', 'found'])], get(place));
  else set(place, structuredClone(random.pick(VALUES)));
}

const COUNT = 20_000;

test(`${COUNT} reports with other values, types and fields are read and shown, or are no report`, () => {
  const text = JSON.stringify(WHOLE);
  let refused = 0;
  for (let i = 0; i < COUNT; i++) {
    const random = randomFrom(11, i);
    const document: unknown = JSON.parse(text);
    const all = places(document);
    for (let changes = random.below(3); changes >= 0; changes--) change(all, random);
    try {
      useReport(JSON.stringify(document), i % 40 === 0 ? 'page' : i % 4 === 0 ? 'text' : 'read');
    } catch (error) {
      const isRefused = isBzelfError(error) && error.code === 'cli/not-a-report' && error.field !== undefined;
      if (!isRefused) throw new Error(`report ${i}: ${JSON.stringify(document).slice(0, 9999)}`, { cause: error });
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(COUNT / 2);
  expect(refused).toBeLessThan(COUNT * 0.95);
}, 60_000);
