import { BzelfError, concat, getU32, getU64, le, phys } from '@bzelf/bytes';
import { wrap } from '@bzelf/writer';
import { countingSource, makeBzImage } from '@bzelf/testkit';
import {
  directStart,
  openKernel,
  pcMemoryMap,
  planLoad,
  planProtocols,
  PLAN_PROTOCOLS,
  type KernelImage,
} from '../src/index.js';
import { checkPlan, MIB, note, small, tinyElf } from './fixtures.js';

const MAP = pcMemoryMap(256n * MIB);
const protocolsOf = (kernel: KernelImage) => kernel.entries.map((e) => e.protocol);

test.each([
  { image: '61-64-gzip', bits: 64, compressor: 'gzip', protocols: ['linux64', 'linux32', 'linux16'] },
  { image: '61-32-gzip', bits: 32, compressor: 'gzip', protocols: ['linux32', 'linux16'] },
])('$image is a bzImage of $bits bits with entries $protocols', ({ image, bits, compressor, protocols }) => {
  const kernel = openKernel(small(image));
  expect(kernel).toMatchObject({
    form: 'bzimage',
    bits,
    bootProtocol: 0x020f,
    payload: { compressor },
    subarch: { subarch: 0 },
    warnings: [],
  });
  expect(kernel.kernelVersion).toMatch(/^6\.1\.192 /);
  expect(protocolsOf(kernel)).toEqual(protocols);
  expect(kernel.placement).toMatchObject({ relocatable: true, preferred: 0x1000000n, alignment: 0x200000n });
});

test('EFI handover entries are listed but not planned', () => {
  const kernel = openKernel(makeBzImage({ bits: 64, handover_offset: 0x190, xloadflags: 0xf }));
  expect(kernel.entries.find((e) => e.protocol === 'efi-handover')).toMatchObject({
    address: 0x1000390n,
    mode: 'long64',
  });
  expect(planProtocols(kernel)).not.toContain('efi-handover');
});

test.each([
  { wrapped: { form: 'container' }, form: 'container', protocol: 'linux64' },
  { wrapped: { form: 'inplace', allowEfiLoss: true }, form: 'inplace', protocol: 'linux64' },
  { wrapped: { form: 'vmlinux' }, form: 'vmlinux', protocol: 'linux64' },
] as const)('$form is recognised by its IMAGE note', async ({ wrapped, form, protocol }) => {
  const { bytes } = await wrap(small('61-64-gzip'), wrapped);
  const kernel = openKernel(bytes);
  expect(kernel).toMatchObject({ form, bits: 64, bootProtocol: 0x020f, warnings: [] });
  expect(planProtocols(kernel)[0]).toBe(protocol);
  if (form !== 'vmlinux') expect(kernel.kernelVersion).toMatch(/^6\.1\.192 /);
  for (const name of planProtocols(kernel))
    checkPlan(planLoad(kernel, { memoryMap: MAP, protocol: name, cmdline: 'x' }), MAP);
});

test('opening a container reads headers and notes, not the kernel', async () => {
  const { bytes } = await wrap(small('61-64-gzip'), {});
  const source = countingSource(bytes);
  openKernel(source);
  expect(source.bytesRead).toBeLessThan(100 * 1024);
});

test('an ELF file that is neither Linux nor ours keeps the entries of its notes and headers', () => {
  const mb = concat([le(0x1badb002, 4), le(3, 4), le(0x1_0000_0000 - 0x1badb002 - 3, 4), new Uint8Array(20)]);
  const kernel = openKernel(
    tinyElf(
      [
        { paddr: MIB, bytes: mb },
        { p_type: 4, bytes: note('Xen', 18, le(MIB, 4)) },
      ],
      MIB,
      3,
    ),
  );
  expect(kernel).toMatchObject({ form: 'elf', bits: 32 });
  expect(protocolsOf(kernel)).toEqual(['pvh', 'multiboot']);
});

test('a Multiboot 1 header in a 64-bit file is refused without address fields, as QEMU does', () => {
  const mb = concat([le(0x1badb002, 4), le(0, 4), le(0x1_0000_0000 - 0x1badb002, 4), new Uint8Array(20)]);
  const kernel = openKernel(tinyElf([{ paddr: MIB, bytes: mb }]));
  expect(() => planLoad(kernel, { memoryMap: MAP, protocol: 'multiboot' })).toThrow(
    expect.objectContaining({ code: 'loader/bad-multiboot' }),
  );
});

test.each([
  { what: 'an empty file', bytes: new Uint8Array(0), code: 'loader/not-a-kernel' },
  { what: 'text', bytes: new TextEncoder().encode('#!/bin/sh\n'), code: 'loader/not-a-kernel' },
  { what: 'gzip', bytes: Uint8Array.of(0x1f, 0x8b, 8, 0), code: 'loader/not-a-kernel' },
  { what: 'an ELF header cut short', bytes: Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1), code: 'elf/too-short' },
])('$what is refused with $code', ({ bytes, code }) => {
  expect(() => openKernel(bytes)).toThrow(expect.objectContaining({ code }));
});

const pv = (more: Uint8Array[] = []) => {
  const base = 0xffff_ffff_8000_0000n;
  const notes = [
    note('Xen', 6, new TextEncoder().encode('linux\0')),
    note('Xen', 5, new TextEncoder().encode('xen-3.0\0')),
    note('Xen', 3, le(base, 8)),
    note('Xen', 1, le(base + 0x1000010n, 8)),
    ...more,
  ];
  return openKernel(
    tinyElf([
      { paddr: 0x1000000n, vaddr: base + 0x1000000n, bytes: new Uint8Array(0x3000), memsz: 0x5000n },
      { p_type: 4, bytes: concat(notes) },
    ]),
  );
};

test.each([
  { where: 'behind the kernel', initP2m: undefined },
  { where: 'at INIT_P2M', initP2m: 0x8000000000n },
])('a PV domain starts with its p2m list $where', async ({ initP2m }) => {
  const { walk } = await import('./walk-pages.js');
  const memoryMap = [{ start: phys(0), length: 64n * MIB, type: 1 }];
  const kernel = pv(initP2m === undefined ? [] : [note('Xen', 15, le(initP2m, 8))]);
  const plan = planLoad(kernel, {
    memoryMap,
    protocol: 'xen-pv',
    cmdline: 'console=hvc0',
    initrd: new Uint8Array(0x1234),
  });
  checkPlan(plan, memoryMap);
  const bytes = plan.parameterBlock?.bytes ?? new Uint8Array();
  const tables = plan.pageTables;
  if (tables === undefined) throw new Error('no page tables');
  const at = (virtual: bigint) =>
    walk((a) => getU64(tables.bytes, Number(a - tables.root)), 'long', tables.root, virtual);
  expect(new TextDecoder().decode(bytes.subarray(0, 14))).toBe('xen-3.0-x86_64');
  expect(getU64(bytes, 0x20)).toBe(16384n);
  expect(at(plan.cpu.rip)?.physical).toBe(0x1000010n);
  expect(at(plan.cpu.registers.rsi)?.physical).toBe(plan.parameterBlock?.address);
  expect(at(plan.cpu.registers.rsp - 8n)).toMatchObject({ writable: true, pageSize: 4096 });
  expect(at(getU64(bytes, 0x58))).toMatchObject({ physical: tables.root, writable: false });
  expect(at(getU64(bytes, 0x70))?.physical).toBe(plan.initrd?.start);
  const p2m = plan.copies.find((c) => c.purpose === 'p2m');
  expect(at(getU64(bytes, 0x68))?.physical).toBe(p2m?.to);
  if (initP2m !== undefined) expect(getU64(bytes, 0x68)).toBe(initP2m);
  expect(plan.cpu.rflags & 0x200n).toBe(0x200n);
});

test.each([
  {
    why: 'the notes name no hypervisor interface',
    kernel: () =>
      openKernel(
        tinyElf([
          { paddr: MIB, bytes: new Uint8Array(64) },
          {
            p_type: 4,
            bytes: concat([
              note('Xen', 6, new TextEncoder().encode('linux\0')),
              note('Xen', 3, le(0, 8)),
              note('Xen', 1, le(MIB, 8)),
            ]),
          },
        ]),
      ),
    code: 'loader/xen-pv-notes',
  },
])('PV is refused when $why', ({ kernel, code }) => {
  expect(() => planLoad(kernel(), { memoryMap: MAP, protocol: 'xen-pv' })).toThrow(expect.objectContaining({ code }));
});

/** Small deterministic noise: the same files are tried every time. */
function* noise(seed: number, count: number): Generator<number> {
  let x = seed >>> 0 || 1;
  for (let i = 0; i < count; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    yield (x >>> 0) / 0x1_0000_0000;
  }
}

function tryAll(bytes: Uint8Array): void {
  let kernel: KernelImage;
  try {
    kernel = openKernel(bytes);
  } catch (error) {
    if (error instanceof BzelfError) return;
    throw error;
  }
  for (const protocol of PLAN_PROTOCOLS)
    try {
      checkPlan(planLoad(kernel, { protocol, memoryMap: MAP, cmdline: 'x', initrd: { size: 100 } }), MAP);
    } catch (error) {
      if (!(error instanceof BzelfError)) throw error;
    }
}

describe('damaged files', () => {
  const tiny = makeBzImage({ bits: 64, payload: new Uint8Array(64) });
  const forms: [string, () => Promise<Uint8Array> | Uint8Array][] = [
    ['bzimage', () => tiny],
    ['container', async () => (await wrap(tiny, { target: 'universal', inspectPayload: false })).bytes],
    [
      'container for Multiboot 2',
      async () => (await wrap(tiny, { target: 'multiboot2', inspectPayload: false })).bytes,
    ],
    ['inplace', async () => (await wrap(tiny, { form: 'inplace', allowEfiLoss: true, inspectPayload: false })).bytes],
    ['Xen PV kernel', () => concat([new Uint8Array(0), pv().source.read(0, pv().source.size)])],
  ];
  test.each(forms)(
    '%s: any byte of the headers may be anything, and there is a plan or a reason',
    async (_name, make) => {
      const good = await make();
      const values = noise(42, 9000);
      for (let i = 0; i < 150; i++) {
        const bytes = good.slice();
        const flips = 1 + Math.floor((values.next().value ?? 0) * 3);
        for (let n = 0; n < flips; n++) {
          const span = Math.min(bytes.length, 0x1200);
          bytes[Math.floor((values.next().value ?? 0) * span)] =
            [0, 1, 0x7f, 0x80, 0xff][Math.floor((values.next().value ?? 0) * 5)] ?? 0;
        }
        tryAll(bytes);
      }
    },
  );
  test.each(forms)('%s: every truncation has a plan or a reason', async (_name, make) => {
    const good = await make();
    for (let length = 0; length < good.length; length += length < 0x400 ? 13 : 997) tryAll(good.subarray(0, length));
  });
});

test.each([
  { why: 'there is no payload', kernel: () => openKernel(makeBzImage({})), options: {}, code: 'loader/no-payload' },
  {
    why: 'a 64-bit kernel has no 32-bit entry',
    kernel: () => openKernel(small('61-64-gzip')),
    options: { entry: 'linux32' },
    code: 'loader/no-entry',
  },
  {
    why: 'the slide is not aligned',
    kernel: () => openKernel(small('61-64-gzip')),
    options: { kaslr: { physicalSlide: 0x1000n } },
    code: 'loader/bad-slide',
  },
  {
    why: 'the virtual slide is too large',
    kernel: () => openKernel(small('61-64-gzip')),
    options: { kaslr: { virtualSlide: 0x4000_0000n } },
    code: 'loader/bad-slide',
  },
  {
    why: 'the virtual slide is negative',
    kernel: () => openKernel(small('61-64-gzip')),
    options: { kaslr: { virtualSlide: -0x20_0000n } },
    code: 'loader/bad-slide',
  },
  {
    why: 'a 32-bit kernel is to have two slides',
    kernel: () => openKernel(small('61-32-gzip')),
    options: { kaslr: { physicalSlide: 0x40_0000n, virtualSlide: 0n } },
    code: 'loader/bad-slide',
  },
  {
    why: 'the place is not RAM',
    kernel: () => openKernel(small('61-64-gzip')),
    options: { kaslr: { physicalSlide: 0x1000_0000n } },
    code: 'loader/not-ram',
  },
  {
    why: 'the kernel is larger than the limit',
    kernel: () => openKernel(small('61-64-gzip')),
    options: { limit: 1 << 20 },
    code: 'bzimage/payload-too-large',
  },
] as const)('a direct start is refused when $why', async ({ kernel, options, code }) => {
  await expect(directStart(kernel(), { memoryMap: MAP, ...options })).rejects.toMatchObject({ code });
});

test('a vmlinux has no relocation table, so it has no virtual slide', async () => {
  const { bytes } = await wrap(small('61-64-gzip'), { form: 'vmlinux' });
  const kernel = openKernel(bytes);
  await expect(directStart(kernel, { memoryMap: MAP, kaslr: { virtualSlide: 0x20_0000n } })).rejects.toMatchObject({
    code: 'loader/no-relocations',
  });
  const plan = await directStart(kernel, { memoryMap: MAP, kaslr: { seed: 1n } });
  expect(plan.slides.virtual).toBe(0n);
  expect(plan.warnings).toHaveLength(1);
});

test('the same seed gives the same plan, and slides keep the rules of the kernel', async () => {
  const kernel = openKernel(small('61-64-gzip'));
  const seen = new Set<string>();
  for (let seed = 0n; seed < 4n; seed++) {
    const plan = await directStart(kernel, { memoryMap: MAP, kaslr: { seed }, initrd: { size: 1000 } });
    checkPlan(plan, MAP);
    const { physical, virtual } = plan.slides;
    expect([physical % 0x200000n, virtual % 0x200000n]).toEqual([0n, 0n]);
    expect(virtual >= 0n && 0x1000000n + virtual < 0x40000000n).toBe(true);
    expect(getU32(plan.parameterBlock?.bytes ?? new Uint8Array(4), 0x211) & 2).toBe(
      physical === 0n && virtual === 0n ? 0 : 2,
    );
    seen.add(`${physical} ${virtual}`);
  }
  expect(seen.size).toBe(4);
  const again = await directStart(kernel, { memoryMap: MAP, kaslr: { seed: 3n }, initrd: { size: 1000 } });
  expect(seen).toContain(`${again.slides.physical} ${again.slides.virtual}`);
});
