import { AccessDenied, GuestMemory, LAYOUT, TAG_COUNT, type Watch } from '../src/index';

const MIB = 1 << 20;

function memoryAt(unmapped: 'deny' | 'ones' = 'deny') {
  const memory = new GuestMemory({ ram: MIB, unmapped });
  let step = 0;
  memory.locate = () => {
    Object.assign(memory.where, { countLo: step, countHi: 1, ripLo: 0x100 * step, ripHi: -1 });
  };
  return {
    memory,
    at: (now: number) => {
      step = now;
    },
  };
}

test('the first touch of a page is kept by kind, with its count and its place', () => {
  const { memory, at } = memoryAt();
  at(1);
  memory.load(0x3004, 0, 4, false);
  at(2);
  memory.load(0x3008, 0, 4, true);
  at(3);
  memory.store(0x2ffe, 0, 4, 0, 0);
  memory.fetched(0x5000, 0, 3);
  const place = (step: number) => ({
    count: (1n << 32n) | BigInt(step),
    rip: 0xffffffff_00000000n | BigInt(0x100 * step),
  });
  expect([...memory.touches]).toEqual([
    { page: 2, kind: 'write', ...place(3) },
    { page: 3, kind: 'read', ...place(1) },
    { page: 3, kind: 'write', ...place(2) },
    { page: 5, kind: 'fetch', ...place(3) },
  ]);
  expect([memory.touches.count(), memory.touches.count('write'), memory.touches.has(5, 'read')]).toEqual([3, 2, false]);
});

test('after clear() every touch is new, also of pages with tags and of known code', () => {
  const { memory } = memoryAt();
  const touch = () => {
    memory.load(0x3004, 0, 4, true);
    memory.fetched(0x5000, 0, 3);
  };
  touch();
  const before = memory.touches.save();
  const version = memory.codeVersion;
  memory.touches.clear();
  expect([memory.touches.count(), memory.codeVersion === version]).toEqual([0, false]);
  touch();
  expect(memory.touches.save()).toEqual(before);
});

test('fetching ahead over the end of a page touches nothing there', () => {
  const { memory } = memoryAt();
  expect(memory.fetch(0x1ffe, 0, new Uint8Array(15), 15)).toBe(15);
  memory.fetched(0x1ffe, 0, 2);
  expect([...memory.touches].map(({ page }) => page)).toEqual([1]);
  memory.fetched(0x1ffe, 0, 3);
  expect([...memory.touches].map(({ page }) => page)).toEqual([1, 2]);
});

test('outside RAM there are ones to read, what is written vanishes, and both are logged', () => {
  const { memory } = memoryAt('ones');
  memory.store(0x4000_0000, 0, 4, 0, 0);
  expect([memory.load(0x4000_0000, 0, 4, false), memory.load(-2, 0, 2, false)]).toEqual([-1, 0xffff]);
  expect([...memory.touches].map(({ page, kind }) => `${page} ${kind}`)).toEqual([
    '262144 read',
    '262144 write',
    '1048575 read',
  ]);
});

test('a denied access is no touch', () => {
  const { memory } = memoryAt();
  expect(() => memory.load(MIB, 0, 1, false)).toThrow();
  expect(memory.touches.count()).toBe(0);
});

/** Translated code would access the page by plain loads or stores. */
function isTagged({ buffer }: GuestMemory, page: number): { read: boolean; write: boolean } {
  const at = 2 * ((page >>> 12) & 0xffff);
  const [read, write] = [LAYOUT.readTags, LAYOUT.writeTags].map(
    (tags) => new Int32Array(buffer, tags, 2 * TAG_COUNT)[at] === page,
  );
  return { read: read === true, write: write === true };
}

test('a device sees its accesses with their size, 8 bytes as two, and its page is never plain', () => {
  const { memory } = memoryAt();
  const seen: string[] = [];
  memory.mapDevice(0xfee0_0000, 0x1000, {
    load: (offset, size) => {
      seen.push(`load ${offset} ${size}`);
      return offset;
    },
    store: (offset, size, value) => {
      seen.push(`store ${offset} ${size} ${value}`);
    },
  });
  const apic = 0xfee0_0000 | 0;
  expect([memory.load(apic + 0x20, 0, 4, false), memory.load(apic + 8, 0, 8, false), memory.high]).toEqual([
    0x20, 8, 12,
  ]);
  memory.store(apic + 0x80, 0, 1, -1, 0);
  expect(isTagged(memory, apic)).toEqual({ read: false, write: false });
  expect(seen).toEqual(['load 32 4', 'load 8 4', 'load 12 4', 'store 128 1 255']);
  expect(() => memory.fetchFault(apic, 0)).toThrow(AccessDenied as unknown as Error);
});

test('a store to a line of code is told, one beside it is not, and the page is not plain to store to', () => {
  const { memory } = memoryAt();
  const written: number[] = [];
  memory.onCodeWritten = (page) => written.push(page);
  memory.store(0x7000, 0, 4, 0, 0); // the write tag is there before the code
  memory.markCode(0x7fc0 - 1, 2);
  const version = memory.codeVersion;
  memory.store(0x7f00, 0, 4, 1, 0);
  expect(isTagged(memory, 0x7000).write).toBe(false);
  expect([written, memory.codeVersion]).toEqual([[], version]);
  memory.store(0x7ffc, 0, 4, 3, 0);
  expect([written, memory.codeVersion === version]).toEqual([[7], false]);
  memory.markCode(0x7000, 1);
  memory.wroteRam(0x6000, 0x2000);
  expect(written).toEqual([7, 7]);
});

test('a watched range is told of every access that was made, and its page is left to the interpreter', () => {
  const { memory } = memoryAt();
  const hits: string[] = [];
  const watch: Watch = { start: 0x2004, length: 4, access: 'w' };
  memory.watches.onHit = (_, physical, size, write) =>
    hits.push(`${physical.toString(16)} ${size} ${write ? 'w' : 'r'}`);
  memory.store(0x2004, 0, 4, 0, 0);
  memory.watch(watch);
  for (let i = 0; i < 2; i++) memory.store(0x2006, 0, 4, 0, 0);
  memory.store(0x2008, 0, 4, 0, 0);
  memory.load(0x2004, 0, 4, false);
  expect(isTagged(memory, 0x2000)).toEqual({ read: false, write: false });
  memory.unwatch(watch);
  memory.store(0x2004, 0, 4, 0, 0);
  expect(hits).toEqual(['2006 4 w', '2006 4 w']);
});

test('an access over the end of a page is told by its part on each side', () => {
  const { memory } = memoryAt();
  const hits: string[] = [];
  memory.watches.onHit = (_, physical, size, write) =>
    hits.push(`${physical.toString(16)} ${size} ${write ? 'w' : 'r'}`);
  memory.watch({ start: 0x2ffc, length: 8, access: 'rw' });
  memory.store(0x2ffd, 0, 4, 0x44332211, 0);
  expect(memory.load(0x2fff, 0, 2, false)).toBe(0x4433);
  expect(hits).toEqual(['2ffd 3 w', '3000 1 w', '2fff 1 r', '3000 1 r']);
});
