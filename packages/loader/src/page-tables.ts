import { alignDown, alignUp, hex, phys, setU64, type PhysAddr } from '@bzelf/bytes';
import type { MappingRange } from '@bzelf/elf';
import { fail } from './errors.js';
import { mergeIntervals, showRange } from './memory.js';

/** What of a mapping range the page tables need. `virtOffset` is added to the physical address; 0 means P==V. */
export type PageRange = Pick<MappingRange, 'start' | 'length' | 'virtOffset' | 'write' | 'execute'>;

export interface PageTableOptions {
  /** `long`: four levels. `pae`: three levels, everything below 4 GiB. */
  readonly mode: 'long' | 'pae';
  /** Exactly these pages are mapped. Edges are rounded outwards to 4 KiB; pages never reach beyond them. */
  readonly ranges: readonly PageRange[];
  /** 2 MiB pages where they fit (default true). A Xen PV guest may not have them. */
  readonly largePages?: boolean;
  /** 1 GiB pages where they fit (default false: not every processor has them). */
  readonly gigabytePages?: boolean;
  /** Marks pages without execute access; the processor then needs EFER.NXE (default false). */
  readonly noExecute?: boolean;
}

export interface PageTables {
  readonly mode: 'long' | 'pae';
  /** What CR3 must hold. */
  readonly root: PhysAddr;
  /** To be copied to `root`; a multiple of 4096. */
  readonly bytes: Uint8Array;
}

/** Page tables before it is known where they go. */
export interface PageTableDraft {
  /** Bytes. */
  readonly size: number;
  encode(at: PhysAddr): PageTables;
}

const PAGE = 0x1000n;
const PRESENT = 1n;
const WRITABLE = 2n;
const PAGE_SIZE_BIT = 1n << 7n;
const NO_EXECUTE = 1n << 63n;
const MAX_PHYS = 1n << 52n;
const MAX_RANGES = 1024;
/** 16 MiB of tables map 8 GiB in the smallest pages, or 4 TiB in 2 MiB pages. */
const MAX_TABLES = 4096n;

/** One virtual interval of a single kind: physical = virtual + `delta`. */
interface Run {
  start: bigint;
  end: bigint;
  readonly delta: bigint;
  readonly flags: bigint;
}

interface Table {
  readonly index: number;
  readonly entries: Map<number, bigint | Table>;
}

/** Page tables that map exactly `ranges`. Throws loader/bad-mapping, loader/mapping-conflict, loader/page-tables-too-large. */
export function buildPageTables(options: PageTableOptions & { readonly at: PhysAddr }): PageTables {
  return draftPageTables(options).encode(options.at);
}

/** The same in two steps, for a caller that must know the size before it can choose the place. */
export function draftPageTables(options: PageTableOptions): PageTableDraft {
  const tables: Table[] = [];
  const root = newTable(tables);
  const runs = collectRuns(options);
  checkSize(runs, options);
  for (const run of runs) mapRun(tables, root, run, options);
  return { size: tables.length * Number(PAGE), encode: (at) => encodeTables(tables, at, options.mode) };
}

/** Ranges as disjoint runs; where ranges overlap the access is the union. */
function collectRuns(options: PageTableOptions): Run[] {
  if (options.ranges.length > MAX_RANGES)
    throw fail('loader/bad-mapping', { found: options.ranges.length, expected: `at most ${MAX_RANGES} ranges` });
  const runs = options.ranges.filter((r) => r.length > 0n).map((range, i) => toRun(range, options, i));
  const edges = [...new Set(runs.flatMap((r) => [r.start, r.end]))].sort((a, b) => (a < b ? -1 : 1));
  const out: Run[] = [];
  edges.slice(0, -1).forEach((start, i) => {
    const end = edges[i + 1] ?? start;
    const piece = combine(
      runs.filter((r) => r.start <= start && end <= r.end),
      start,
      end,
    );
    const last = out.at(-1);
    if (piece === undefined) return;
    if (last?.end === start && last.delta === piece.delta && last.flags === piece.flags) last.end = end;
    else out.push(piece);
  });
  return out;
}

function combine(covering: readonly Run[], start: bigint, end: bigint): Run | undefined {
  const [first, ...others] = covering;
  if (first === undefined) return undefined;
  const other = others.find((r) => r.delta !== first.delta);
  if (other !== undefined)
    throw fail('loader/mapping-conflict', {
      field: `virtual ${showRange(start, end)}`,
      found: `physical ${hex(start + first.delta)} and ${hex(start + other.delta)}`,
      expected: 'one physical address for each virtual one',
    });
  const writable = covering.some((r) => (r.flags & WRITABLE) !== 0n);
  const frozen = covering.every((r) => (r.flags & NO_EXECUTE) !== 0n);
  return { start, end, delta: first.delta, flags: PRESENT | (writable ? WRITABLE : 0n) | (frozen ? NO_EXECUTE : 0n) };
}

function toRun(range: PageRange, { mode, noExecute = false }: PageTableOptions, index: number): Run {
  const { start, length, virtOffset } = range;
  const physStart = alignDown<bigint>(start, PAGE);
  const size = alignUp(start + length, PAGE) - physStart;
  const virtual = BigInt.asUintN(64, physStart + virtOffset);
  const wrong = (expected: string) =>
    fail('loader/bad-mapping', {
      field: `ranges[${index}]`,
      found: `physical ${hex(start)}, length ${hex(length)}, virtual offset ${hex(BigInt.asUintN(64, virtOffset))}`,
      expected,
    });
  if (start < 0n || length < 0n || physStart + size > MAX_PHYS) throw wrong('physical addresses of at most 52 bits');
  if (virtOffset % PAGE !== 0n) throw wrong('a virtual offset that is a multiple of 4096');
  if (!isMappable(virtual, size, mode))
    throw wrong(mode === 'pae' ? 'virtual addresses below 4 GiB' : 'canonical virtual addresses of 48 bits');
  const flags = PRESENT | (range.write ? WRITABLE : 0n) | (noExecute && !range.execute ? NO_EXECUTE : 0n);
  return { start: virtual, end: virtual + size, delta: physStart - virtual, flags };
}

function isMappable(start: bigint, size: bigint, mode: 'long' | 'pae'): boolean {
  const end = start + size;
  if (mode === 'pae') return end <= 1n << 32n;
  const lowerHalf = end <= 1n << 47n;
  const upperHalf = start >= 0xffff_8000_0000_0000n && end <= 1n << 64n;
  return lowerHalf || upperHalf;
}

/** Bits of address below the index of each level, root first. */
const LEVELS = { long: [39n, 30n, 21n, 12n], pae: [30n, 21n, 12n] } as const;

function mapRun(tables: Table[], root: Table, run: Run, options: PageTableOptions): void {
  for (let at = run.start; at < run.end;) {
    const shift = pageShift(at, run, options);
    const { entries } = leafTable(tables, root, at, shift, options.mode);
    // A larger page could only begin where this table ends, so the rest of the table is of one size.
    const size = 1n << shift;
    let entry = (at + run.delta) | run.flags | (shift > 12n ? PAGE_SIZE_BIT : 0n);
    for (let index = indexAt(at, shift); index < 512 && at + size <= run.end; index++) {
      entries.set(index, entry);
      entry += size;
      at += size;
    }
  }
}

/** The largest page that starts here and ends inside the run. */
function pageShift(
  at: bigint,
  { end, delta }: Run,
  { mode, largePages = true, gigabytePages = false }: PageTableOptions,
): bigint {
  const fits = (shift: bigint) => ((at | (at + delta)) & ((1n << shift) - 1n)) === 0n && at + (1n << shift) <= end;
  if (mode === 'long' && gigabytePages && fits(30n)) return 30n;
  return largePages && fits(21n) ? 21n : 12n;
}

const indexAt = (address: bigint, shift: bigint): number => Number((address >> shift) & 0x1ffn);

function leafTable(tables: Table[], root: Table, address: bigint, shift: bigint, mode: 'long' | 'pae'): Table {
  let table = root;
  for (const level of LEVELS[mode]) {
    if (level === shift) break;
    const index = indexAt(address, level);
    const entry = table.entries.get(index);
    if (typeof entry === 'bigint') throw new Error('a large page is already mapped here'); // runs are disjoint
    const next = entry ?? newTable(tables);
    if (entry === undefined) table.entries.set(index, next);
    table = next;
  }
  return table;
}

function newTable(tables: Table[]): Table {
  if (BigInt(tables.length) >= MAX_TABLES) throw tooLarge();
  const table: Table = { index: tables.length, entries: new Map() };
  tables.push(table);
  return table;
}

const tooLarge = () => fail('loader/page-tables-too-large', { expected: `at most ${MAX_TABLES} tables of 4096 bytes` });

/** Refuses what is hopeless before a single entry is made. */
function checkSize(runs: readonly Run[], { largePages = true }: PageTableOptions): void {
  const bytes = runs.reduce((sum, run) => sum + run.end - run.start, 0n);
  const pages = runs.reduce((sum, run) => {
    const isLarge = largePages && (run.delta & 0x1fffffn) === 0n;
    return sum + (run.end - run.start) / (isLarge ? 0x200000n : PAGE);
  }, 0n);
  if (pages > 512n * MAX_TABLES || bytes > 1n << 48n) throw tooLarge();
}

function encodeTables(tables: readonly Table[], at: PhysAddr, mode: 'long' | 'pae'): PageTables {
  if (at % PAGE !== 0n || at + BigInt(tables.length) * PAGE > (mode === 'pae' ? 1n << 32n : MAX_PHYS))
    throw fail('loader/misaligned', {
      field: 'page tables',
      found: at,
      expected: 'a page-aligned address that CR3 can hold',
    });
  const bytes = new Uint8Array(tables.length * Number(PAGE));
  for (const table of tables) {
    // A PAE root entry has no access bits: they are reserved there (Intel SDM vol. 3A, "PAE Paging").
    const link = mode === 'pae' && table.index === 0 ? PRESENT : PRESENT | WRITABLE;
    for (const [index, entry] of table.entries) {
      const value = typeof entry === 'bigint' ? entry : (at + BigInt(entry.index) * PAGE) | link;
      setU64(bytes, table.index * Number(PAGE) + index * 8, BigInt.asUintN(64, value));
    }
  }
  return { mode, root: phys(at), bytes };
}

/** Bytes that the ranges cover, each page counted once. */
export function mappedBytes(ranges: readonly PageRange[]): bigint {
  const pages = ranges.map((r) => ({
    start: alignDown<bigint>(r.start, PAGE),
    end: alignUp<bigint>(r.start + r.length, PAGE),
  }));
  return mergeIntervals(pages).reduce((sum, r) => sum + r.end - r.start, 0n);
}
