import { Breakpoints } from '../src/machine/breakpoints';

const FAR = 0xffff_ffff_8100_0000n;

test('single addresses are found by all 64 bits, ranges without their end', () => {
  const points = new Breakpoints().add(FAR).add(0x1000).add({ start: 0x2ff0, end: 0x3010 });
  expect(points.size).toBe(3);
  expect([points.has(0x8100_0000, 0xffff_ffff), points.has(0x8100_0000, 0), points.has(0x8100_0000 | 0, -1)]).toEqual([
    true,
    false,
    true,
  ]);
  expect([0x2fef, 0x2ff0, 0x300f, 0x3010].map((at) => points.has(at, 0))).toEqual([false, true, true, false]);
});

test('the last address and a range up to it are found, and nothing behind', () => {
  const TOP = 1n << 64n;
  expect(new Breakpoints().add(-1n).has(-1, -1)).toBe(true);
  const points = new Breakpoints().add({ start: TOP - 0x2000n, end: TOP });
  expect([-0x2001, -0x2000, -1].map((lo) => points.has(lo, -1))).toEqual([false, true, true]);
  expect([points.hasPage(-1, -1), points.hasPage(-1, -2), points.has(0, 0)]).toEqual([true, false, false]);
  expect([points.delete({ start: TOP - 0x2000n, end: TOP }), points.size]).toEqual([true, 0]);
});

test('a page has one as long as one of its addresses has', () => {
  const points = new Breakpoints().add(FAR).add(FAR + 4095n);
  expect([points.hasPage(0x8100_0123, -1), points.hasPage(0x8100_1000, -1), points.hasPage(0x8100_0000, 0)]).toEqual([
    true,
    false,
    false,
  ]);
  expect([points.delete(FAR), points.delete(FAR), points.hasPage(0x8100_0000, -1)]).toEqual([true, false, true]);
  points.delete(FAR + 4095n);
  expect([points.hasPage(0x8100_0000, -1), points.size]).toEqual([false, 0]);
  points.add({ start: FAR - 1n, end: FAR + 1n });
  expect([0x80ff_e000, 0x80ff_f000, 0x8100_0fff, 0x8100_1000].map((at) => points.hasPage(at, -1))).toEqual([
    false,
    true,
    true,
    false,
  ]);
});

test('what changes nothing leaves the version', () => {
  const points = new Breakpoints();
  points.clear();
  expect(points.version).toBe(0);
  points.add(5).add(5n);
  expect([points.version, points.size]).toEqual([1, 1]);
  points.delete(6);
  expect(points.version).toBe(1);
  points.clear();
  expect([points.version, points.size]).toEqual([2, 0]);
});
