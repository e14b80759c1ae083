import { readFileSync } from 'node:fs';
import { asciz } from '@bzelf/bytes';
import {
  judge,
  kernel,
  missingForGrub,
  missingForIpxe,
  missingForKexec,
  missingForXen,
  parseProbeReport,
  testImage,
  withGrub,
  withIpxe,
  withKexec,
  withXen,
  type QemuOptions,
} from '@bzelf/testkit';
import { testContainer, type TestContainerOptions } from '../test/stub/container.js';
import { expectLinuxState, initrd, initrdCrc, launch, MAP, MIB, probe, reportOf, run } from '../test/stub/run.js';
import { loaderBootParams } from '../test/stub/tables.js';

/** The entry stub under real loaders, and real kernels under the entry stub. */
jest.setTimeout(100_000); // QEMU has its own, shorter limit
const boots = judge('qemu-system-x86_64') ? test : test.skip;
const title = judge('qemu-system-x86_64') ? '' : ' (skipped: qemu-system-x86_64 is not installed)';

describe(`QEMU's own ways in${title}`, () => {
  // prettier-ignore
  const rows: { name: string; container: TestContainerOptions; qemu: Partial<QemuOptions>; rsdp: boolean }[] = [
    { name: 'ELF64 by PVH on pc', container: {}, qemu: { machine: 'pc' }, rsdp: true },
    { name: 'ELF64 by PVH on q35', container: {}, qemu: { machine: 'q35' }, rsdp: true },
    { name: 'ELF64 by PVH on microvm with SeaBIOS', container: {}, qemu: { machine: 'microvm' }, rsdp: true },
    { name: 'ELF64 by PVH on microvm with qboot, whose eax has the magic of Multiboot', container: {}, qemu: { machine: 'microvm,acpi=off' }, rsdp: false },
    { name: 'ELF32 by PVH in qemu-system-i386', container: { class: 32 }, qemu: { system: 'i386' }, rsdp: true },
    { name: 'ELF32 by Multiboot 1', container: { class: 32, multiboot: true }, qemu: {}, rsdp: false },
  ];
  boots.each(rows)('$name: command line, initrd, memory map and RSDP arrive', async ({ container, qemu, rsdp }) => {
    const made = testContainer(probe, container);
    const report = await reportOf({ kernel: made.file, append: 'one two=3 "four"', initrd, ...qemu });
    expectLinuxState(report, 'linux32');
    expect(report.cmdline).toBe('one two=3 "four"');
    expect(report.ramdisk).toMatchObject({ size: BigInt(initrd.length), crc32: initrdCrc });
    expect(report.e820[0]).toEqual({ addr: 0n, size: 0x9fc00n, type: 1 });
    expect(report.e820.some(({ addr, size, type }) => type === 1 && addr === 0x10_0000n && size > 120n << 20n)).toBe(
      true,
    );
    expect(report.e820.every(({ size }) => size > 0n)).toBe(true); // qboot's map ends in an empty entry
    expect(report.fields).toMatchObject({
      type_of_loader: 0xffn,
      code32_start: BigInt(made.address.kernel),
      header: 0x5372_6448n,
    });
    expect(report.bp).toBe(BigInt(made.address.bp));
    if (rsdp) expect(report.rsdp).toBe('RSD PTR ');
  });
});

describe(`real kernels by the entries that QEMU does not use${title}`, () => {
  const line = 'console=ttyS0 earlyprintk=ttyS0 panic=-1 bzelf.test=1';
  const rows = [
    { name: 'x86_64 by the 64-bit entry', image: '61-64-gzip.bzImage', mode: 64, strict: false },
    { name: 'x86_64 by the 64-bit entry under a strict map', image: '61-64-gzip.bzImage', mode: 64, strict: true },
    { name: 'i386 by the 64-bit entry', image: '61-32-gzip.bzImage', mode: 64, strict: true },
    { name: 'i386 by the 32-bit entry', image: '61-32-gzip.bzImage', mode: 32, strict: false },
    { name: 'x86_64 by the 32-bit entry', image: '61-64-gzip.bzImage', mode: 32, strict: false },
  ] as const;
  boots.each(rows)('$name: Linux sees command line and initrd', async ({ image, mode, strict }) => {
    const container = testContainer(new Uint8Array(readFileSync(testImage(image))), {});
    // Behind the container and below the launcher, which real kernels push up.
    const info = 0x1e0_0000;
    const map = [...MAP.slice(0, 2), { addr: MIB, size: 119 * MIB, type: 1 }];
    const bp = loaderBootParams({ cmdline: info + 0x1000, ramdisk: { addr: info + 0x2000, size: initrd.length }, map });
    const file = launch({
      container,
      mode,
      registers: { rsi: info, rsp: 0 },
      memory: [
        { at: info, bytes: bp },
        { at: info + 0x1000, bytes: asciz(line) },
        { at: info + 0x2000, bytes: initrd },
      ],
      ...(strict
        ? {
            mapped: [
              { start: container.address.kernel, size: container.address.stub - container.address.kernel },
              { start: container.address.stub, size: container.stub.memsz },
              { start: info, size: 0x2000 },
            ],
          }
        : {}),
    });
    const done = await run({ ...file, timeoutMs: 60_000 }, [
      'Linux version 6.1',
      `Kernel command line: ${line}`,
      /RAMDISK: \[mem 0x01e02000-/,
    ]);
    expect(done.matched).toBe(true);
  });
});

describe(`real kernels with only a 16-bit entry${title}`, () => {
  const rows = [
    { id: 'ipxe', banner: /iPXE .*Open Source Network Boot Firmware/s },
    { id: 'memdisk', banner: /MEMDISK \d/ },
  ] as const;
  for (const { id, banner } of rows) {
    const path = kernel(id);
    const here = path && judge('qemu-system-x86_64') ? test : test.skip;
    here(`${id} starts from Multiboot 1${path ? '' : ' (skipped: not fetched)'}`, async () => {
      const image = new Uint8Array(readFileSync(path ?? ''));
      const container = testContainer(image, {
        class: 32,
        pvh: false,
        multiboot: true,
        real16: true,
        load: 0x100_0000,
        run: MIB,
        kernel: { relocatable: false },
      });
      // graphics=off: SeaBIOS sends what int 10h prints to the serial port
      const done = await run(
        { kernel: container.file, initrd: new Uint8Array(1_474_560), append: 'x', machine: 'pc,graphics=off' },
        banner,
      );
      expect(done.matched).toBe(true);
    });
  }
});

const because = (missing: readonly string[]) => (missing.length === 0 ? '' : ` (skipped: no ${missing.join(', no ')})`);
const noGrub = missingForGrub();
describe(`GRUB${because(noGrub)}`, () => {
  // prettier-ignore
  const rows: { name: string; command: string; container: TestContainerOptions; video?: boolean }[] = [
    { name: 'multiboot', command: 'multiboot', container: { class: 32, multiboot: true } },
    { name: 'multiboot2 of an ELF64', command: 'multiboot2', container: { multiboot2: true } },
    { name: 'multiboot2 with a framebuffer', command: 'multiboot2', container: { multiboot2: 'framebuffer' }, video: true },
  ];
  (noGrub.length === 0 ? test : test.skip).each(rows)(
    '$name: command line, module, memory map',
    async ({ command, container, video }) => {
      const made = testContainer(probe, container);
      const module = command.replace('multiboot', 'module');
      const graphics = video ? 'insmod all_video\n' : '';
      const config = `${graphics}${command} /kernel first second=2\n${module} /initrd name\nboot\n`;
      const report = await withGrub(config, { kernel: made.file, initrd }, (words) =>
        reportOf({ extra: [...words, ...(video ? ['-device', 'VGA'] : [])], memory: 256, timeoutMs: 60_000 }),
      );
      expectLinuxState(report, 'linux32');
      expect(report.cmdline).toBe('first second=2');
      expect(report.ramdisk).toMatchObject({ size: BigInt(initrd.length), crc32: initrdCrc });
      expect(report.e820[0]).toEqual({ addr: 0n, size: 0x9fc00n, type: 1 });
      expect(report.e820).toContainEqual({ addr: 0x10_0000n, size: (255n << 20n) - 0x2_0000n, type: 1 });
      if (command === 'multiboot2') expect(report.rsdp).toBe('RSD PTR ');
      if (video)
        expect(report.fields).toMatchObject({
          'screen_info.orig_video_isVGA': 0x23n,
          'screen_info.lfb_width': 800n,
          'screen_info.lfb_height': 600n,
        });
    },
  );
});

const noIpxe = missingForIpxe();
describe(`iPXE${because(noIpxe)}`, () => {
  const boot = (container: TestContainerOptions, commands: string[]) =>
    withIpxe(commands, { kernel: testContainer(probe, container).file, initrd }, (qemu) =>
      reportOf({ ...qemu, timeoutMs: 60_000 }),
    );
  const boots = noIpxe.length === 0 ? test : test.skip;

  boots('Multiboot 1: arguments without the file name, module, memory map', async () => {
    const report = await boot({ class: 32, pvh: false, multiboot: true }, ['kernel kernel one two', 'initrd initrd']);
    expectLinuxState(report, 'linux32');
    expect(report.cmdline).toBe('one two');
    expect(report.ramdisk).toMatchObject({ size: BigInt(initrd.length), crc32: initrdCrc });
    expect(report.e820).toContainEqual({ addr: 0x10_0000n, size: (127n << 20n) - 0x2_0000n, type: 1 });
  });

  boots('plain ELF: the built-in command line, and memory from the BIOS', async () => {
    const container: TestContainerOptions = { class: 32, pvh: false, builtinCmdline: 'built in' };
    const report = await boot(container, ['kernel kernel not passed on']);
    expectLinuxState(report, 'linux32');
    expect(report.cmdline).toBe('built in');
    expect(report.e820).toContainEqual({ addr: 0x10_0000n, size: (127n << 20n) - 0x2_0000n, type: 1 });
  });
});

const noKexec = missingForKexec();
describe(`kexec${because(noKexec)}`, () => {
  // prettier-ignore
  const rows: { name: string; container: TestContainerOptions; words: string; entry: 'linux32' | 'linux64'; ramdisk: boolean }[] = [
    { name: 'elf-x86_64 --args-linux', container: {}, words: '--args-linux --initrd=/initrd --append="one two"', entry: 'linux64', ramdisk: true },
    { name: 'elf-x86_64 --args-elf, whose records hold no memory map', container: {}, words: '--append="one two"', entry: 'linux32', ramdisk: false },
    { name: 'elf-x86 --args-linux', container: { class: 32, pvh: false }, words: '--args-linux --initrd=/initrd --append="one two"', entry: 'linux32', ramdisk: true },
    { name: 'elf-x86 --args-elf', container: { class: 32, pvh: false }, words: '--append="one two"', entry: 'linux32', ramdisk: false },
    { name: 'Multiboot 1', container: { class: 32, pvh: false, multiboot: true }, words: '--module=/initrd --append="one two"', entry: 'linux32', ramdisk: true },
    { name: 'Multiboot 2', container: { multiboot2: true }, words: '--module=/initrd --append="one two"', entry: 'linux32', ramdisk: true },
  ];
  const boots = noKexec.length === 0 ? test : test.skip;
  boots.each(rows)('$name', async ({ container, words, entry, ramdisk }) => {
    const { file } = testContainer(probe, container);
    const report = await withKexec(`-l /kernel ${words}`, { kernel: file, initrd }, (qemu) =>
      reportOf({ ...qemu, timeoutMs: 90_000 }),
    );
    expectLinuxState(report, entry);
    expect(report.cmdline).toBe('one two');
    expect(report.ramdisk?.crc32).toBe(ramdisk ? initrdCrc : undefined);
    expect(report.e820.some(({ addr, size, type }) => type === 1 && addr === 0x10_0000n && size > 400n << 20n)).toBe(
      true,
    );
  });
});

const noXen = missingForXen();
describe(`Xen${because(noXen)}`, () => {
  // start_info of a dom0 is version 0: the memory map comes from the hypervisor
  (noXen.length === 0 ? test : test.skip)('a PVH dom0', async () => {
    const made = testContainer(probe);
    const { serial } = await withXen({ dom0: made.file, cmdline: 'one two', initrd }, (qemu) =>
      run({ ...qemu, timeoutMs: 90_000 }, /probe: end|bzelf: .*\(entered|Panic on CPU/),
    );
    // Xen passes on what a guest writes to port 0xe9, line by line
    const report = parseProbeReport(serial.replaceAll('\r', '').replaceAll('(d0) ', ''));
    if (!report) throw new Error(serial);
    expectLinuxState(report, 'linux32');
    expect(report.cmdline).toBe('one two');
    expect(report.ramdisk).toMatchObject({ size: BigInt(initrd.length), crc32: initrdCrc });
    expect(report.rsdp).toBe('RSD PTR ');
    const ram = report.e820.filter(({ type }) => type === 1).reduce((sum, { size }) => sum + size, 0n);
    expect(ram >> 20n).toBe(399n); // dom0_mem, less what Xen keeps and the hole below 1 MiB
  });
});
