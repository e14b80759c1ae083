import { phys, type BzelfError } from '@bzelf/bytes';
import fc from 'fast-check';
import { buildPageTables, draftPageTables, mappedBytes, type PageRange } from '../src/page-tables.js';
import { allPages, readerOf, walk } from './walk-pages.js';

const AT = phys(0x9_0000);
const range = (start: bigint, length: bigint, more: Partial<PageRange> = {}): PageRange => ({
  start: phys(start),
  length,
  virtOffset: 0n,
  write: true,
  execute: true,
  ...more,
});
const build = (ranges: PageRange[], more: Partial<Parameters<typeof buildPageTables>[0]> = {}) => {
  const tables = buildPageTables({ mode: 'long', ranges, at: AT, ...more });
  const read = readerOf(tables.bytes, AT);
  return {
    tables,
    at: (virtual: bigint) => walk(read, tables.mode, tables.root, virtual),
    pages: allPages(read, tables.mode, tables.root),
  };
};

test.each([
  { what: '4 KiB at an odd place', start: 0x1003n, length: 1n, sizes: [0x1000] },
  { what: 'two pages for a byte on each side of a border', start: 0x1fffn, length: 2n, sizes: [0x1000] },
  { what: '2 MiB, aligned', start: 0x1000000n, length: 0x200000n, sizes: [0x200000] },
  { what: '2 MiB and a page', start: 0x1000000n, length: 0x201000n, sizes: [0x1000, 0x200000] },
  { what: '2 MiB that are not aligned', start: 0x1001000n, length: 0x200000n, sizes: [0x1000] },
])('$what is mapped by pages of $sizes', ({ start, length, sizes }) => {
  const { pages, at } = build([range(start, length)]);
  expect([...new Set(pages.map((p) => Number(p.size)))].sort((a, b) => a - b)).toEqual(sizes);
  expect(at(start)?.physical).toBe(start);
  expect(at(start + length - 1n)?.physical).toBe(start + length - 1n);
  expect(at((start & ~0xfffn) - 1n)).toBeUndefined();
  expect(at((start + length + 0xfffn) & ~0xfffn)).toBeUndefined();
});

test('1 GiB pages are used only when asked for', () => {
  const whole = [range(0x4000_0000n, 0x4000_0000n)];
  expect(build(whole).pages).toHaveLength(512);
  expect(build(whole, { gigabytePages: true }).pages).toEqual([{ virtual: 0x4000_0000n, size: 0x4000_0000n }]);
});

test('a virtual offset moves the pages and not what they point at', () => {
  const { at } = build([range(0x1000000n, 0x400000n, { virtOffset: 0xffff_ffff_8000_0000n })]);
  expect(at(0xffff_ffff_8112_3456n)).toMatchObject({ physical: 0x1123456n, pageSize: 0x200000 });
  expect(at(0x1123456n)).toBeUndefined();
});

test('access is per page, and overlapping ranges give the union', () => {
  const { at } = build(
    [range(0x1000n, 0x3000n, { write: false, execute: false }), range(0x2000n, 0x1000n, { execute: false })],
    {
      noExecute: true,
    },
  );
  expect(at(0x1000n)).toMatchObject({ writable: false, executable: false });
  expect(at(0x2000n)).toMatchObject({ writable: true, executable: false });
  expect(at(0x3000n)).toMatchObject({ writable: false });
  expect(build([range(0x1000n, 0x1000n, { execute: false })]).at(0x1000n)).toMatchObject({ executable: true });
});

test('PAE tables have a root of four entries without access bits and map 2 MiB pages', () => {
  const { tables, at } = build(
    [range(0xc000_0000n, 0x400000n, { virtOffset: -0x8000_0000n }), range(0x1000n, 0x1000n)],
    { mode: 'pae' },
  );
  expect(at(0x4012_3456n)).toMatchObject({ physical: 0xc012_3456n, pageSize: 0x200000 });
  expect(at(0x1fffn)).toMatchObject({ physical: 0x1fffn, pageSize: 0x1000 });
  expect(tables.bytes.length).toBe(4 * 4096);
});

test.each([
  {
    why: 'a virtual address has two meanings',
    code: 'loader/mapping-conflict',
    ranges: [range(0x1000n, 0x1000n), range(0x2000n, 0x1000n, { virtOffset: -0x1000n })],
  },
  {
    why: 'the offset is not of pages',
    code: 'loader/bad-mapping',
    ranges: [range(0x1000n, 0x1000n, { virtOffset: 0x10n })],
  },
  {
    why: 'the address is not canonical',
    code: 'loader/bad-mapping',
    ranges: [range(0x1000n, 0x1000n, { virtOffset: 1n << 47n })],
  },
  { why: 'the address has more than 52 bits', code: 'loader/bad-mapping', ranges: [range(1n << 52n, 0x1000n)] },
  { why: 'the length wraps', code: 'loader/bad-mapping', ranges: [range(0x1000n, (1n << 64n) - 1n)] },
  {
    why: 'there are too many ranges',
    code: 'loader/bad-mapping',
    ranges: Array.from({ length: 1025 }, () => range(0n, 1n)),
  },
  {
    why: 'the tables would be huge',
    code: 'loader/page-tables-too-large',
    ranges: [range(0x1000n, (1n << 46n) - 0x3000n)],
  },
])('refused when $why', ({ code, ranges }) => {
  expect(() => build(ranges)).toThrow(expect.objectContaining<Partial<BzelfError>>({ code }));
});

test('any set of ranges is mapped to the page, and nothing else is', () => {
  const piece = fc.record({
    start: fc.bigInt({ min: 0n, max: 0x50_0000n }),
    length: fc.bigInt({ min: 0n, max: 0x30_0000n }),
    write: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 4 }), fc.constantFrom('long' as const, 'pae' as const), (pieces, mode) => {
      const ranges = pieces.map((p) => range(p.start, p.length, { write: p.write }));
      const { pages, at } = build(ranges, { mode });
      const wanted = new Set<bigint>();
      for (const { start, length } of ranges.filter((r) => r.length > 0n))
        for (let page = start / 0x1000n; page <= (start + length - 1n) / 0x1000n; page++) wanted.add(page);
      expect(pages.reduce((sum, p) => sum + p.size, 0n)).toBe(BigInt(wanted.size) * 0x1000n);
      const wrong = [...wanted].filter((page) => {
        const mapped = at(page * 0x1000n);
        const isWritten = ranges.some(
          (r) => r.write && r.length > 0n && r.start / 0x1000n <= page && page <= (r.start + r.length - 1n) / 0x1000n,
        );
        return mapped?.physical !== page * 0x1000n || mapped.writable !== isWritten;
      });
      expect(wrong).toEqual([]);
      expect(mappedBytes(ranges.filter((r) => r.length > 0n))).toBe(BigInt(wanted.size) * 0x1000n);
    }),
    { numRuns: 25 },
  );
});

test('the draft knows the size that the tables will have', () => {
  const options = { mode: 'long', ranges: [range(0x1000000n, 0x1234567n)] } as const;
  const draft = draftPageTables(options);
  expect(draft.encode(AT).bytes.length).toBe(draft.size);
  expect(() => draft.encode(phys(0x1001))).toThrow(expect.objectContaining({ code: 'loader/misaligned' }));
});
