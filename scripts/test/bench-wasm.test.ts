/** The benchmark runs what a machine runs, and says when a number has moved. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  FROM,
  Guest,
  LONG,
  LONG_PAGED,
  LOOPS,
  moduleOf,
  regionOf,
  TO,
} from '../../packages/x86/difftest/bench-wasm/guest';
import { isNotable, report, time } from '../../packages/x86/difftest/bench-wasm/report';
import { LAYOUT, NO_TAG } from '../../packages/x86/src/memory/layout';
import { STATUS } from '../../packages/x86/src/translate/locals';

const COUNT = 100;
const RCX = 2;

// prettier-ignore
test.each([
  ['bytes', 'raw',     LONG,       100],
  ['bytes', 'checked', LONG,       100],
  ['words', 'raw',     LONG,       800],
  ['words', 'checked', LONG,       800],
  ['words', 'checked', LONG_PAGED, 800],
  ['words', 'calling', LONG,       800],
] as const)('the loop "%s" with accesses "%s" copies', (name, access, mode, length) => {
  const guest = new Guest();
  for (let i = 0; i < 1000; i++) guest.ram[FROM + i] = 1 + (i % 251);
  guest.prepare(COUNT);
  const status = guest.instance(moduleOf(regionOf(LOOPS[name], mode), access))(0);
  expect(status).toBe(STATUS.next);
  expect(guest.words[RCX]).toBe(0);
  expect(guest.ram.slice(TO, TO + length)).toEqual(guest.ram.slice(FROM, FROM + length));
  expect(guest.ram[TO + length]).toBe(0);
});

test.each([
  ['checked', STATUS.leave],
  ['raw', STATUS.next],
] as const)('in a page without a tag, accesses "%s" end with %i', (access, expected) => {
  const guest = new Guest();
  new Int32Array(guest.memory.buffer, LAYOUT.readTags)[2 * (FROM >>> 12)] = NO_TAG;
  guest.prepare(1);
  expect(guest.instance(moduleOf(regionOf(LOOPS.words), access))(0)).toBe(expected);
});

test('the modules of one region differ, so that V8 compiles each', () => {
  const region = regionOf(LOOPS.words);
  expect(moduleOf(region)).not.toEqual(moduleOf(region));
});

test('rows beyond twice the reference are marked, either way', () => {
  const reference = { node: '20', v8: '', cpu: '', nanoseconds: { same: 10, slow: 10, fast: 10_000 } };
  const text = report({ same: 19, slow: 21, fast: 4900, fresh: 1 }, reference);
  const rows = Object.fromEntries(text.split('\n').map((line) => [line.split(' ', 1)[0], line]));
  expect(rows.same).toMatch(/19\.0 ns +10\.0 ns +1\.90$/);
  expect(rows.slow).toMatch(/2\.10 {2}slower$/);
  expect(rows.fast).toMatch(/4\.90 us +10\.0 us +0\.49 {2}faster$/);
  expect(rows.fresh).toMatch(/1\.00 ns +- +-$/);
});

test('the recorded reference is of one Node, positive, and of cheap things', () => {
  const path = join(__dirname, '../../packages/x86/difftest/bench-wasm/reference.json');
  const { node, nanoseconds } = JSON.parse(readFileSync(path, 'utf8'));
  expect(node).toMatch(/^\d+\.\d+\.\d+$/);
  expect(Object.entries(nanoseconds).filter(([, value]) => !(Number(value) > 0 && Number(value) < 5e6))).toEqual([]);
  expect(isNotable(1)).toBe(false);
  expect(time(1234)).toBe('1.23 us');
});
