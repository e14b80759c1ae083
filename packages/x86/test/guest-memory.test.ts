import { AccessDenied, GuestMemory, LAYOUT, MemoryFault, NO_TAG, TAG_COUNT, WORD } from '../src/index';

const MIB = 1 << 20;

/** What an access ends with, as plain data. */
function outcome(access: () => unknown): unknown {
  try {
    return access();
  } catch (thrown) {
    if (thrown instanceof AccessDenied) return { denied: thrown.kind, physical: thrown.physical, size: thrown.size };
    if (thrown instanceof MemoryFault) return { fault: thrown.errorCode, lo: thrown.lo >>> 0 };
    throw thrown;
  }
}

describe('plain RAM', () => {
  test.each([
    { size: 1, lo: 0x12, hi: 0, at: 0x2000 },
    { size: 2, lo: 0x1234, hi: 0, at: 0x2001 },
    { size: 4, lo: 0x12345678, hi: 0, at: 0x2ffe },
    { size: 4, lo: -2, hi: 0, at: 0x2003 },
    { size: 8, lo: 0x12345678, hi: -5, at: 0x3004 },
    { size: 8, lo: 0x12345678, hi: 0x70809000, at: 0x3ffb },
    { size: 8, lo: -1, hi: 1, at: 0x3001 },
  ])('$size bytes at $at are stored in the order of x86, and come back', ({ size, lo, hi, at }) => {
    const memory = new GuestMemory({ ram: MIB });
    for (let round = 0; round < 2; round++) {
      memory.ram.fill(0);
      memory.store(at, 0, size, lo, hi);
      const bytes = Buffer.alloc(8);
      bytes.writeInt32LE(lo);
      bytes.writeInt32LE(hi, 4);
      expect([...memory.ram.subarray(at, at + size)]).toEqual([...bytes.subarray(0, size)]);
      expect(memory.ram.reduce((sum, byte) => sum + byte)).toBe(
        bytes.subarray(0, size).reduce((sum, byte) => sum + byte),
      );
      expect([memory.load(at, 0, size, round === 1), size === 8 ? memory.high : hi]).toEqual([lo, hi]);
    }
  });

  test('the tag of a page appears with its first access, for reading and writing apart', () => {
    const memory = new GuestMemory({ ram: MIB });
    const reads = new Int32Array(memory.buffer, LAYOUT.readTags, 2 * TAG_COUNT);
    const writes = new Int32Array(memory.buffer, LAYOUT.writeTags, 2 * TAG_COUNT);
    const tags = (page: number) => [reads[2 * page], writes[2 * page]];
    // page 5 is not at 0
    expect(tags(5)).toEqual([0, 0]);
    memory.load(0x5008, 0, 4, false);
    expect(tags(5)).toEqual([0x5000, 0]);
    memory.store(0x5008, 0, 4, 1, 0);
    expect(tags(5)).toEqual([0x5000, 0x5000]);
    expect(tags(0)).toEqual([NO_TAG, NO_TAG]);
    memory.load(8, 0, 4, false);
    expect(tags(0)).toEqual([0, NO_TAG]);
    memory.load(0x6000, 0, 8, true);
    expect(tags(6)).toEqual([0x6000, 0x6000]);
    expect(memory.identity).toBe(true);
  });
});

test('the first accesses to page 0, and those that end there, are noticed', () => {
  const memory = new GuestMemory({ ram: MIB, unmapped: 'ones' });
  memory.words[WORD.codeSize] = 32;
  expect(memory.load(-2, 0, 4, false)).toBe(0x0000ffff);
  expect([...memory.touches].map(({ page, kind }) => `${kind} ${page}`)).toEqual(['read 0', 'read 1048575']);
  memory.store(4, 0, 4, 1, 0);
  expect(memory.touches.count()).toBe(2);
  expect(memory.touches.has(0, 'write')).toBe(true);
  memory.touches.clear();
  expect(memory.touches.count()).toBe(0);
});

test('a device over a whole page of RAM is asked every time', () => {
  const memory = new GuestMemory({ ram: MIB });
  let asked = 0;
  memory.mapDevice(0x3000, 0x1000, { load: () => ++asked, store: () => undefined });
  expect([1, 2, 3].map(() => memory.load(0x3010, 0, 4, false))).toEqual([1, 2, 3]);
});

test('a page whose code was written is plain again at the next store', () => {
  const memory = new GuestMemory({ ram: MIB });
  const writes = new Int32Array(memory.buffer, LAYOUT.writeTags, 2 * TAG_COUNT);
  memory.fetched(0x5000, 0, 3);
  memory.store(0x5800, 0, 4, 1, 0);
  expect(writes[10]).not.toBe(0x5000);
  memory.store(0x5001, 0, 1, 1, 0);
  memory.store(0x5800, 0, 4, 1, 0);
  expect(writes[10]).toBe(0x5000);
});

test('a linear address over 4 GiB wraps to 0 in 16- and 32-bit code', () => {
  const memory = new GuestMemory({ ram: MIB, unmapped: 'ones' });
  memory.words[WORD.codeSize] = 32;
  memory.store(0, 0, 4, 0x44332211, 0);
  expect(memory.load(-2, 0, 4, false)).toBe(0x2211ffff);
});

describe('rights to the byte', () => {
  const memory = new GuestMemory({ ram: MIB });
  memory.map({ start: 0x1800, length: 0x10, access: 'r' });
  memory.map({ start: 0x1810, length: 1, access: '' });
  memory.map({ start: 0x3000, length: 0x1000, access: 'w' });

  // prettier-ignore
  test.each([
    { what: 'a load before a hole',          is: () => memory.load(0x180c, 0, 4, false), then: 0 },
    { what: 'a load over its first byte',    is: () => memory.load(0x180d, 0, 4, false), then: { denied: 'read', physical: 0x1810, size: 4 } },
    { what: 'a load behind it',              is: () => memory.load(0x1811, 0, 4, false), then: 0 },
    { what: 'a store that ends in a range to read', is: () => outcome(() => { memory.store(0x17f9, 0, 8, -1, -1); }), then: { denied: 'write', physical: 0x1800, size: 8 } },
    { what: 'a store that ends before it',   is: () => { memory.store(0x17f8, 0, 8, 0, 0); }, then: undefined },
    { what: 'a load to modify, of a range to read',  is: () => memory.load(0x1804, 0, 2, true), then: { denied: 'write', physical: 0x1804, size: 2 } },
    { what: 'a load to modify, of a range to write', is: () => memory.load(0x3004, 0, 2, true), then: { denied: 'read', physical: 0x3004, size: 2 } },
    { what: 'a load over the end of RAM',    is: () => memory.load(MIB - 2, 0, 4, false), then: { denied: 'read', physical: MIB, size: 4 } },
  ])('$what', ({ is, then }) => {
    const before = Buffer.from(memory.ram);
    expect(outcome(is)).toEqual(then);
    expect(before.equals(memory.ram)).toBe(true);
  });
});
