import { crc32 } from 'node:zlib';
import { asciz, concat, setU32, setU64 } from '@bzelf/bytes';
import { judge } from '@bzelf/testkit';
import { testContainer, type TestContainer, type TestContainerOptions } from '../test/stub/container.js';
import { launcherElf, placeElf, type LaunchState, type Placed } from '../test/stub/launcher.js';
import {
  asBigints,
  CMDLINE,
  expectLinuxState,
  EXTRA,
  INFO,
  initrd,
  INITRD,
  initrdCrc,
  launch,
  MAP,
  MIB,
  probe,
  reportOf,
  run,
  withInitrd,
} from '../test/stub/run.js';
import {
  corebootTable,
  entry20,
  etherbootMeminfo,
  framebuffer,
  ipChecksum,
  loaderBootParams,
  memmapEntry,
  modlistEntry,
  multiboot2Info,
  multibootInfo,
  multibootMmapEntry,
  records,
  startInfo,
  u32s,
  u64s,
  type MapEntry,
} from '../test/stub/tables.js';

/** The states that loaders make, made by the launcher in QEMU; what the probe reports is compared with what was given. */
jest.setTimeout(100_000); // QEMU has its own, shorter limit
const boots = judge('qemu-system-x86_64') ? test : test.skip;
const title = judge('qemu-system-x86_64') ? '' : ' (skipped: qemu-system-x86_64 is not installed)';

describe(`PVH${title}`, () => {
  const pvh = (map: readonly MapEntry[], more: Placed[] = []): Placed[] => [
    {
      at: INFO,
      bytes: startInfo({
        version: 1,
        modules: 2,
        modlist: EXTRA,
        cmdline: CMDLINE,
        rsdp: 0xe_0000,
        memmap: EXTRA + 0x100,
        entries: map.length,
      }),
    },
    { at: CMDLINE, bytes: asciz('by pvh') },
    { at: EXTRA, bytes: concat([modlistEntry(INITRD, initrd.length), modlistEntry(1, 2)]) },
    { at: EXTRA + 0x100, bytes: concat(map.map(memmapEntry)) },
    { at: INITRD, bytes: initrd },
    ...more,
  ];

  boots('the first module is the initrd, empty ranges vanish, unknown types are reserved', async () => {
    const map = [
      ...MAP,
      { addr: 5, size: 0, type: 1 },
      { addr: 0x7000_0000, size: 0x1000, type: 7 },
      { addr: 1n << 36n, size: 1n << 32n, type: 1 },
    ];
    const report = await reportOf(
      launch({ mode: 32, registers: { rbx: INFO, rax: 0x2bad_b002, rsp: 0x7000 }, memory: pvh(map) }),
    );
    expectLinuxState(report, 'linux32');
    expect(report).toMatchObject({ cmdline: 'by pvh', ramdisk: withInitrd });
    expect(report.fields['acpi_rsdp_addr']).toBe(0xe_0000n);
    expect(report.e820).toEqual(
      asBigints([...MAP, { addr: 0x7000_0000, size: 0x1000, type: 2 }, { addr: 1n << 36n, size: 1n << 32n, type: 1 }]),
    );
  });

  boots('the stub runs wherever it is put, with its kernel', async () => {
    const delta = 0x20_0000;
    const container = testContainer(probe);
    const report = await reportOf(launch({ container, delta, mode: 32, registers: { rbx: INFO }, memory: pvh(MAP) }));
    expect(report).toMatchObject({
      load: BigInt(container.address.kernel + delta),
      bp: BigInt(container.address.bp + delta),
      cmdline: 'by pvh',
    });
  });

  boots('start_info is as it was before: the stub only borrows a dword', async () => {
    const info = pvh(MAP)[0]?.bytes ?? new Uint8Array(0);
    const report = await reportOf(
      launch({ mode: 32, registers: { rbx: INFO }, memory: pvh(MAP) }, { initrd: new Uint8Array(1) }),
    );
    expect(report.ramdisk?.crc32).toBe(initrdCrc);
    // and the same block, seen by the probe as its initrd
    const seen = pvh(MAP).map((placed) =>
      placed.at === EXTRA ? { at: EXTRA, bytes: modlistEntry(INFO, info.length) } : placed,
    );
    expect((await reportOf(launch({ mode: 32, registers: { rbx: INFO }, memory: seen }))).ramdisk?.crc32).toBe(
      crc32(info),
    );
  });

  boots('more than 128 ranges continue in a setup_data node', async () => {
    const many: MapEntry[] = [
      ...MAP,
      ...Array.from({ length: 300 }, (_, i) => ({
        addr: 0x1_0000_0000 + i * 0x1_0000,
        size: 0x1000 + i,
        type: 1 + (i % 5),
      })),
    ];
    const report = await reportOf(launch({ mode: 32, registers: { rbx: INFO }, memory: pvh(many) }));
    expect(report.fields['e820_entries']).toBe(128n);
    expect(report.setupData).toMatchObject([{ type: 1, len: (303 - 128) * 20 }]);
    expect(report.e820).toEqual(asBigints(many));
  });

  boots('version 0 without Xen: there is no memory map, and the stub says so', async () => {
    const memory = pvh(MAP).map((placed) =>
      placed.at === INFO ? { at: INFO, bytes: startInfo({ version: 0, cmdline: CMDLINE }) } : placed,
    );
    const { serial, debugcon } = await run(
      launch({ mode: 32, registers: { rbx: INFO, rax: 0x1234, rsi: 0x5678 }, memory }),
    );
    const message =
      'bzelf: no memory map: no loader was recognised that gives one (entered with eax=00001234 ebx=01800000 esi=00005678';
    expect(serial).toContain(message);
    expect(debugcon).toContain(message);
  });

  boots('a kernel window that is not RAM is refused', async () => {
    const map = [
      { addr: 0, size: 0x9_f000, type: 1 },
      { addr: MIB, size: 0xf0_8000, type: 1 },
    ];
    const { serial } = await run(launch({ mode: 32, registers: { rbx: INFO }, memory: pvh(map) }));
    expect(serial).toContain('bzelf: the kernel needs RAM from 01000000 to 01020000');
    expect(serial).toContain("by the loader's memory map not all of it is RAM");
  });

  boots('a window made of two adjoining ranges is RAM', async () => {
    const map = [
      { addr: 0x100_8000, size: 0x100_0000, type: 1 },
      { addr: MIB, size: 0xf0_8000, type: 1 },
    ];
    expect((await reportOf(launch({ mode: 32, registers: { rbx: INFO }, memory: pvh(map) }))).entry).toBe('linux32');
  });

  boots.each([
    { name: 'inside the window', at: 0x101_8000, max: undefined },
    { name: 'across the end of the window', at: 0x100_8000, max: undefined },
    { name: 'above initrd_addr_max of a kernel with 32-bit limits', at: INITRD, max: 0x17f_ffff },
  ])('an initrd $name is moved to where the kernel can use it', async ({ at, max }) => {
    const stub = 0x110_0000;
    const container = testContainer(probe, {
      stub,
      editTemplate: (template) => {
        if (max === undefined) return;
        setU32(template, 0x22c, max);
        template[0x236] = 1;
      },
    });
    const memory = pvh(MAP, at === INITRD ? [] : [{ at, bytes: initrd }]).map((placed) =>
      placed.at === EXTRA ? { at: EXTRA, bytes: modlistEntry(at, initrd.length) } : placed,
    );
    const placed = placeElf(container.file).map(({ at: from, bytes }) => ({
      at: from,
      bytes: from >= 0x1001000 && from < 0x110_0000 ? bytes.subarray(0, 0) : bytes,
    }));
    const file = launcherElf({ mode: 32, entry: stub, registers: { rbx: INFO }, memory: [...placed, ...memory] });
    const report = await reportOf({ kernel: file });
    expect(report.ramdisk?.crc32).toBe(initrdCrc);
    const start = report.ramdisk?.addr ?? 0n;
    expect(start).not.toBe(BigInt(at));
    expect(start + BigInt(initrd.length)).toBeLessThanOrEqual(BigInt((max ?? 40 * MIB - 1) + 1));
    expect(start >= 0x102_0000n || start + BigInt(initrd.length) <= 0x100_0000n).toBe(true);
  });

  boots('a kernel that runs at one address only is moved there, over the memory in between', async () => {
    const container = testContainer(probe, { run: MIB, stub: 0x120_0000 });
    const report = await reportOf(launch({ container, mode: 32, registers: { rbx: INFO }, memory: pvh(MAP) }));
    expect(report).toMatchObject({ load: BigInt(MIB), cmdline: 'by pvh', ramdisk: withInitrd });
    expect(report.fields['code32_start']).toBe(BigInt(MIB));
  });

  boots.each<{ name: string; options: TestContainerOptions; loader: string; expected: string }>([
    {
      name: "default keeps the loader's line",
      options: { builtinCmdline: 'built in' },
      loader: 'from loader',
      expected: 'from loader',
    },
    {
      name: "default takes the built-in one when the loader's is empty",
      options: { builtinCmdline: 'built in' },
      loader: '',
      expected: 'built in',
    },
    {
      name: 'append puts the built-in one first',
      options: { builtinCmdline: 'built in', cmdlineMode: 'append' },
      loader: 'from loader',
      expected: 'built in from loader',
    },
    {
      name: 'append with an empty line adds no space',
      options: { builtinCmdline: 'built in', cmdlineMode: 'append' },
      loader: '',
      expected: 'built in',
    },
    {
      name: 'override ignores the loader',
      options: { builtinCmdline: 'built in', cmdlineMode: 'override' },
      loader: 'from loader',
      expected: 'built in',
    },
    {
      name: 'a line as long as the kernel takes is whole',
      options: {},
      loader: 'x'.repeat(0x7ff),
      expected: 'x'.repeat(0x7ff),
    },
    { name: 'a longer one is cut', options: {}, loader: 'x'.repeat(0x800), expected: 'x'.repeat(0x7ff) },
  ])('command line: $name', async ({ options, loader, expected }) => {
    const memory = pvh(MAP).map((placed) => (placed.at === CMDLINE ? { at: CMDLINE, bytes: asciz(loader) } : placed));
    const done = await run(
      launch({ container: testContainer(probe, options), mode: 32, registers: { rbx: INFO }, memory }),
    );
    expect(done.report?.cmdline).toBe(expected);
    expect(done.serial.includes('was cut to 000007ff bytes')).toBe(loader.length > 0x7ff);
  });

  boots('the built-in initrd is used when the loader brings none', async () => {
    const container = testContainer(probe, { builtinInitrd: initrd });
    const info = startInfo({ version: 1, memmap: EXTRA + 0x100, entries: MAP.length });
    const memory = pvh(MAP).map((placed) => (placed.at === INFO ? { at: INFO, bytes: info } : placed));
    expect((await reportOf(launch({ container, mode: 32, registers: { rbx: INFO }, memory }))).ramdisk).toMatchObject({
      crc32: initrdCrc,
    });
  });
});

describe(`Multiboot 1${title}`, () => {
  const LOADER_NAME = CMDLINE + 0x1000;
  const mmap = concat(MAP.map((entry, i) => multibootMmapEntry(entry, 4 * i)));
  const fields = {
    cmdline: CMDLINE,
    mods: { count: 2, addr: EXTRA },
    mmap: { length: mmap.length, addr: EXTRA + 0x100 },
    loaderName: LOADER_NAME,
  };
  const memory = (info: Uint8Array, at = INFO, name = 'kexec 2.0'): Placed[] => [
    { at, bytes: info },
    { at: CMDLINE, bytes: asciz('/boot/file  a b') },
    { at: LOADER_NAME, bytes: asciz(name) },
    { at: EXTRA, bytes: concat([u32s(INITRD, INITRD + initrd.length, 0, 0), u32s(1, 2, 0, 0)]) },
    { at: EXTRA + 0x100, bytes: mmap },
    { at: INITRD, bytes: initrd },
  ];
  const eax = { rax: 0x2bad_b002, rsp: 0 };

  boots('the information may lie at 0, and entries of the map may be longer than 20 bytes', async () => {
    const report = await reportOf(
      launch({ mode: 32, registers: { ...eax, rbx: 0 }, memory: memory(multibootInfo(fields), 0) }),
    );
    expectLinuxState(report, 'linux32');
    expect(report).toMatchObject({ cmdline: 'a b', ramdisk: withInitrd, e820: asBigints(MAP) });
  });

  // prettier-ignore
  boots.each<{ loader: string; option: TestContainerOptions['multibootCmdline']; expected: string }>([
    { loader: 'GRUB 2.06', option: 'auto', expected: '/boot/file  a b' },
    { loader: 'iPXE', option: 'auto', expected: 'a b' },
    { loader: 'GRUB 2.06', option: 'strip', expected: 'a b' },
    { loader: 'kexec 2.0', option: 'keep', expected: '/boot/file  a b' },
  ])('a line from $loader with $option becomes "$expected"', async ({ loader, option, expected }) => {
    const container = testContainer(probe, option ? { multibootCmdline: option } : {});
    const report = await reportOf(launch({ container, mode: 32, registers: { ...eax, rbx: INFO }, memory: memory(multibootInfo(fields), INFO, loader) }));
    expect(report.cmdline).toBe(expected);
  });

  boots('without a map mem_lower and mem_upper do', async () => {
    const info = multibootInfo({ mem: [639, 39 * 1024] });
    const report = await reportOf(launch({ mode: 32, registers: { ...eax, rbx: INFO }, memory: memory(info) }));
    expect(report).toMatchObject({
      cmdline: '',
      e820: asBigints([
        { addr: 0, size: 639 * 1024, type: 1 },
        { addr: MIB, size: 39 * MIB, type: 1 },
      ]),
    });
  });

  boots('a framebuffer above 4 GiB becomes screen_info', async () => {
    const colors = Uint8Array.of(16, 8, 8, 8, 0, 8);
    const info = multibootInfo({
      ...fields,
      framebuffer: concat([framebuffer(0x12_3400_0000n, 4096, 1024, 768, 32, 1), colors]),
    });
    const report = await reportOf(launch({ mode: 32, registers: { ...eax, rbx: INFO }, memory: memory(info) }));
    expect(report.fields).toMatchObject(FRAMEBUFFER_FIELDS);
  });
});

/** 1024×768×32 at 0x1234000000. lfb_size of VIDEO_TYPE_VLFB counts 64 KiB. Source: linux/drivers/video/fbdev/vesafb.c. */
const FRAMEBUFFER_FIELDS = {
  'screen_info.orig_video_isVGA': 0x23n,
  'screen_info.lfb_base': 0x3400_0000n,
  'screen_info.ext_lfb_base': 0x12n,
  'screen_info.capabilities': 2n,
  'screen_info.lfb_width': 1024n,
  'screen_info.lfb_height': 768n,
  'screen_info.lfb_depth': 32n,
  'screen_info.lfb_linelength': 4096n,
  'screen_info.lfb_size': 48n,
  'screen_info.red_size': 8n,
  'screen_info.red_pos': 16n,
  'screen_info.green_size': 8n,
  'screen_info.green_pos': 8n,
  'screen_info.blue_size': 8n,
};

describe(`Multiboot 2${title}`, () => {
  const rsdp = concat([asciz('RSD PTR ').subarray(0, 8), new Uint8Array(28).fill(0x11)]);
  const tags = [
    { type: 1, data: asciz('by mb2') },
    { type: 2, data: asciz('GRUB 2.12') },
    { type: 3, data: concat([u32s(INITRD, INITRD + initrd.length), asciz('module')]) },
    { type: 4, data: u32s(639, 39 * 1024) },
    {
      type: 8,
      data: concat([
        framebuffer(0x12_3400_0000n, 4096, 1024, 768, 32, 1),
        new Uint8Array(2),
        Uint8Array.of(16, 8, 8, 8, 0, 8),
      ]),
    },
    { type: 14, data: rsdp.subarray(0, 20) },
    { type: 15, data: rsdp },
  ];
  const map = { type: 6, data: concat([u32s(24, 0), ...MAP.map((entry) => concat([entry20(entry), u32s(0)]))]) };
  const efi = [
    { type: 12, data: u64s(0x1_2345_6789n) },
    { type: 17, data: concat([u32s(48, 1), new Uint8Array(96)]) },
  ];
  const enter = (all: { type: number; data: Uint8Array }[]) =>
    reportOf(
      launch({
        mode: 32,
        registers: { rax: 0x36d7_6289, rbx: INFO, rsp: 0 },
        memory: [
          { at: INFO, bytes: multiboot2Info(all) },
          { at: INITRD, bytes: initrd },
        ],
      }),
    );

  boots('command line, module, map, framebuffer and a copy of the RSDP', async () => {
    const report = await enter([...tags, map]);
    expectLinuxState(report, 'linux32');
    expect(report).toMatchObject({ cmdline: 'by mb2', ramdisk: withInitrd, e820: asBigints(MAP), rsdp: 'RSD PTR ' });
    expect(report.fields).toMatchObject(FRAMEBUFFER_FIELDS);
    expect(report.fields['acpi_rsdp_addr']).toBe(report.bp + 0xf00n);
    expect(report.fields['efi_info.efi_loader_signature']).toBeUndefined();
  });

  boots('EFI system table and memory map, once boot services have ended', async () => {
    const report = await enter([...tags, map, ...efi]);
    expect(report.fields).toMatchObject({
      'efi_info.efi_loader_signature': 0x3436_4c45n,
      'efi_info.efi_systab': 0x2345_6789n,
      'efi_info.efi_systab_hi': 1n,
      'efi_info.efi_memdesc_size': 48n,
      'efi_info.efi_memdesc_version': 1n,
      'efi_info.efi_memmap_size': 96n,
    });
  });

  boots('no efi_info while boot services are running; basic memory where there is no map', async () => {
    const report = await enter([...tags, ...efi, { type: 18, data: new Uint8Array(0) }]);
    expect(report.fields['efi_info.efi_systab']).toBeUndefined();
    expect(report.e820).toEqual(
      asBigints([
        { addr: 0, size: 639 * 1024, type: 1 },
        { addr: MIB, size: 39 * MIB, type: 1 },
      ]),
    );
  });
});

describe(`ELFBoot records and Uniform Boot${title}`, () => {
  const cmdline = { type: 4, desc: asciz('by records') };
  const meminfo = { owner: 'Etherboot', type: 8, desc: etherbootMeminfo(MAP) };
  const block = records([{ type: 2, desc: asciz('test') }, meminfo, cmdline]);

  // prettier-ignore
  boots.each<{ name: string; registers: LaunchState['registers']; block: Uint8Array }>([
    { name: 'eax = magic, ebx = records, as LinuxBIOS and FILO', registers: { rax: 0x0e1f_b007, rbx: INFO, rsp: 0 }, block },
    { name: 'records at [esp + 4], as kexec and Etherboot', registers: { rsp: CMDLINE }, block },
    { name: 'records without a checksum', registers: { rsp: CMDLINE }, block: records([meminfo, cmdline], false) },
  ])('$name', async ({ registers, block: bytes }) => {
    const report = await reportOf(launch({ mode: 32, ...(registers ? { registers } : {}), memory: [{ at: INFO, bytes }, { at: CMDLINE, bytes: u32s(0, INFO) }] }));
    expectLinuxState(report, 'linux32');
    expect(report).toMatchObject({ cmdline: 'by records', e820: asBigints(MAP) });
  });

  boots('records without a map, as kexec: the BIOS is asked, and what it used is put back', async () => {
    const low = Uint8Array.from({ length: 0x1000 }, (_, i) => i & 0xff);
    const at = 0x8000;
    const memory = [
      { at: INFO, bytes: records([cmdline]) },
      { at: CMDLINE, bytes: u32s(0, INFO) },
      { at, bytes: low },
    ];
    const report = await reportOf(launch({ mode: 32, registers: { rsp: CMDLINE }, memory }));
    expect(report.cmdline).toBe('by records');
    expect(report.e820[0]).toEqual({ addr: 0n, size: 0x9fc00n, type: 1 });
    expect(report.e820).toContainEqual({ addr: 0x10_0000n, size: (127n << 20n) - 0x2_0000n, type: 1 });
  });

  boots('Uniform Boot: command line and memory', async () => {
    const env = concat([u32s(0x99, 12, 0), u32s(1, 8 + 20 * MAP.length), ...MAP.map(entry20)]);
    const header = u32s(24, 0, CMDLINE, 7, EXTRA, env.length);
    setU32(header, 4, ipChecksum(header));
    const memory = [
      { at: INFO, bytes: header },
      { at: CMDLINE, bytes: asciz('by ube and more') },
      { at: EXTRA, bytes: env },
    ];
    const report = await reportOf(launch({ mode: 32, registers: { rax: 0x0a11_b007, rbx: INFO, rsp: 0 }, memory }));
    expect(report).toMatchObject({ cmdline: 'by ube ', e820: asBigints(MAP) });
  });
});

describe(`coreboot table${title}`, () => {
  const table = corebootTable([
    { tag: 3, data: new Uint8Array(12) },
    { tag: 1, data: concat([...MAP, { addr: 0x7000_0000, size: 0x1000, type: 16 }].map(entry20)) },
    {
      tag: 0x12,
      data: concat([
        u64s(0x12_3400_0000n),
        u32s(1024, 768, 4096),
        Uint8Array.of(32, 16, 8, 8, 8, 0, 8, 24, 8, 0, 0, 0),
      ]),
    },
    { tag: 0x43, data: u64s(0xe_0000) },
  ]);
  const forward = (to: number) => corebootTable([{ tag: 0x11, data: u64s(to) }]);
  // prettier-ignore
  boots.each<{ name: string; registers: LaunchState['registers']; memory: Placed[] }>([
    { name: 'at [esp + 4]', registers: { rsp: CMDLINE }, memory: [{ at: CMDLINE, bytes: u32s(0, INFO) }] },
    { name: 'behind a forwarder at [esp + 4]', registers: { rsp: CMDLINE }, memory: [{ at: CMDLINE, bytes: u32s(0, EXTRA) }, { at: EXTRA, bytes: forward(INFO) }] },
    { name: 'found by its forwarder in low memory', registers: { rsp: 0x7000 }, memory: [{ at: 0x500, bytes: forward(INFO) }, { at: 0x7000, bytes: u32s(0, 0) }] },
  ])('$name', async ({ registers, memory }) => {
    const container = testContainer(probe, { builtinCmdline: 'built in' });
    const report = await reportOf(launch({ container, mode: 32, ...(registers ? { registers } : {}), memory: [{ at: INFO, bytes: table }, ...memory] }));
    expectLinuxState(report, 'linux32');
    expect(report.cmdline).toBe('built in');
    expect(report.e820).toEqual(asBigints([...MAP, { addr: 0x7000_0000, size: 0x1000, type: 2 }]));
    expect(report.fields).toMatchObject({ ...FRAMEBUFFER_FIELDS, 'acpi_rsdp_addr': 0xe_0000n });
  });
});

describe(`nothing at all${title}`, () => {
  boots('a plain ELF loader: memory from the BIOS, command line from the file', async () => {
    const container = testContainer(probe, { builtinCmdline: 'built in' });
    const report = await reportOf(
      launch({ container, mode: 32, registers: { rdi: container.address.stub, rsp: 0x7000 }, memory: [] }),
    );
    expect(report.cmdline).toBe('built in');
    expect(report.e820).toContainEqual({ addr: 0x10_0000n, size: (127n << 20n) - 0x2_0000n, type: 1 });
  });
});

describe(`boot_params${title}`, () => {
  const filled = (bp: Uint8Array) => {
    setU64(bp, 0x070, 0xe_0000n);
    setU32(bp, 0x1e0, 0x1234);
    bp[0x1ec] = 3;
    bp[0x210] = 0xd0;
    bp[0x00f] = 1;
    bp[0x140] = 0x55;
    setU32(bp, 0x23c, 4);
    setU64(bp, 0x240, 0x7777n);
    setU64(bp, 0x250, BigInt(EXTRA));
    setU32(bp, 0x260, 0xdead);
    setU32(bp, 0x230, 0x100_0000);
  };
  const memory = (bp: Uint8Array): Placed[] => [
    { at: INFO, bytes: bp },
    { at: CMDLINE, bytes: asciz('by boot_params') },
    { at: EXTRA, bytes: concat([u64s(0), u32s(9, 4), u32s(0x1234)]) },
    { at: INITRD, bytes: initrd },
  ];
  const full = { cmdline: CMDLINE, ramdisk: { addr: INITRD, size: initrd.length }, map: MAP };

  boots("32-bit: the machine is described as the loader did, the header is the image's own", async () => {
    const report = await reportOf(
      launch({
        mode: 32,
        registers: { rsi: INFO, rsp: 0 },
        memory: memory(loaderBootParams({ ...full, version: 0x20f, edit: filled })),
      }),
    );
    expectLinuxState(report, 'linux32');
    expect(report).toMatchObject({ cmdline: 'by boot_params', ramdisk: withInitrd, e820: asBigints(MAP) });
    expect(report.setupData).toEqual([{ addr: BigInt(EXTRA), type: 9, len: 4 }]);
    expect(report.fields).toMatchObject({
      acpi_rsdp_addr: 0xe_0000n,
      alt_mem_k: 0x1234n,
      secure_boot: 3n,
      type_of_loader: 0xd0n,
      'screen_info.orig_video_isVGA': 1n,
      edid_info: 0x55n,
      hardware_subarch: 4n,
      hardware_subarch_data: 0x7777n,
      init_size: 0x2_0000n,
      kernel_alignment: 0x20_0000n,
    });
  });

  boots('32-bit, no version as crosvm: no subarch is believed, setup_data is', async () => {
    const report = await reportOf(
      launch({
        mode: 32,
        registers: { rsi: INFO, rsp: 0x8000 },
        memory: memory(loaderBootParams({ ...full, edit: filled })),
      }),
    );
    expect(report.fields['hardware_subarch']).toBeUndefined();
    expect(report.setupData).toHaveLength(1);
  });

  boots('a sentinel: what the loader did not clear is not copied', async () => {
    const bp = loaderBootParams({ ...full, version: 0x20f, edit: filled });
    bp[0x1ef] = 0xff;
    bp.fill(0xaa, 0x0c0, 0x0cc);
    const report = await reportOf(launch({ mode: 32, registers: { rsi: INFO, rsp: 0 }, memory: memory(bp) }));
    expect(report).toMatchObject({ cmdline: 'by boot_params', ramdisk: withInitrd, sentinel: 0n });
    const { acpi_rsdp_addr, ext_ramdisk_image, ext_cmd_line_ptr, edid_info, alt_mem_k } = report.fields;
    expect([acpi_rsdp_addr, ext_ramdisk_image, ext_cmd_line_ptr, edid_info]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(alt_mem_k).toBe(0x1234n);
  });

  const window = (container: TestContainer) => [
    { start: container.address.kernel, size: 0x2_0000 },
    { start: container.address.stub, size: container.stub.memsz },
    { start: INFO, size: 4096 },
    { start: CMDLINE, size: 4096 },
    { start: INITRD, size: 0x2_0000 },
  ];

  boots.each(['entry', 'entry64'] as const)(
    '64-bit at %s: a map of nothing but image, window, stub and blocks is enough',
    async (at) => {
      const container = testContainer(probe);
      const bp = loaderBootParams({
        ...full,
        version: 0x20f,
        edit: (bytes) => {
          filled(bytes);
          setU64(bytes, 0x250, 0n);
        },
      });
      const report = await reportOf(
        launch({
          container,
          at,
          mode: 64,
          cr0: 0x6000_0000,
          registers: { rsi: INFO, rsp: 0 },
          memory: memory(bp),
          mapped: window(container),
        }),
      );
      expectLinuxState(report, 'linux64');
      expect(report).toMatchObject({ cmdline: 'by boot_params', ramdisk: withInitrd, e820: asBigints(MAP) });
      expect(report.registers).toMatchObject({ cr3: 0x220_0000n });
      expect((report.registers['efer'] ?? 0n) & 0x500n).toBe(0x500n);
      expect(report.fields).toMatchObject({
        acpi_rsdp_addr: 0xe_0000n,
        secure_boot: 3n,
        type_of_loader: 0xd0n,
        init_size: 0x2_0000n,
      });
    },
  );

  boots('64-bit: boot_params, command line and initrd above 4 GiB', async () => {
    const container = testContainer(probe);
    const high = 0x1_1000_0000;
    const bp = loaderBootParams({
      version: 0x20f,
      cmdline: high + 0x2000,
      ramdisk: { addr: high + 0x10_0000, size: initrd.length },
      map: MAP,
    });
    const report = await reportOf(
      launch(
        {
          container,
          mode: 64,
          registers: { rsi: high, rsp: 0 },
          memory: [
            { at: high, bytes: bp },
            { at: high + 0x2000, bytes: asciz('from above') },
            { at: high + 0x10_0000, bytes: initrd },
          ],
          mapped: [...window(container).slice(0, 2), { start: high, size: 0x20_0000 }],
        },
        { memory: 5120 },
      ),
    );
    expectLinuxState(report, 'linux64');
    expect(report).toMatchObject({
      cmdline: 'from above',
      ramdisk: { addr: BigInt(high + 0x10_0000), size: BigInt(initrd.length), crc32: initrdCrc },
    });
  });

  boots('64-bit into a kernel without that entry: long mode is left', async () => {
    const container = testContainer(probe, { kernel: { has64: false } });
    const report = await reportOf(
      launch({
        container,
        mode: 64,
        registers: { rsi: INFO, rsp: 0 },
        memory: memory(loaderBootParams(full)),
        mapped: window(container),
      }),
    );
    expectLinuxState(report, 'linux32');
    expect(report).toMatchObject({ cmdline: 'by boot_params', ramdisk: withInitrd });
  });

  boots.each<{ name: string; registers: LaunchState['registers'] }>([
    { name: 'rdi, as kexec', registers: { rdi: INFO, rsp: 0 } },
    { name: 'rbx, as Etherboot', registers: { rbx: INFO, rsp: 0 } },
  ])('64-bit: records in $name', async ({ registers }) => {
    const block = records([
      { owner: 'Etherboot', type: 8, desc: etherbootMeminfo(MAP) },
      { type: 4, desc: asciz('by records') },
    ]);
    const report = await reportOf(
      launch({ mode: 64, ...(registers ? { registers } : {}), memory: [{ at: INFO, bytes: block }] }),
    );
    expectLinuxState(report, 'linux64');
    expect(report).toMatchObject({ cmdline: 'by records', e820: asBigints(MAP) });
  });

  boots('64-bit: records without a memory map, as kexec: long mode is left to ask the BIOS', async () => {
    const memory = [{ at: INFO, bytes: records([{ type: 4, desc: asciz('x') }]) }];
    const report = await reportOf(launch({ mode: 64, registers: { rdi: INFO }, memory }));
    expectLinuxState(report, 'linux32');
    expect(report.cmdline).toBe('x');
    expect(report.e820).toContainEqual({ addr: 0x10_0000n, size: (127n << 20n) - 0x2_0000n, type: 1 });
  });

  boots('64-bit: records without a memory map and no BIOS end in a message', async () => {
    const memory = [
      { at: INFO, bytes: records([{ type: 4, desc: asciz('x') }]) },
      { at: 0x15 * 4, bytes: new Uint8Array(4) },
    ];
    const { serial } = await run(launch({ mode: 64, registers: { rdi: INFO }, memory }));
    expect(serial).toContain('bzelf: no memory map');
  });
});

describe(`kernels with only a 16-bit entry${title}`, () => {
  const container = testContainer(probe, {
    class: 32,
    multiboot: true,
    real16: true,
    run: MIB,
    kernel: { relocatable: false },
  });
  boots('the real-mode part gets what boot.rst promises', async () => {
    const report = await reportOf({ kernel: container.file, append: 'in real mode', initrd });
    expect(report).toMatchObject({ entry: 'linux16', load: BigInt(MIB), bp: 0x1_0000n, cmdline: 'in real mode' });
    expect(report.segments).toEqual({ cs: 0x1020n, ds: 0x1000n, es: 0x1000n, fs: 0x1000n, gs: 0x1000n, ss: 0x1000n });
    expect(report.registers).toMatchObject({ rsp: 0xe000n, cr0: 0x10n });
    expect(report.fields).toMatchObject({
      type_of_loader: 0xffn,
      loadflags: 0x81n,
      heap_end_ptr: 0xde00n,
      cmd_line_ptr: 0x1_e000n,
      code32_start: 0x10_0000n,
    });
    expect(report.ramdisk?.crc32).toBe(initrdCrc);
  });

  boots('without a BIOS the stub says that there is none', async () => {
    const vector = { at: 0x10 * 4, bytes: new Uint8Array(4) };
    const info = { at: INFO, bytes: multibootInfo({ mem: [639, 39 * 1024] }) };
    const { serial } = await run(
      launch({ container, mode: 32, registers: { rax: 0x2bad_b002, rbx: INFO }, memory: [info, vector] }),
    );
    expect(serial).toContain('bzelf: this kernel needs a BIOS, and there is none');
  });
});
