import { FuzzRunner } from '../difftest/fuzz/run';

const FIRST = 20_000_000;
const COUNT = 120;

test(`${COUNT} random machines (code, page tables, descriptors) come to the same in both tiers, within their budget, also when saved and restored on the way`, () => {
  const runner = new FuzzRunner(['interpreter', 'handlers', 'translator']);
  const wrong: string[] = [];
  for (let seed = FIRST; seed < FIRST + COUNT; seed++) {
    const difference = runner.run(seed);
    if (difference !== '') wrong.push(`${seed}: ${difference}`);
  }
  expect(wrong).toEqual([]);
  expect(runner.saved).toBeGreaterThan(COUNT / 10);
  // they do not all end in the same way, or nothing of interest would have been executed
  expect([...runner.reasons.keys()]).toEqual(expect.arrayContaining(['budget', 'shutdown', 'stuck']));
});
