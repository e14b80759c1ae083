import fc from 'fast-check';
import { AccessDenied, CR0, CR4, EFER, GuestMemory, MemoryFault, WORD, type Access } from '../src/index';
import { NaiveMemory, R, Refused, W, X } from './naive-memory';
import { generator } from './random-code';

const RAM = 0x20_8000;
/** Page tables: the root at 0, then two pages for each level below, the last four for the lowest. */
const TABLES = 0x9000;
const DEVICE = 0xa7f0;

interface Machine {
  readonly memory: GuestMemory;
  readonly naive: NaiveMemory;
  readonly written: number[];
}

function machine(unmapped: 'deny' | 'ones'): Machine {
  const memory = new GuestMemory({ ram: RAM, unmapped });
  const naive = new NaiveMemory(RAM, memory.words, unmapped === 'ones', DEVICE);
  const device = new DataView(new ArrayBuffer(0x20));
  memory.mapDevice(DEVICE, 0x20, {
    load: (offset, size) =>
      size === 1
        ? device.getUint8(offset)
        : size === 2
          ? device.getUint16(offset, true)
          : device.getInt32(offset, true),
    store: (offset, size, value) => {
      if (size === 1) device.setUint8(offset, value);
      else if (size === 2) device.setUint16(offset, value, true);
      else device.setInt32(offset, value, true);
    },
  });
  naive.rights.fill(R | W, DEVICE, DEVICE + 0x20);
  const { where } = memory;
  memory.locate = () => {
    where.countLo = naive.step;
    where.countHi = 0;
    where.ripLo = -naive.step | 0;
    where.ripHi = naive.step === 0 ? 0 : -1;
  };
  const written: number[] = [];
  memory.onCodeWritten = (page) => written.push(page);
  return { memory, naive, written };
}

/** Tables of random entries that lead to the next level, to data, to large pages, beyond RAM, or nowhere. */
function randomTables(naive: NaiveMemory, memory: GuestMemory, seed: number, wide: boolean): void {
  const next = generator(seed);
  const view = new DataView(naive.ram.buffer);
  for (let page = 0; page < TABLES; page += 0x1000) {
    const level = page === 0 ? 3 : page < 0x3000 ? 2 : page < 0x5000 ? 1 : 0;
    const below = level === 0 ? 9 + (next() % 4) : 0;
    for (let at = page; at < page + 0x1000; at += wide ? 8 : 4) {
      const dice = next() % 64;
      const child = level === 0 ? below + (next() % 12) : (wide ? 2 * (3 - level) + 1 : 5) + (next() % 2);
      let entry = (child << 12) | 1 | (next() & 0x160);
      if (next() % 8 !== 0) entry |= 2;
      if (next() % 8 !== 0) entry |= 4;
      if (dice === 0) entry &= ~1;
      if (level > 0 && dice < 6) entry = (entry & 0x17f) | 0x80 | (dice === 5 ? 0x2000 : 0);
      view.setUint32(at, entry, true);
      if (!wide) continue;
      const high = dice === 1 ? 1 << (next() % 32) : dice < 8 && dice > 5 ? 0x8000_0000 : dice === 9 ? 1 : 0;
      view.setUint32(at + 4, high, true);
    }
  }
  if (wide) for (let at = 0; at < 32; at += 8) view.setUint32(at, view.getUint32(at, true) & ~0x1e6, true);
  memory.ram.set(naive.ram);
}

// what happens

type Step =
  | {
      readonly do: 'load' | 'store';
      readonly at: number;
      readonly size: number;
      readonly value: number;
      readonly how: 'plain' | 'system';
    }
  | { readonly do: 'fetch'; readonly at: number; readonly size: number }
  | { readonly do: 'map'; readonly start: number; readonly length: number; readonly access: Access }
  | { readonly do: 'rights'; readonly cpl: number; readonly ac: boolean }
  | { readonly do: 'mode'; readonly mode: number; readonly seed: number; readonly bits: number }
  | { readonly do: 'flush' | 'clear' };

const place = fc.nat({ max: 0xffff_ffff });
const size = fc.constantFrom(1, 2, 4, 8);
const access = fc.record({
  do: fc.constantFrom('load' as const, 'store' as const),
  at: place,
  size,
  value: fc.nat({ max: 0x7fff_ffff }),
  how: fc.constantFrom('plain' as const, 'plain' as const, 'plain' as const, 'system' as const),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 40, arbitrary: access },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('fetch' as const), at: place, size: fc.integer({ min: 1, max: 15 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('map' as const),
      start: fc.integer({ min: 0, max: 0x1_4fff }),
      length: fc.constantFrom(1, 8, 0x40, 0x800, 0x1000),
      access: fc.constantFrom<Access>('rwx', 'rwx', 'rw', 'r', 'rx', 'w', ''),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('rights' as const), cpl: fc.constantFrom(0, 3), ac: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('mode' as const),
      mode: fc.nat({ max: 3 }),
      seed: fc.nat(),
      bits: fc.nat({ max: 63 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('flush' as const, 'clear' as const) }) },
);

/** A linear address that few tables lead to: small indexes, the ends of pages, the ends of the address space. */
function linear(seed: number, wide: boolean): bigint {
  const next = generator(seed);
  const index = (): bigint => BigInt(next() % 10 === 0 ? 511 : next() % 2);
  const page = next() % 10 === 0 ? 511 : next() % 4;
  const offset = next() % 3 === 0 ? 0xff8 + (next() % 8) : next() % 0x1000;
  const low = (BigInt(page) << 12n) | BigInt(offset);
  if (!wide) return BigInt.asUintN(32, low | (index() << 21n) | (index() << 30n));
  const high = next() % 8 === 0 ? 0xffff_ff80_0000_0000n : 0n;
  return low | (index() << 21n) | (index() << 30n) | high;
}

const outcome = <T>(act: () => T): T | object => {
  try {
    return act();
  } catch (thrown) {
    if (thrown instanceof Refused) return thrown.how;
    if (thrown instanceof MemoryFault)
      return { fault: thrown.errorCode, linear: (BigInt(thrown.hi >>> 0) << 32n) | BigInt(thrown.lo >>> 0) };
    if (thrown instanceof AccessDenied) return { denied: thrown.kind, physical: thrown.physical };
    throw thrown;
  }
};

const value64 = (lo: number, hi: number, bytes: number): bigint =>
  BigInt.asUintN(8 * bytes, (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0));

function perform(own: Machine, todo: Step, which: number): void {
  const { memory, naive } = own;
  const { words } = memory;
  naive.step++;
  switch (todo.do) {
    case 'load':
    case 'store': {
      const to = linear(todo.at, words[WORD.codeSize] === 64);
      if (todo.do === 'load') compareLoad(own, to, todo.size, todo.value % 3 === 0, todo.how);
      else compareStore(own, to, todo.size, todo.value, todo.how);
      return;
    }
    case 'fetch':
      compareFetch(own, linear(todo.at, words[WORD.codeSize] === 64), todo.size);
      return;
    case 'map':
      memory.map(todo);
      naive.rights.fill(
        [...todo.access].reduce((sum, letter) => sum | { r: R, w: W, x: X }[letter as 'r'], 0),
        todo.start,
        todo.start + todo.length,
      );
      return;
    case 'rights':
      words[WORD.cpl] = todo.cpl;
      words[WORD.eflags] = todo.ac ? 1 << 18 : 0;
      memory.rightsChanged();
      return;
    case 'mode':
      setMode(own, todo.mode, todo.seed + which, todo.bits);
      return;
    case 'flush':
      flushBoth(own, false);
      return;
    case 'clear':
      memory.touches.clear();
      naive.touched.clear();
  }
}

function flushBoth({ memory, naive }: Machine, global: boolean): void {
  expect(
    outcome(() => {
      memory.flush(global);
    }),
  ).toEqual(
    outcome(() => {
      naive.flush();
    }),
  );
}

function setMode(own: Machine, mode: number, seed: number, bits: number): void {
  const { memory, naive } = own;
  const { words } = memory;
  const bit = (n: number, value: number): number => (bits & (1 << n) ? value : 0);
  naive.codeLines.clear();
  memory.wroteRam(0, RAM);
  own.written.length = 0;
  randomTables(naive, memory, seed, mode !== 1);
  words[WORD.cr] = (mode === 0 ? 0 : CR0.PG) | bit(0, CR0.WP);
  words[WORD.cr + 6] = 0;
  words[WORD.cr + 8] =
    (mode >= 2 ? CR4.PAE : 0) | bit(1, CR4.PGE) | bit(2, CR4.SMEP) | bit(3, CR4.SMAP) | bit(4, CR4.PSE);
  words[WORD.efer] = (mode === 3 ? EFER.LMA : 0) | bit(5, EFER.NXE);
  words[WORD.codeSize] = mode === 3 ? 64 : 32;
  flushBoth(own, true);
}

function compareLoad(own: Machine, at: bigint, bytes: number, modify: boolean, how: string): void {
  const { memory, naive } = own;
  const [lo, hi] = [Number(BigInt.asIntN(32, at)), Number(BigInt.asIntN(32, at >> 32n))];
  const got = outcome(() => {
    const low = how === 'system' ? memory.loadSystem(lo, hi, bytes, modify) : memory.load(lo, hi, bytes, modify);
    return value64(low, memory.high, bytes);
  });
  expect(got).toEqual(outcome(() => naive.load(at, bytes, modify, how === 'system')));
}

function compareStore(own: Machine, at: bigint, bytes: number, value: number, how: string): void {
  const { memory, naive } = own;
  const [lo, hi] = [Number(BigInt.asIntN(32, at)), Number(BigInt.asIntN(32, at >> 32n))];
  const version = memory.codeVersion;
  const got = outcome(() => {
    if (how === 'system') memory.storeSystem(lo, hi, bytes, value, ~value);
    else memory.store(lo, hi, bytes, value, ~value);
  });
  let tables = false;
  const expected = outcome(() => {
    tables = naive.store(at, bytes, value64(value, ~value, 8), how === 'system', TABLES);
  });
  expect(got).toEqual(expected);
  if (naive.codeWritten.length > 0) expect(memory.codeVersion).not.toBe(version);
  if (tables) flushBoth(own, true);
}

function compareFetch({ memory, naive }: Machine, at: bigint, length: number): void {
  const [lo, hi] = [Number(BigInt.asIntN(32, at)), Number(BigInt.asIntN(32, at >> 32n))];
  const bytes = new Uint8Array(15);
  const count = memory.fetch(lo, hi, bytes, 15);
  expect([...bytes.subarray(0, count)]).toEqual(naive.code(at, 15));
  if (count >= length) {
    expect(
      outcome(() => {
        memory.fetched(lo, hi, length);
      }),
    ).toEqual(
      outcome(() => {
        naive.fetched(at, length);
      }),
    );
    return;
  }
  const missing = BigInt.asUintN(memory.words[WORD.codeSize] === 64 ? 64 : 32, at + BigInt(count));
  const [missingLo, missingHi] = [Number(BigInt.asIntN(32, missing)), Number(BigInt.asIntN(32, missing >> 32n))];
  expect(outcome(() => memory.fetchFault(missingLo, missingHi))).toEqual(
    outcome(() => {
      naive.fetched(missing, 1);
    }),
  );
}

const touches = (own: Iterable<{ page: number; kind: string; count: bigint; rip: bigint }>): string[] =>
  [...own].map(({ page, kind, count, rip }) => `${page} ${kind} ${count} ${BigInt.asIntN(64, rip)}`).sort();

test.each(['deny', 'ones'] as const)(
  'values, faults, denials, A and D, touches and written code are those of a memory that keeps nothing (outside RAM: %s)',
  (unmapped) => {
    fc.assert(
      fc.property(
        fc.nat({ max: 3 }),
        fc.nat(),
        fc.nat({ max: 63 }),
        fc.array(step, { minLength: 20, maxLength: 150 }),
        (mode, seed, bits, steps) => {
          const own = machine(unmapped);
          setMode(own, mode, seed, bits);
          steps.forEach((todo, index) => {
            perform(own, todo, index);
            expect(new Set(own.written)).toEqual(new Set(own.naive.codeWritten));
            own.written.length = 0;
            own.naive.codeWritten = [];
          });
          expect(touches(own.memory.touches)).toEqual(touches(own.naive.touched.values()));
          own.naive.ram.set(own.memory.ram.subarray(DEVICE, DEVICE + 0x20), DEVICE);
          const same = Buffer.compare(own.memory.ram, own.naive.ram) === 0;
          expect(same).toBe(true);
        },
      ),
      process.env['RUNS'] === undefined
        ? { numRuns: 8, seed: 1 }
        : { numRuns: Number(process.env['RUNS']), endOnFailure: true },
    );
  },
);
