import { BzelfError, phys } from '@bzelf/bytes';
import { decodeBootParams } from '@bzelf/bzimage';
import { makeBzImage } from '@bzelf/testkit';
import fc from 'fast-check';
import {
  copyLength,
  decodeStartInfo,
  openKernel,
  pcMemoryMap,
  planLoad,
  planProtocols,
  type MemoryRange,
  type PlanOptions,
} from '../src/index.js';
import { checkPlan, MIB, note, small, tinyElf } from './fixtures.js';
import { le } from '@bzelf/bytes';

const MAP = pcMemoryMap(256n * MIB);
const kernel64 = openKernel(small('61-64-gzip'));
const kernel32 = openKernel(small('61-32-gzip'));
const plan = (options: Partial<PlanOptions> = {}, kernel = kernel64) =>
  planLoad(kernel, { memoryMap: MAP, ...options });
const ram = (...rows: [bigint, bigint][]): MemoryRange[] =>
  rows.map(([start, length]) => ({ start: phys(start), length, type: 1 }));

test('a 64-bit bzImage is entered by its 64-bit entry unless told otherwise', () => {
  expect(planProtocols(kernel64)).toEqual(['linux64', 'linux32', 'linux16']);
  expect(plan().protocol).toBe('linux64');
  expect(plan({}, kernel32).protocol).toBe('linux32');
});

/** Firecracker's places (src/arch/x86_64/layout.rs), a module list behind the kernel as Xen has it, and one that is not RAM, as qboot's. */
test('a loader has its objects where it wants them, the lists of hvm_start_info apart', () => {
  const elf = tinyElf([
    { bytes: new Uint8Array(0x1000), paddr: MIB },
    { p_type: 4, bytes: note('Xen', 18, le(0x100000, 4)) },
  ]);
  const done = plan(
    {
      protocol: 'pvh',
      cmdline: 'quiet',
      initrd: { size: 0x1234 },
      places: {
        hvm_start_info: { at: phys(0xf_31e0) },
        hvm_modlist_entry: { at: phys(0x6040) },
        hvm_memmap_table_entry: { at: phys(0x7000) },
        cmdline: { at: phys(0x2_0000) },
        initrd: { behind: 'kernel' },
      },
    },
    openKernel(elf),
  );
  expect(done.cpu.registers.rbx).toBe(0xf_31e0n);
  expect(decodeStartInfo(done.parameterBlock?.bytes ?? new Uint8Array())).toMatchObject({
    ...{ nr_modules: 1, modlist_paddr: 0x6040n, memmap_paddr: 0x7000n, cmdline_paddr: 0x2_0000n },
    memmap_entries: MAP.length,
  });
  expect(done.initrd?.start).toBe(MIB + 0x1000n);
  const sizes = done.copies.map((copy) => [copy.to, copyLength(copy)]);
  expect(sizes).toContainEqual([0x6040n, 0x20]);
  expect(sizes).toContainEqual([0x7000n, 0x18 * MAP.length]);
});

test.each([
  { place: { above: phys(0x2000_0001) }, code: 'loader/no-room' },
  { place: { above: phys(0x200_0001) }, start: 0x200_1000n },
  { place: { below: phys(0x800_0000) }, start: 0x7ff_e000n },
  { place: { at: phys(0x100_0000) }, code: 'loader/overlap' },
])('an initrd at $place', ({ place, start, code }) => {
  const done = () => plan({ initrd: { size: 0x1234 }, places: { initrd: place } }).initrd?.start;
  if (code === undefined) expect(done()).toBe(start);
  else expect(done).toThrow(expect.objectContaining({ code }));
});

test.each([
  { protocol: 'linux32', kernel: kernel64, entry: 0x1000000n, cr0: 0x11n, efer: 0n, cs: 0xc09b },
  { protocol: 'linux64', kernel: kernel64, entry: 0x1000200n, cr0: 0x80000011n, efer: 0x500n, cs: 0xa09b },
  { protocol: 'linux32', kernel: kernel32, entry: 0x1000000n, cr0: 0x11n, efer: 0n, cs: 0xc09b },
  { protocol: 'linux16', kernel: kernel64, entry: 0x10200n, cr0: 0x10n, efer: 0n, cs: 0x9b },
] as const)('$protocol enters at $entry with CR0 $cr0', ({ protocol, kernel, entry, cr0, efer, cs }) => {
  const { cpu, entry: at } = plan({ protocol }, kernel);
  expect({ at, cr0: cpu.cr0, efer: cpu.efer, cs: cpu.segments.cs.access }).toEqual({ at: entry, cr0, efer, cs });
  expect(cpu.rflags & 0x200n).toBe(0n);
});

test('boot_params carry the command line, initrd, memory map and loader id', () => {
  const done = plan({
    cmdline: 'quiet root=/dev/vda',
    initrd: new Uint8Array(5000),
    acpiRsdp: phys(0xf5a40),
    loaderId: 0xb0,
  });
  const { header, e820, ramdisk, cmdLinePtr, params } = decodeBootParams(
    done.parameterBlock?.bytes ?? new Uint8Array(),
  );
  expect(cmdLinePtr).toBe(done.cmdline?.start);
  expect(done.cmdline?.length).toBe(20n);
  expect(ramdisk).toEqual({ address: done.initrd?.start, size: 5000n });
  expect(e820.map((r) => [r.addr, r.size, r.type])).toEqual(MAP.map((r) => [r.start, r.length, r.type]));
  expect(header).toMatchObject({ type_of_loader: 0xb0, code32_start: 0x1000000, hardware_subarch: 0 });
  expect(params).toMatchObject({ acpi_rsdp_addr: 0xf5a40n, sentinel: 0 });
  expect(done.cpu.registers.rsi).toBe(done.parameterBlock?.address);
});

test('the initrd ends at the top of RAM below initrd_addr_max, page-aligned', () => {
  expect(plan({ initrd: { size: 0x12345 } }).initrd).toEqual({
    start: 256n * MIB - 0x13000n,
    length: 0x12345n,
    purpose: 'initrd',
  });
  const large = planLoad(kernel64, { memoryMap: pcMemoryMap(4096n * MIB), initrd: { size: 0x1000 } });
  expect(large.initrd?.start).toBe(0x7fff_f000n); // initrd_addr_max 0x7fffffff
});

test('an initrd that does not fit below initrd_addr_max goes above 4 GiB where the kernel can take it', () => {
  const memoryMap = ram([0n, 0xa0000n], [MIB, 64n * MIB], [1n << 32n, 1024n * MIB]);
  const initrd = { size: 512 << 20 };
  expect(planLoad(kernel64, { memoryMap, initrd }).initrd?.start).toBe((1n << 32n) + 512n * MIB);
  expect(() => planLoad(kernel64, { memoryMap, initrd, protocol: 'linux32' })).toThrow(
    expect.objectContaining({ code: 'loader/no-room' }),
  );
});

test('when the preferred place is not RAM a relocatable kernel takes the lowest aligned one above it', () => {
  const memoryMap = ram([0n, 0xa0000n], [MIB, 8n * MIB], [0x2345000n, 64n * MIB]);
  expect(planLoad(kernel64, { memoryMap, protocol: 'linux32' }).entry).toBe(0x2400000n);
});

test('more than 128 rows of memory map go into a setup_data node that is mapped, too', () => {
  const rows: MemoryRange[] = [...MAP];
  for (let i = 0n; i < 140n; i++) rows.push({ start: phys((1n << 33n) + i * 0x2000n), length: 0x1000n, type: 2 });
  const done = planLoad(kernel64, { memoryMap: rows, optionalMappings: false });
  const { header, e820 } = decodeBootParams(done.parameterBlock?.bytes ?? new Uint8Array());
  expect(e820).toHaveLength(128);
  const node = done.copies.find((c) => c.purpose === 'setup_data');
  expect(header.setup_data).toBe(node?.to);
  expect(done.mappings?.some((m) => m.purpose === 'setup-data' && m.start === node?.to)).toBe(true);
  expect(node !== undefined && 'bytes' in node.from && node.from.bytes.length).toBe(16 + (rows.length - 128) * 20);
});

const OLD = (version: number, more: object = {}) =>
  openKernel(
    makeBzImage({
      version,
      bits: 32,
      crc: 'none',
      relocatable_kernel: 0,
      protectedMode: new Uint8Array(0x4000),
      ...more,
    }),
  );
const bytesOf = (done: ReturnType<typeof plan>, purpose: string): Uint8Array => {
  const copy = done.copies.find((c) => c.purpose === purpose);
  return copy !== undefined && 'bytes' in copy.from ? copy.from.bytes : new Uint8Array();
};

test.each([
  { version: 0x0200, cmd_line_ptr: 0, magic: 0xa33f, segment: 0x9000n },
  { version: 0x0201, cmd_line_ptr: 0, magic: 0xa33f, segment: 0x9000n },
  { version: 0x0202, cmd_line_ptr: 0x1e000, magic: 0xffff, segment: 0x1000n },
  { version: 0x020f, cmd_line_ptr: 0x1e000, magic: 0xffff, segment: 0x1000n },
])('protocol $version passes the command line in its own way', ({ version, cmd_line_ptr, magic, segment }) => {
  const done = plan({ protocol: 'linux16', cmdline: 'x' }, OLD(version));
  const setup = bytesOf(done, 'setup');
  const view = new DataView(setup.buffer, setup.byteOffset);
  expect(view.getUint16(0x20, true)).toBe(magic);
  if (version >= 0x0202) expect(view.getUint32(0x228, true)).toBe(cmd_line_ptr);
  if (version >= 0x0201) expect(view.getUint16(0x224, true)).toBe((version >= 0x0202 ? 0xe000 : 0x9800) - 0x200);
  expect(done.entry).toBe(segment * 16n + 0x200n);
  expect(done.cpu.segments.ss.base).toBe(segment * 16n);
  expect(done.cpu.rip).toBe(0n);
  if (version < 0x0202) {
    expect(view.getUint16(0x22, true)).toBe(0x9800);
    expect(view.getUint16(0x212, true)).toBe(0x9800 + 2); // setup_move_size covers the line
  }
});

test('planning does not write into the image', () => {
  const bytes = small('61-64-gzip');
  const before = bytes.slice();
  planLoad(openKernel(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)), {
    memoryMap: MAP,
    protocol: 'linux16',
    cmdline: 'x',
  });
  expect(Buffer.compare(bytes, before)).toBe(0);
});

const fixed = openKernel(makeBzImage({ relocatable_kernel: 0, bits: 64 }));
const wide = openKernel(makeBzImage({ bits: 32, kernel_alignment: 0x1000000, min_alignment: 13 }));
const xlf = openKernel(makeBzImage({ bits: 64, xloadflags: 1 }));
const elf = (bytes: Uint8Array) => openKernel(bytes);
const pvhElf = (paddr: bigint, memsz: bigint) =>
  elf(
    tinyElf(
      [
        { paddr, bytes: new Uint8Array(16), memsz },
        { p_type: 4, bytes: note('Xen', 18, le(paddr, 8)) },
      ],
      paddr,
    ),
  );

test.each([
  {
    why: 'there is no such entry',
    kernel: kernel64,
    options: { protocol: 'pvh' },
    code: 'loader/no-entry',
    expected: 'linux64, linux32, linux16',
  },
  {
    why: 'the memory is tiny',
    kernel: kernel64,
    options: { memoryMap: pcMemoryMap(8n * MIB) },
    code: 'loader/no-room',
  },
  { why: 'there is no memory', kernel: kernel64, options: { memoryMap: [] }, code: 'loader/no-room' },
  {
    why: 'a fixed kernel has a hole where it runs',
    kernel: fixed,
    options: { memoryMap: ram([0n, 16n * MIB], [17n * MIB, 64n * MIB]) },
    code: 'loader/not-ram',
  },
  {
    why: 'a fixed kernel is to be moved',
    kernel: fixed,
    options: { relocateTo: phys(32n * MIB) },
    code: 'loader/not-relocatable',
  },
  {
    why: 'the address is not aligned',
    kernel: kernel64,
    options: { relocateTo: phys(0x1100000) },
    code: 'loader/misaligned',
  },
  {
    why: 'the address is not RAM',
    kernel: kernel64,
    options: { relocateTo: phys(512n * MIB) },
    code: 'loader/not-ram',
  },
  {
    why: 'the address is above 4 GiB and the kernel cannot be there',
    kernel: xlf,
    options: { relocateTo: phys(1n << 32n) },
    code: 'loader/out-of-range',
  },
  {
    why: 'the initrd is larger than the memory',
    kernel: kernel64,
    options: { initrd: { size: 300 << 20 } },
    code: 'loader/no-room',
    field: 'initrd',
  },
  { why: 'the initrd has no size', kernel: kernel64, options: { initrd: { size: -1 } }, code: 'loader/bad-option' },
  {
    why: 'the command line is too long',
    kernel: kernel64,
    options: { cmdline: 'x'.repeat(2048) },
    code: 'loader/cmdline-too-long',
  },
  { why: 'the command line has a NUL', kernel: kernel64, options: { cmdline: 'a\0b' }, code: 'loader/bad-option' },
  {
    why: 'the real-mode segment is too high',
    kernel: kernel64,
    options: { protocol: 'linux16', realModeSegment: 0xa000 },
    code: 'loader/bad-option',
  },
  {
    why: 'low memory is not RAM',
    kernel: kernel64,
    options: { protocol: 'linux16', memoryMap: ram([MIB, 64n * MIB]) },
    code: 'loader/not-ram',
  },
  { why: 'a segment lies outside RAM', kernel: pvhElf(0x4000_0000n, 16n), options: {}, code: 'loader/not-ram' },
  {
    why: 'a segment is larger in the file than in memory',
    kernel: pvhElf(0x100000n, 8n),
    options: {},
    code: 'loader/bad-segment',
  },
  {
    why: 'a segment is larger than any machine',
    kernel: pvhElf(0x100000n, 1n << 60n),
    options: {},
    code: 'loader/bad-segment',
  },
  {
    why: 'two segments overlap',
    kernel: elf(
      tinyElf([
        { paddr: MIB, bytes: new Uint8Array(64) },
        { paddr: MIB + 32n, bytes: new Uint8Array(64) },
        { p_type: 4, bytes: note('Xen', 18, le(MIB, 8)) },
      ]),
    ),
    options: {},
    code: 'loader/overlap',
  },
] as {
  why: string;
  kernel: typeof kernel64;
  options: Partial<PlanOptions>;
  code: string;
  expected?: string;
  field?: string;
}[])('refused with its reason when $why', ({ kernel, options, code, expected, field }) => {
  expect(() => plan(options, kernel)).toThrow(
    expect.objectContaining({
      code,
      ...(expected === undefined ? {} : { expected }),
      ...(field === undefined ? {} : { field }),
    }),
  );
});

test('a loader may go down to min_alignment and then says so in kernel_alignment', () => {
  const done = plan({ protocol: 'linux32', relocateTo: phys(0x1802000) }, wide);
  expect(decodeBootParams(done.parameterBlock?.bytes ?? new Uint8Array()).header.kernel_alignment).toBe(0x2000);
  expect(done.entry).toBe(0x1802000n);
});

test('whatever the memory map, a plan has its objects apart and in RAM, or a reason', () => {
  const row = fc.record({
    start: fc.bigInt(0n, 0x8000n).map((n) => phys(n * 0x1000n)),
    length: fc.bigInt(0n, 0x6000n).map((n) => n * 0x1000n),
    type: fc.constantFrom(1, 1, 1, 2, 5),
  });
  const options = fc.record({
    protocol: fc.constantFrom('linux16', 'linux32', 'linux64'),
    memoryMap: fc.array(row, { maxLength: 7 }),
    initrd: fc.record({ size: fc.integer({ min: 0, max: 30 << 20 }) }),
    cmdline: fc.string({ maxLength: 40 }),
    relocateTo: fc.option(
      fc.bigInt(0n, 80n).map((n) => phys(n * MIB)),
      { nil: undefined, freq: 3 },
    ),
  });
  let planned = 0;
  const attempt = (wanted: PlanOptions) => {
    for (const kernel of [kernel64, kernel32])
      try {
        const protocol =
          kernel === kernel32 && wanted.protocol === 'linux64' ? 'linux32' : (wanted.protocol ?? 'linux32');
        checkPlan(planLoad(kernel, { ...wanted, protocol }), wanted.memoryMap);
        planned++;
      } catch (error) {
        if (!(error instanceof BzelfError)) throw error;
      }
  };
  const base = [
    { start: phys(0), length: 0x9f000n, type: 1 },
    { start: phys(MIB), length: 100n * MIB, type: 1 },
  ];
  fc.assert(
    fc.property(options, fc.boolean(), ({ relocateTo, ...rest }, roomy) => {
      const memoryMap = roomy ? [...base, ...rest.memoryMap.filter((r) => r.start > 0x100000n)] : rest.memoryMap;
      attempt({ ...rest, memoryMap, ...(relocateTo === undefined ? {} : { relocateTo }) } as PlanOptions);
    }),
    { numRuns: 300 },
  );
  expect(planned).toBeGreaterThan(50);
});
