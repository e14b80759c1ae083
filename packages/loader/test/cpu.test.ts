import { getU64, phys } from '@bzelf/bytes';
import { bootGdt, buildPageTables, openKernel, pcMemoryMap, planLoad, splitMix64 } from '../src/index.js';
import { flatCpu, realCpu } from '../src/cpu.js';
import { MIB, small } from './fixtures.js';
import { allPages, readerOf } from './walk-pages.js';

// Linux's own descriptors: boot/pm.c (32-bit), boot/compressed/head_64.S (64-bit); the TSS is not busy so that ltr takes it.
test.each([
  { mode: 'protected32', code: 0x00cf9b000000ffffn },
  { mode: 'long64', code: 0x00af9b000000ffffn },
] as const)('the GDT of $mode has the descriptors that Linux itself uses', ({ mode, code }) => {
  const gdt = bootGdt(mode);
  expect([0, 8, 0x10, 0x18, 0x20, 0x28].map((at) => getU64(gdt, at))).toEqual([
    0n,
    0n,
    code,
    0x00cf93000000ffffn,
    0x0000890000000067n,
    0n,
  ]);
});

test('flat segments have the hidden parts that a VMCS wants', () => {
  const cpu = flatCpu({ mode: 'long64', rip: 1n, gdt: { address: phys(0), bytes: new Uint8Array() }, cr3: 0x1000n });
  expect(cpu.segments.cs).toEqual({ selector: 0x10, base: 0n, limit: 0xffffffff, access: 0xa09b });
  expect(cpu.segments.tr).toEqual({ selector: 0x20, base: 0n, limit: 0x67, access: 0x8b });
  expect([cpu.cr0, cpu.cr4, cpu.efer]).toEqual([0x80000011n, 0x20n, 0x500n]);
});

test('real mode has segment bases of 16 times the selector', () => {
  const cpu = realCpu(0x1000, 0x1020, 0xe000);
  expect(cpu.segments.cs).toMatchObject({ selector: 0x1020, base: 0x10200n, limit: 0xffff });
  expect(cpu.segments.ss).toMatchObject({ selector: 0x1000, base: 0x10000n });
  expect(cpu.registers.rsp).toBe(0xe000n);
});

// The published outputs for seed 1234567 (prng.di.unimi.it/splitmix64.c run by others; Rosetta Code, "Pseudo-random numbers/Splitmix64").
test('SplitMix64 gives the published numbers', () => {
  const random = splitMix64(1234567n);
  expect(Array.from({ length: 5 }, random)).toEqual([
    6457827717110365317n,
    3203168211198807973n,
    9817491932198370423n,
    4593380528125082431n,
    16408922859458223821n,
  ]);
});

test('the page tables of a linux64 plan map its ranges and not a page more', () => {
  const kernel = openKernel(small('61-64-gzip'));
  const plan = planLoad(kernel, {
    memoryMap: pcMemoryMap(256n * MIB),
    protocol: 'linux64',
    cmdline: 'x',
    optionalMappings: false,
  });
  const tables = plan.pageTables;
  if (tables === undefined || plan.mappings === undefined) throw new Error('no page tables');
  const pages = allPages(readerOf(tables.bytes, tables.root), 'long', tables.root).sort((a, b) =>
    a.virtual < b.virtual ? -1 : 1,
  );
  const first = pages[0];
  expect(first?.virtual).toBe(plan.cmdline?.start);
  const inRange = (page: { virtual: bigint; size: bigint }) =>
    plan.mappings?.some(
      (m) => m.start - 0xfffn <= page.virtual && page.virtual + page.size <= m.start + m.length + 0xfffn,
    );
  expect(pages.filter((page) => !inRange(page))).toEqual([]);
  expect(plan.mappings.map((m) => m.purpose)).toEqual(['image', 'runtime', 'boot-params', 'cmdline']);
  expect(buildPageTables({ mode: 'long', ranges: plan.mappings, at: tables.root }).bytes).toEqual(tables.bytes);
});
