import { AccessDenied, CR0, CR4, EFER, GuestMemory, MemoryFault, WORD } from '../src/index';

const MIB = 1 << 20;
const ROOT = 0x10_0000;
const PG = CR0.PG | CR0.PE;
const AC = 1 << 18;

// bits of entries, as in the figures of Intel SDM vol. 3A, 4.3 to 4.5
const [P, W, U, A, D, PS, G] = [1, 2, 4, 0x20, 0x40, 0x80, 0x100];
const XD = 1n << 63n;
/** Bits of the error code. */
const [eP, eW, eU, eR, eI] = [1, 2, 4, 8, 16];

interface Setup {
  readonly mode: '32' | 'pae' | '64';
  /** Entries by their address: 4 bytes in mode 32, else 8. */
  readonly tables: Record<number, bigint | number>;
  readonly cpl?: number;
  readonly cr0?: number;
  readonly cr4?: number;
  readonly efer?: number;
  readonly eflags?: number;
  readonly cr3?: number;
}

function paged(setup: Setup): GuestMemory {
  const { mode, tables, cpl = 0, cr0 = 0, cr4 = 0, efer = EFER.NXE, eflags = 2, cr3 = ROOT } = setup;
  const memory = new GuestMemory({ ram: 4 * MIB, unmapped: 'ones' });
  const view = new DataView(memory.ram.buffer, memory.ram.byteOffset);
  for (const [at, entry] of Object.entries(tables)) {
    if (mode === '32') view.setUint32(Number(at), Number(entry), true);
    else view.setBigUint64(Number(at), BigInt(entry), true);
  }
  const { words } = memory;
  words[WORD.cr] = PG | cr0;
  words[WORD.cr + 6] = cr3;
  words[WORD.cr + 8] = (mode === '32' ? 0 : CR4.PAE) | cr4;
  words[WORD.efer] = (mode === '64' ? EFER.LMA | EFER.LME : 0) | efer;
  words[WORD.cpl] = cpl;
  words[WORD.eflags] = eflags;
  words[WORD.codeSize] = mode === '64' ? 64 : 32;
  memory.flush(true);
  return memory;
}

type Kind = 'read' | 'write' | 'fetch' | 'system read' | 'system write';

function tryAccess(memory: GuestMemory, kind: Kind, lo: number, hi: number): unknown {
  try {
    switch (kind) {
      case 'read':
        memory.load(lo, hi, 4, false);
        break;
      case 'write':
        memory.store(lo, hi, 4, 0x5a5a5a5a, 0);
        break;
      case 'fetch':
        if (memory.fetch(lo, hi, new Uint8Array(15), 1) === 0) memory.fetchFault(lo, hi);
        memory.fetched(lo, hi, 1);
        break;
      case 'system read':
        memory.loadSystem(lo, hi, 4, false);
        break;
      case 'system write':
        memory.storeSystem(lo, hi, 4, 0x5a5a5a5a, 0);
    }
    return 'allowed';
  } catch (thrown) {
    if (thrown instanceof MemoryFault) return { fault: thrown.errorCode, lo: thrown.lo, hi: thrown.hi };
    if (thrown instanceof AccessDenied) return { denied: thrown.kind, physical: thrown.physical };
    throw thrown;
  }
}

const T1 = 0x10_1000;
const T2 = 0x10_2000;
const T3 = 0x10_3000;

// prettier-ignore
const PLACES: { what: string; mode: Setup['mode']; cr4?: number; tables: Setup['tables']; lo: number; hi?: number; to: number }[] = [
  { what: '4 KiB, 32-bit', mode: '32', lo: 0x00c0_1123, to: 0x5123, // directory 3, table 1
    tables: { [ROOT + 4 * 3]: T1 | P, [T1 + 4]: 0x5000 | P } },
  { what: '4 MiB, 32-bit', mode: '32', cr4: CR4.PSE, lo: 0xffd2_3456 | 0, to: 0x12_3456,
    tables: { [ROOT + 4 * 0x3ff]: P | PS } },
  { what: '4 MiB above 4 GiB by PSE-36', mode: '32', cr4: CR4.PSE, lo: 0x0052_3456, to: 0xa5_0092_3456,
    tables: { [ROOT + 4]: 0x0080_0000 | (0xa5 << 13) | P | PS } },
  { what: 'PS without CR4.PSE names a page table', mode: '32', lo: 0x0000_1234, to: 0x7234,
    tables: { [ROOT]: T1 | P | PS, [T1 + 4]: 0x7000 | P } },
  { what: '4 KiB, PAE', mode: 'pae', lo: 0xc040_2abc | 0, to: 0x6abc, // pointer 3, directory 2, table 2
    tables: { [ROOT + 24]: T1 | P, [T1 + 16]: T2 | P, [T2 + 16]: 0x6000 | P } },
  { what: '2 MiB, PAE', mode: 'pae', lo: 0x4033_4abc, to: 0x13_4abc,
    tables: { [ROOT + 8]: T1 | P, [T1 + 8]: P | PS } },
  { what: '4 KiB, PAE, above 4 GiB', mode: 'pae', lo: 0x1234, to: 0x12_3456_7234,
    tables: { [ROOT]: T1 | P, [T1]: T2 | P, [T2 + 8]: 0x12_3456_7000n | 1n } },
  { what: '4 KiB, 4-level', mode: '64', lo: 0x8060_3def | 0, hi: -1, to: 0x9def, // 511, 510, 3, 3
    tables: { [ROOT + 8 * 511]: T1 | P, [T1 + 8 * 510]: T2 | P, [T2 + 24]: T3 | P, [T3 + 24]: 0x9000 | P } },
  { what: '2 MiB, 4-level', mode: '64', lo: 0x0023_4567, hi: 0x80, to: 0x23_4567, // 1, 0, 1
    tables: { [ROOT + 8]: T1 | P, [T1]: T2 | P, [T2 + 8]: 0x20_0000 | P | PS } },
  { what: '1 GiB, 4-level', mode: '64', lo: 0x4012_3456, hi: 0, to: 0x12_3456,
    tables: { [ROOT]: T1 | P, [T1 + 8]: P | PS } },
  { what: 'the widest address of 40 bits', mode: '64', lo: 0, hi: 0, to: 0xff_ffff_f000,
    tables: { [ROOT]: T1 | P, [T1]: T2 | P, [T2]: T3 | P, [T3]: 0xff_ffff_f000n | 1n } },
];

describe('where a linear address leads', () => {
  test.each(PLACES)('$what', ({ mode, cr4 = 0, tables, lo, hi = 0, to }) => {
    const memory = paged({ mode, tables, cr4 });
    expect(memory.physicalOf(lo, hi)).toBe(to);
    expect(memory.touches.count()).toBe(mode === 'pae' ? 1 : 0); // but for the PDPTEs that CR3 has loaded
    if (to >= 4 * MIB) return;
    new DataView(memory.ram.buffer, memory.ram.byteOffset).setUint32(to & ~3, 0x01020304, true);
    expect(memory.load(lo & ~3, hi, 4, false)).toBe(0x01020304);
    expect(memory.load(lo & ~3, hi, 4, false)).toBe(0x01020304);
    expect(memory.identity).toBe(false);
  });
});

/** The four levels to one page of 4 KiB, entries with these bits beside P. */
const four = (bits: { pml4e?: number; pdpte?: number; pde?: number; pte?: number | bigint }): Setup['tables'] => ({
  [ROOT]: T1 | P | (bits.pml4e ?? W | U),
  [T1]: T2 | P | (bits.pdpte ?? W | U),
  [T2]: T3 | P | (bits.pde ?? W | U),
  [T3]: 0x5001n | BigInt(bits.pte ?? W | U),
});

const allowed = 'allowed';
// prettier-ignore
const RIGHTS: { what: string; tables: Setup['tables']; kind: Kind; cpl?: number; cr0?: number; cr4?: number; efer?: number; eflags?: number; then: number | 'allowed' }[] = [
  // Intel SDM vol. 3A, 4.6.1, in its order
  { what: 'a supervisor reads a supervisor page',              kind: 'read',  tables: four({ pte: 0 }),      then: allowed },
  { what: 'a supervisor reads a user page',                    kind: 'read',  tables: four({}),              then: allowed },
  { what: 'SMAP: a supervisor reads a user page',              kind: 'read',  tables: four({}), cr4: CR4.SMAP, then: eP },
  { what: 'SMAP: the same with EFLAGS.AC',                     kind: 'read',  tables: four({}), cr4: CR4.SMAP, eflags: AC, then: allowed },
  { what: 'SMAP: the processor itself, with EFLAGS.AC',        kind: 'system read',  tables: four({}), cr4: CR4.SMAP, eflags: AC, then: eP },
  { what: 'SMAP: a supervisor page by one entry is one',       kind: 'read',  tables: four({ pde: W }), cr4: CR4.SMAP, then: allowed },
  { what: 'a supervisor writes a page to read, WP = 0',        kind: 'write', tables: four({ pte: 0 }),      then: allowed },
  { what: 'a supervisor writes a user page to read, WP = 0',   kind: 'write', tables: four({ pte: U }),      then: allowed },
  { what: 'a supervisor writes a page to read, WP = 1',        kind: 'write', tables: four({ pte: 0 }), cr0: CR0.WP, then: eP | eW },
  { what: 'a supervisor writes where one entry is to read',    kind: 'write', tables: four({ pdpte: U }), cr0: CR0.WP, then: eP | eW },
  { what: 'a supervisor writes a user page, WP = 1',           kind: 'write', tables: four({}), cr0: CR0.WP, then: allowed },
  { what: 'SMAP: a supervisor writes a user page, WP = 0',     kind: 'write', tables: four({}), cr4: CR4.SMAP, then: eP | eW },
  { what: 'SMAP and AC: a user page to read, WP = 1',          kind: 'write', tables: four({ pte: U }), cr0: CR0.WP, cr4: CR4.SMAP, eflags: AC, then: eP | eW },
  { what: 'SMAP and AC: a user page to read, WP = 0',          kind: 'write', tables: four({ pte: U }), cr4: CR4.SMAP, eflags: AC, then: allowed },
  { what: 'a supervisor fetches from a supervisor page',       kind: 'fetch', tables: four({ pte: 0 }),      then: allowed },
  { what: 'a supervisor fetches from a user page',             kind: 'fetch', tables: four({}),              then: allowed },
  { what: 'SMEP: a supervisor fetches from a user page',       kind: 'fetch', tables: four({}), cr4: CR4.SMEP, then: eP | eI },
  { what: 'SMEP: and from a supervisor page',                  kind: 'fetch', tables: four({ pml4e: W }), cr4: CR4.SMEP, then: allowed },
  { what: 'SMEP without NXE tells that it was a fetch',        kind: 'fetch', tables: four({}), cr4: CR4.SMEP, efer: 0, then: eP | eI },
  { what: 'XD: a supervisor fetches',                          kind: 'fetch', tables: four({ pte: XD | 6n }), then: eP | eI },
  { what: 'XD: a supervisor reads',                            kind: 'read',  tables: four({ pte: XD | 6n }), then: allowed },
  { what: 'a user reads a supervisor page',                    kind: 'read',  tables: four({ pte: W }), cpl: 3, then: eP | eU },
  { what: 'a user reads where one entry is the supervisor\'s', kind: 'read',  tables: four({ pml4e: W }), cpl: 3, then: eP | eU },
  { what: 'the processor itself reads it while CPL is 3',      kind: 'system read', tables: four({ pte: W }), cpl: 3, then: allowed },
  { what: 'a user reads a user page, SMAP or not',             kind: 'read',  tables: four({}), cpl: 3, cr4: CR4.SMAP, then: allowed },
  { what: 'a user writes a user page to read, WP = 0',         kind: 'write', tables: four({ pte: U }), cpl: 3, then: eP | eU | eW },
  { what: 'a user writes a user page',                         kind: 'write', tables: four({}), cpl: 3,      then: allowed },
  { what: 'the processor itself writes a page to read, WP = 1', kind: 'system write', tables: four({ pte: 0 }), cpl: 3, cr0: CR0.WP, then: eP | eW },
  { what: 'a user fetches from a user page, SMEP or not',      kind: 'fetch', tables: four({}), cpl: 3, cr4: CR4.SMEP, then: allowed },
  { what: 'a user fetches from a supervisor page',             kind: 'fetch', tables: four({ pte: W }), cpl: 3, then: eP | eU | eI },
  { what: 'XD: a user fetches',                                kind: 'fetch', tables: four({ pte: XD | 6n }), cpl: 3, then: eP | eU | eI },
  { what: 'CPL 2 is a supervisor',                             kind: 'read',  tables: four({ pte: 0 }), cpl: 2, then: allowed },
  // not present, 4.7
  { what: 'no PML4E, read',                                    kind: 'read',  tables: {},                    then: 0 },
  { what: 'no PTE, a user writes',                             kind: 'write', tables: { ...four({}), [T3]: 0x5006n }, cpl: 3, then: eU | eW },
  { what: 'no PDE, fetch',                                     kind: 'fetch', tables: { ...four({}), [T2]: T3 | 6 }, then: eI },
  { what: 'no PDE, fetch, neither NXE nor SMEP',               kind: 'fetch', tables: { ...four({}), [T2]: T3 | 6 }, efer: 0, then: 0 },
  { what: 'bits of an entry that is not present do not matter', kind: 'read', tables: { ...four({}), [T3]: XD | 0xf_ffff_ffff_fffen }, then: 0 },
  // reserved bits, 4.5 and figure 4-11
  { what: 'XD while NXE = 0',                                  kind: 'read',  tables: four({ pte: XD | 6n }), efer: 0, then: eP | eR },
  { what: 'a bit above the width of physical addresses',       kind: 'read',  tables: four({ pte: (1n << 40n) | 6n }), then: eP | eR },
  { what: 'the highest such bit',                              kind: 'write', tables: four({ pte: (1n << 51n) | 6n }), cpl: 3, then: eP | eR | eU | eW },
  { what: 'bits above 51 are ignored',                         kind: 'read',  tables: four({ pte: (0x7ffn << 52n) | 6n }), then: allowed },
  { what: 'PS in a PML4E',                                     kind: 'read',  tables: four({ pml4e: PS | W | U }), then: eP | eR },
  { what: 'bit 13 of an entry for 2 MiB',                      kind: 'fetch', tables: { ...four({}), [T2]: 0x2000 | PS | P }, then: eP | eR | eI },
  { what: 'bit 20 of an entry for 2 MiB',                      kind: 'read',  tables: { ...four({}), [T2]: 0x10_0000 | PS | P }, then: eP | eR },
  { what: 'bit 29 of an entry for 1 GiB',                      kind: 'read',  tables: { ...four({}), [T1]: 0x2000_0000 | PS | P }, then: eP | eR },
  { what: 'PAT of an entry for 2 MiB is not reserved',         kind: 'read',  tables: { ...four({}), [T2]: 0x1000 | PS | P }, then: allowed },
  { what: 'a reserved bit goes before a right',                kind: 'write', tables: { ...four({}), [T2]: 0x2000 | PS | P }, cpl: 3, then: eP | eR | eU | eW },
];

test.each(RIGHTS)('4-level: $what', ({ tables, kind, then, ...setup }) => {
  const memory = paged({ mode: '64', tables, ...setup });
  const expected = then === allowed ? allowed : { fault: then, lo: 0x10, hi: 0 };
  expect(tryAccess(memory, kind, 0x10, 0)).toEqual(expected);
  expect(tryAccess(memory, kind, 0x10, 0)).toEqual(expected);
});

// prettier-ignore
const SMALLER: { what: string; mode: Setup['mode']; tables: Setup['tables']; kind: Kind; cpl?: number; cr0?: number; cr4?: number; efer?: number; then: number | 'allowed' }[] = [
  { what: '32-bit: no PDE',                        mode: '32', kind: 'read', tables: {}, then: 0 },
  { what: '32-bit: no PTE, a user fetches',        mode: '32', kind: 'fetch', cpl: 3, tables: { [ROOT]: T1 | P | U }, then: eU },
  { what: '32-bit: a user writes a PDE to read',   mode: '32', kind: 'write', cpl: 3, tables: { [ROOT]: T1 | P | U, [T1]: P | U | W }, then: eP | eU | eW },
  { what: '32-bit: WP = 1',                        mode: '32', kind: 'write', cr0: CR0.WP, tables: { [ROOT]: T1 | P, [T1]: P | W }, then: eP | eW },
  { what: '32-bit: bit 21 of an entry for 4 MiB',  mode: '32', kind: 'read', cr4: CR4.PSE, tables: { [ROOT]: P | PS | (1 << 21) }, then: eP | eR },
  { what: '32-bit: SMEP tells of the fetch',       mode: '32', kind: 'fetch', cr4: CR4.SMEP, tables: { [ROOT]: T1 | P | U, [T1]: P | U }, then: eP | eI },
  { what: '32-bit: NXE alone does not',            mode: '32', kind: 'fetch', tables: {}, then: 0 },
  { what: 'PAE: no PDPTE',                         mode: 'pae', kind: 'write', tables: {}, then: eW },
  { what: 'PAE: XD in a PDE',                      mode: 'pae', kind: 'fetch', tables: { [ROOT]: T1 | P, [T1]: XD | BigInt(T2 | P), [T2]: P }, then: eP | eI },
  { what: 'PAE: bit 52 is reserved',               mode: 'pae', kind: 'read', tables: { [ROOT]: T1 | P, [T1]: T2 | P, [T2]: (1n << 52n) | 1n }, then: eP | eR },
  { what: 'PAE: bit 62 is reserved',               mode: 'pae', kind: 'read', tables: { [ROOT]: T1 | P, [T1]: (1n << 62n) | BigInt(T2 | P) }, then: eP | eR },
  { what: 'PAE: bit 17 of an entry for 2 MiB',     mode: 'pae', kind: 'read', tables: { [ROOT]: T1 | P, [T1]: P | PS | (1 << 17) }, then: eP | eR },
  { what: 'PAE: a user page, whatever the PDPTE',  mode: 'pae', kind: 'write', cpl: 3, tables: { [ROOT]: T1 | P, [T1]: T2 | P | U | W, [T2]: P | U | W }, then: allowed },
];

test.each(SMALLER)('$what', ({ kind, then, ...setup }) => {
  const memory = paged(setup);
  expect(tryAccess(memory, kind, 0x10, 0)).toEqual(then === allowed ? allowed : { fault: then, lo: 0x10, hi: 0 });
});

test.each([
  { what: 'bit 1', entry: 3n, good: false },
  { what: 'bit 5', entry: 0x21n, good: false },
  { what: 'bit 8', entry: 0x101n, good: false },
  { what: 'bit 40', entry: (1n << 40n) | 1n, good: false },
  { what: 'bit 63', entry: XD | 1n, good: false },
  { what: 'bits 3, 4 and 9', entry: 0x219n, good: true },
  { what: 'all, but not present', entry: 0xffff_ffff_ffff_fffen, good: true },
])('a PDPTE with $what set: MOV to CR3 is good: $good', ({ entry, good }) => {
  const memory = paged({ mode: 'pae', tables: { [ROOT + 0x68]: entry } });
  expect(memory.loadPdptes(ROOT + 0x60)).toBe(good);
});

test('PDPTEs are registers: a change in memory counts from the next MOV to CR3 on', () => {
  const memory = paged({ mode: 'pae', tables: { [ROOT]: T1 | P, [T1]: P | PS } });
  memory.ram.fill(0, ROOT, ROOT + 8);
  memory.invalidate(0, 0);
  expect(tryAccess(memory, 'read', 0, 0)).toBe('allowed');
  memory.flush(false);
  expect(tryAccess(memory, 'read', 0, 0)).toEqual({ fault: 0, lo: 0, hi: 0 });
});

describe('A and D', () => {
  const bits = (memory: GuestMemory) => [ROOT, T1, T2, T3].map((at) => (memory.ram[at] as number) & (A | D));

  // prettier-ignore
  test.each<{ what: string; kind: Kind; pte?: number; cpl?: number; then: number[] }>([
    { what: 'a read sets A',                               kind: 'read',  then: [A, A, A, A] },
    { what: 'a fetch sets A',                              kind: 'fetch', then: [A, A, A, A] },
    { what: 'a write sets D where the page is mapped',     kind: 'write', then: [A, A, A, A | D] },
    { what: 'a write that may not be sets no D',           kind: 'write', cpl: 3, pte: U, then: [A, A, A, 0] },
    { what: 'a read that may not be sets A above the page', kind: 'read', cpl: 3, pte: W, then: [A, A, A, 0] },
  ])('$what', ({ kind, pte = W | U, cpl = 0, then }) => {
    const memory = paged({ mode: '64', tables: four({ pte }), cpl });
    tryAccess(memory, kind, 0, 0);
    expect(bits(memory)).toEqual(then);
  });

  test('a read does not hide the first write from D', () => {
    const memory = paged({ mode: '64', tables: four({}) });
    memory.load(0, 0, 4, false);
    memory.load(0, 0, 4, false);
    expect(bits(memory)).toEqual([A, A, A, A]);
    memory.store(0, 0, 4, 1, 0);
    expect(bits(memory)).toEqual([A, A, A, A | D]);
  });

  test('a write over a page that ends in a fault writes nothing and sets no D', () => {
    const memory = paged({ mode: '64', tables: four({}) });
    expect(tryAccess(memory, 'write', 0xffe, 0)).toEqual({ fault: eW, lo: 0x1000, hi: 0 });
    expect([...memory.ram.subarray(0x5ffc, 0x6002)]).toEqual([0, 0, 0, 0, 0, 0]);
    expect(bits(memory)[3]).toBe(0);
  });

  test('tables that may not be read, or not be written, are a denied walk', () => {
    const memory = paged({ mode: '64', tables: four({}) });
    memory.map({ start: T2, length: 8, access: 'r' });
    expect(tryAccess(memory, 'read', 0, 0)).toEqual({ denied: 'walk', physical: T2 });
    expect(bits(memory)).toEqual([0, 0, 0, 0]);
    memory.map({ start: T2, length: 8, access: 'rw' });
    memory.map({ start: T3 + 4, length: 1, access: 'w' });
    expect(tryAccess(memory, 'read', 0, 0)).toEqual({ denied: 'walk', physical: T3 + 4 });
  });
});

describe('what is remembered of a translation', () => {
  const remap = (memory: GuestMemory, to: number) => {
    new DataView(memory.ram.buffer, memory.ram.byteOffset).setUint32(T3, to | P | W | U | G, true);
  };
  const setup = (bits = 0, cr4 = 0) => {
    const memory = paged({ mode: '64', tables: four({ pte: W | U | bits }), cr4 });
    memory.ram.set([5], 0x5000);
    memory.ram.set([6], 0x6000);
    return memory;
  };

  // prettier-ignore
  test.each<{ what: string; global?: number; cr4?: number; how: (memory: GuestMemory) => void; then: number }>([
    { what: 'a changed entry is not seen at once',          how: () => undefined,                         then: 5 },
    { what: 'it is after INVLPG of the page',               how: (memory) => { memory.invalidate(0x123, 0); }, then: 6 },
    { what: 'not after INVLPG of another',                  how: (memory) => { memory.invalidate(0x1000, 0); }, then: 5 },
    { what: 'it is after MOV to CR3',                       how: (memory) => { memory.flush(false); },    then: 6 },
    { what: 'but not of a global page',                     global: G, cr4: CR4.PGE, how: (memory) => { memory.flush(false); }, then: 5 },
    { what: 'unless CR4.PGE is 0',                          global: G, how: (memory) => { memory.flush(false); }, then: 6 },
    { what: 'a global page goes with a flush of all',       global: G, cr4: CR4.PGE, how: (memory) => { memory.flush(true); }, then: 6 },
  ])('$what', ({ global = 0, cr4 = 0, how, then }) => {
    const memory = setup(global, cr4);
    expect(memory.load(0, 0, 1, false)).toBe(5);
    remap(memory, 0x6000);
    how(memory);
    expect(memory.load(0, 0, 1, false)).toBe(then);
  });

  test('INVLPG anywhere in a large page ends all of it', () => {
    const memory = paged({ mode: '64', tables: { ...four({}), [T2]: P | PS | W } });
    memory.ram.set([5], 0x5000);
    expect(memory.load(0x5000, 0, 1, false)).toBe(5);
    memory.ram.set([P | PS, 0, 0x20], T2); // to 2 MiB
    memory.invalidate(0x1f_0000, 0);
    expect(memory.load(0x5000, 0, 1, false)).toBe(0);
  });

  // prettier-ignore
  test.each([
    { what: 'of its page is for the next fetch',                 at: 0x123,  then: 0x6000, isNew: true },
    { what: 'of another page leaves it, and what was decoded',   at: 0x1000, then: 0x5000, isNew: false },
    { what: 'of data that was read leaves it, too',              at: 0x2000, read: 0x2000, then: 0x5000, isNew: false },
  ])('code stays where it was fetched; INVLPG $what', ({ at, read, then, isNew }) => {
    const memory = setup();
    memory.fetched(0, 0, 1);
    if (read !== undefined) tryAccess(memory, 'read', read, 0);
    const { codeVersion, mappingVersion } = memory;
    remap(memory, 0x6000);
    memory.invalidate(at, 0);
    expect(memory.physicalOfCode(0, 0)).toBe(then);
    expect([memory.codeVersion !== codeVersion, memory.mappingVersion !== mappingVersion]).toEqual([isNew, isNew]);
  });

  test('INVLPG anywhere in a large page is for the code in it', () => {
    const memory = paged({ mode: '64', tables: { ...four({}), [T2]: P | PS | W } });
    memory.fetched(0x5000, 0, 1);
    memory.ram.set([P | PS, 0, 0x20], T2); // to 2 MiB
    expect(memory.physicalOfCode(0x5000, 0)).toBe(0x5000);
    memory.invalidate(0x1f_0000, 0);
    expect(memory.physicalOfCode(0x5000, 0)).toBe(0x20_5000);
  });

  test('code of a page with several rights is decoded anew after every INVLPG', () => {
    const memory = setup();
    memory.map({ start: 0x5800, length: 8, access: 'r' });
    memory.fetched(0, 0, 1);
    const { codeVersion } = memory;
    memory.invalidate(0x1000, 0);
    expect(memory.codeVersion).not.toBe(codeVersion);
  });

  test('a change of CPL is seen, and the versions of code and mapping come back with it', () => {
    const memory = paged({ mode: '64', tables: four({ pte: W }) });
    const versions = () => [memory.codeVersion, memory.mappingVersion];
    const before = versions();
    expect(tryAccess(memory, 'read', 0, 0)).toBe('allowed');
    memory.words[WORD.cpl] = 3;
    memory.rightsChanged();
    expect(tryAccess(memory, 'read', 0, 0)).toEqual({ fault: eP | eU, lo: 0, hi: 0 });
    expect(versions()).not.toEqual(before);
    memory.words[WORD.cpl] = 0;
    memory.rightsChanged();
    expect(versions()).toEqual(before);
    expect(tryAccess(memory, 'read', 0, 0)).toBe('allowed');
  });
});

test('A20 off: bit 20 of physical addresses is 0, of tables too', () => {
  const memory = new GuestMemory({ ram: 4 * MIB });
  memory.ram.set([1], 0x1234);
  expect(memory.load(0x10_1234, 0, 1, false)).toBe(0);
  memory.a20 = false;
  expect([memory.load(0x10_1234, 0, 1, false), memory.load(0x1234, 0, 1, false)]).toEqual([1, 1]);
  expect(memory.identity).toBe(false);
  memory.store(0x30_1234, 0, 1, 7, 0);
  expect([memory.ram[0x20_1234], memory.ram[0x30_1234]]).toEqual([7, 0]);
  memory.a20 = true;
  expect(memory.load(0x10_1234, 0, 1, false)).toBe(0);
});
