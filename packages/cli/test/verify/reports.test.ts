/** Shards, the line of progress, and what reports are joined and refused. */
import type { VerifyReport } from '@bzelf/verifier';
import { jsonText } from '../../src/print/json';
import { verifyDocument } from '../../src/verify/document';
import { progressText } from '../../src/verify/fleet-progress';
import { mergeDocuments } from '../../src/verify/merge';
import type { FileVerdict, Outcome } from '../../src/verify/outcome';
import { readDocument } from '../../src/verify/read-document';
import { joinShards, parseShard, shardOf } from '../../src/verify/shard';

const FINDING = { code: 'x/y', severity: 'error', title: 't', explanation: 'e', remedy: 'r', found: '0x10' } as const;

const REPORT: VerifyReport = {
  verdict: 'pass',
  form: 'container',
  size: 12,
  structure: [],
  payload: [],
  runs: [
    {
      profile: 'pvh',
      protocol: 'pvh',
      verdict: 'pass',
      reached: 'entry',
      ended: 'kernel entered',
      instructions: 12_345_678_901n,
      entry: 0x1000000n,
      slides: { physical: 0x200000n, virtual: 0n },
      comparedBytes: 5,
      phases: [{ name: 'stub', from: 0n, to: 7n, fetched: 1, read: 2, written: 3 }],
      ranges: [
        { purpose: 'image', start: 0n, length: 0x1000n, access: 'rwx', required: true, pages: 1, touchedPages: 1, touched: { start: 0n, length: 4096n } },
      ],
      touches: [{ start: 0x1000n, length: 0x2000n, kind: 'fetch', phase: 'stub', first: 1n, last: 2n, pages: 2 }],
      serial: '0x10',
      serialMarks: [{ count: 5n, line: '0x10' }],
      findings: [],
      seconds: 0.5,
    },
  ],
}; // prettier-ignore

const good = (file: string): FileVerdict => ({ file, report: REPORT });
const bad = (file: string): Outcome => ({ file, error: { exit: 4, code: 'io/ENOENT', message: 'none' } });
const textOf = (outcomes: Outcome[], shard?: { index: number; count: number; files: string[] }) =>
  jsonText(verifyDocument(outcomes, shard));
const document = (name: string, outcomes: Outcome[], shard?: { index: number; count: number; files: string[] }) => ({
  name,
  ...readDocument(textOf(outcomes, shard)),
});

test('what a report says is read back as it was', () => {
  expect(readDocument(textOf([good('a'), bad('b')]))).toEqual({ outcomes: [good('a'), bad('b')] });
});

test.each([1, 2, 3, 7])('%i shards have every file once, and joined they are the list again', (count) => {
  const files = Array.from({ length: 5 }, (_, i) => `k${i}`);
  const shards = Array.from({ length: count }, (_, i) => shardOf(files, parseShard(`${i + 1}/${count}`)));
  expect(joinShards(shards)).toEqual(files);
  expect(Math.max(...shards.map(({ length }) => length)) - Math.min(...shards.map(({ length }) => length))).toBeLessThan(2); // prettier-ignore
});

test('shards come together in the order of the files, failed ones among them', () => {
  const first = document('s1', [bad('a'), good('c')], { index: 1, count: 2, files: ['a', 'c'] });
  const second = document('s2', [good('b')], { index: 2, count: 2, files: ['b'] });
  expect(mergeDocuments([second, first]).map(({ file }) => file)).toEqual(['a', 'b', 'c']);
});

test('other reports come one behind the other', () => {
  expect(mergeDocuments([document('x', [good('b')]), document('y', [good('a')])]).map(({ file }) => file)).toEqual(['b', 'a']); // prettier-ignore
});

const SHARD = { index: 1, count: 2, files: ['a'] };
// prettier-ignore
test.each([
  { what: 'a shard is missing',       documents: [document('x', [good('a')], SHARD)], found: '1 of 2 shards', expected: 'shard 2/2, too' },
  { what: 'a shard comes twice',      documents: [document('x', [good('a')], SHARD), document('y', [good('a')], SHARD)], found: 'shard 1/2', expected: 'one of it, and x is it, too' },
  { what: 'shards are of two fleets', documents: [document('x', [good('a')], SHARD), document('y', [good('b')], { index: 2, count: 3, files: ['b'] })], found: 'shard 2/3', expected: 'a shard of 2' },
  { what: 'one is no shard',          documents: [document('x', [good('a')], SHARD), document('y', [good('b')])], found: 'no shard', expected: 'a shard of 2' },
  { what: 'a file is in both',        documents: [document('x', [good('a')]), document('y', [good('a')])], found: 'a', expected: 'files that are not in x' },
])('reports are refused when $what', ({ documents, found, expected }) => {
  expect(() => mergeDocuments(documents)).toThrow(expect.objectContaining({ code: 'cli/reports-differ', found, expected }));
});

const JSON_TEXT = textOf([good('a')]);
// prettier-ignore
test.each([
  { what: 'no JSON',               text: 'verdict: pass',                                          field: 'document' },
  { what: 'a list',                text: '[]',                                                     field: 'document' },
  { what: 'another schema',        text: JSON_TEXT.replace('verify/1', 'info/1'),                  field: 'schema' },
  { what: 'a file without a name', text: JSON_TEXT.replace('"file": "a"', '"file": 1'),            field: 'files[0].file' },
  { what: 'a run without findings', text: JSON_TEXT.replace(/"findings": \[\]/, '"findings": null'), field: 'files[0].runs[0].findings' },
  { what: 'a range that is none',  text: JSON_TEXT.replace('"purpose": "image"', '"purpose": {}'), field: 'files[0].runs[0].ranges[0].purpose' },
  { what: 'an address that is none', text: JSON_TEXT.replace('"physical": "0x200000"', '"physical": "far"'), field: 'files[0].runs[0].slides.physical' },
  { what: 'a result too few',      text: textOf([good('a')], { index: 1, count: 2, files: ['a', 'c'] }), field: 'shard.files' },
  { what: 'a result too many',     text: textOf([good('a'), good('b')], SHARD),                     field: 'shard.files' },
])('$what is no report', ({ text, field }) => {
  expect(() => readDocument(text)).toThrow(expect.objectContaining({ code: 'cli/not-a-report', field }));
});

test('an error among the findings counts, whatever the verdict says', () => {
  const [outcome] = readDocument(textOf([{ file: 'a', report: { ...REPORT, structure: [FINDING] } }])).outcomes;
  expect(outcome).toMatchObject({ report: { verdict: 'fail' } });
});

// prettier-ignore
test.each([
  { counts: { files: 20, done: 0, bad: 0 }, seconds: 3,    part: 0,    text: '0 of 20 files, 3 s' },
  { counts: { files: 20, done: 3, bad: 1 }, seconds: 12,   part: 0.15, text: '3 of 20 files, 1 not good, 12 s, about 1:08 left' },
  { counts: { files: 2,  done: 1, bad: 0 }, seconds: 7268, part: 0.5,  text: '1 of 2 files, 2:01:08, about 2:01:08 left' },
])('the line of progress: $text', ({ counts, seconds, part, text }) => {
  expect(progressText(counts, seconds, part)).toBe(text);
});
