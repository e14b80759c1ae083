import { phys } from '@bzelf/bytes';
import fc from 'fast-check';
import { FreeMemory, pcMemoryMap, ramIntervals, type MemoryRange } from '../src/memory.js';

const row = (start: bigint, length: bigint, type = 1): MemoryRange => ({ start: phys(start), length, type });
const MIB = 0x100000n;

test.each([
  { what: 'rows that touch become one', map: [row(0n, 16n), row(16n, 16n)], ram: [[0n, 32n]] },
  {
    what: 'order does not matter',
    map: [row(64n, 16n), row(0n, 16n)],
    ram: [
      [0n, 16n],
      [64n, 80n],
    ],
  },
  {
    what: 'a reserved row wins over RAM',
    map: [row(0n, 64n), row(16n, 16n, 2)],
    ram: [
      [0n, 16n],
      [32n, 64n],
    ],
  },
  { what: 'a reserved row that comes first wins, too', map: [row(0n, 64n, 2), row(0n, 128n)], ram: [[64n, 128n]] },
  { what: 'empty rows say nothing', map: [row(0n, 0n), row(5n, 0n, 2), row(0n, 10n)], ram: [[0n, 10n]] },
  { what: 'RAM to the last byte is allowed', map: [row(0n, 1n << 64n)], ram: [[0n, 1n << 64n]] },
])('$what', ({ map, ram }) => {
  expect(ramIntervals(map).map((r) => [r.start, r.end])).toEqual(ram);
});

test.each([
  { what: 'a row that wraps', map: [row(1n << 63n, (1n << 63n) + 1n)] },
  { what: 'a negative length', map: [row(0n, -1n)] },
  { what: 'too many rows', map: Array.from({ length: 65537 }, () => row(0n, 1n)) },
])('$what is refused', ({ map }) => {
  expect(() => ramIntervals(map)).toThrow(expect.objectContaining({ code: 'loader/bad-memory-map' }));
});

test('the map of a PC has a hole below 1 MiB and one below 4 GiB', () => {
  expect(ramIntervals(pcMemoryMap(4096n * MIB)).map((r) => [r.start, r.end])).toEqual([
    [0n, 0x9fc00n],
    [MIB, 0xc000_0000n],
    [1n << 32n, (1n << 32n) + 1024n * MIB],
  ]);
});

test('what is taken cannot be taken again, and the error names both', () => {
  const memory = new FreeMemory([row(0n, 64n * MIB)]);
  memory.claim(16n * MIB, MIB, 'kernel');
  expect(() => memory.claim(16n * MIB + 5n, 1n, 'initrd')).toThrow(
    expect.objectContaining({
      code: 'loader/overlap',
      field: 'initrd',
      found: '0x1000005-0x1000005, where kernel has 0x1000000-0x10fffff',
    }),
  );
});

test('a range that is not all RAM is refused, and the error names the hole', () => {
  const memory = new FreeMemory([row(0n, 4n * MIB), row(8n * MIB, 4n * MIB)]);
  expect(() => memory.claim(3n * MIB, 6n * MIB, 'kernel')).toThrow(
    expect.objectContaining({ code: 'loader/not-ram', found: 'no RAM at 0x400000-0x7fffff' }),
  );
});

test.each([
  { from: 'top', low: 0n, high: 1n << 32n, size: 0x1001n, start: 12n * MIB - 0x2000n },
  { from: 'bottom', low: 0x1234n, high: 1n << 32n, size: 0x1000n, start: 0x2000n },
  { from: 'bottom', low: 0n, high: 1n << 32n, size: 4n * MIB, start: 0n },
  { from: 'top', low: 0n, high: 10n * MIB + 1n, size: 2n * MIB, start: 8n * MIB },
  { from: 'top', low: 0n, high: 10n * MIB - 1n, size: 2n * MIB, start: 2n * MIB },
] as const)('from the $from, $size bytes below $high go to $start', ({ from, low, high, size, start }) => {
  const memory = new FreeMemory([row(0n, 4n * MIB), row(8n * MIB, 4n * MIB)]);
  expect(memory.place({ size, align: 0x1000n, low, high, from, purpose: 'x' })).toBe(start);
});

test('when nothing is large enough the error tells how much there is', () => {
  const memory = new FreeMemory([row(0n, 4n * MIB), row(8n * MIB, 4n * MIB)]);
  expect(() => memory.place({ size: 5n * MIB, align: 0x1000n, from: 'top', purpose: 'initrd' })).toThrow(
    expect.objectContaining({
      code: 'loader/no-room',
      field: 'initrd',
      found: expect.stringContaining('0x400000 bytes') as string,
    }),
  );
});

test('whatever is placed or claimed is RAM and belongs to one only', () => {
  const rows = fc.array(
    fc.record({
      start: fc.bigInt(0n, 0x40000n),
      length: fc.bigInt(0n, 0x20000n),
      type: fc.integer({ min: 1, max: 3 }),
    }),
    { maxLength: 6 },
  );
  const wishes = fc.array(
    fc.record({ size: fc.bigInt(1n, 0x8000n), power: fc.integer({ min: 0, max: 14 }), top: fc.boolean() }),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(rows, wishes, (map, list) => {
      const memory = new FreeMemory(map.map((r) => row(r.start, r.length, r.type)));
      for (const { size, power, top } of list) {
        try {
          const at = memory.place({ size, align: 1n << BigInt(power), from: top ? 'top' : 'bottom', purpose: 'x' });
          expect(at % (1n << BigInt(power))).toBe(0n);
        } catch (error) {
          expect(error).toMatchObject({ code: 'loader/no-room' });
        }
      }
      const inRow = (t: bigint, types: (type: number) => boolean) =>
        map.some((r) => types(r.type) && r.start <= t && t < r.start + r.length);
      memory.taken.forEach((a, i) => {
        for (const edge of [a.start, a.end - 1n]) {
          expect(inRow(edge, (type) => type === 1)).toBe(true);
          expect(inRow(edge, (type) => type !== 1)).toBe(false);
        }
        for (const b of memory.taken.slice(i + 1)) expect(a.end <= b.start || b.end <= a.start).toBe(true);
      });
    }),
    { numRuns: 200 },
  );
});
