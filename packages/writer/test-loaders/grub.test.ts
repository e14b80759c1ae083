/** What the writer makes, started by GRUB from a rescue CD. */
import { readFileSync } from 'node:fs';
import { bootQemu, kernel, missingForGrub, withGrub } from '@bzelf/testkit';
import { wrap, type WrapOptions } from '../src/index.js';
import { describeStarts, type Start } from './support/starts.js';

const MULTIBOOT: WrapOptions = { target: 'multiboot' };
const MULTIBOOT2: WrapOptions = { target: 'multiboot2' };
const INPLACE: WrapOptions = { form: 'inplace' };
const passed = (cmdline: string) => `BOOT_IMAGE=/kernel ${cmdline}`;

// prettier-ignore
const STARTS: readonly Start[] = [
  { way: 'multiboot',  kernel: 'probe',             options: MULTIBOOT },
  { way: 'multiboot',  kernel: '61-64-gzip',        options: MULTIBOOT },
  { way: 'multiboot',  kernel: '61-64-gzip',        options: { target: 'universal' } },
  { way: 'multiboot2', kernel: 'probe',             options: MULTIBOOT2 },
  { way: 'multiboot2', kernel: '61-64-gzip',        options: MULTIBOOT2 },
  { way: 'linux',      kernel: '61-64-gzip',        options: INPLACE, passed },
  { way: 'multiboot',  kernel: '61-32-gzip',        options: MULTIBOOT },
  { way: 'linux',      kernel: '61-32-gzip',        options: INPLACE, passed },
  { way: 'multiboot',  kernel: 'debian-6.1-cloud',  options: MULTIBOOT },
  { way: 'linux',      kernel: 'debian-6.1-cloud',  options: INPLACE, passed },
  { way: 'multiboot2', kernel: 'debian-6.12-cloud', options: MULTIBOOT2 },
];

/** What adds an initrd for each of GRUB's loading commands. */
const ADD: Readonly<Record<string, string>> = { multiboot: 'module', multiboot2: 'module2', linux: 'initrd' };

describeStarts('GRUB', missingForGrub(), STARTS, ({ bytes, cmdline, initrd, watch }, { way }) =>
  withGrub(`${way} /kernel ${cmdline}\n${ADD[way]} /initrd\nboot\n`, { kernel: bytes, initrd }, (extra) =>
    bootQemu({ extra, ...watch }),
  ),
);

/** A floppy disk whose boot sector jumps to itself: memdisk starts it, and what it has written stays on the screen. */
function quietFloppy(): Uint8Array {
  const disk = new Uint8Array(1_474_560);
  disk.set([0xeb, 0xfe]);
  disk.set([0x55, 0xaa], 510);
  return disk;
}

/** What has only a 16-bit entry calls the BIOS, which GRUB leaves where it was. */
// prettier-ignore
const SIXTEEN_BIT = [
  { way: 'multiboot',  id: 'memdisk', options: MULTIBOOT,  seen: /MEMDISK \d/ },
  { way: 'multiboot2', id: 'ipxe',    options: MULTIBOOT2, seen: /iPXE .*Open Source Network Boot Firmware/s },
] as const;

describe.each(SIXTEEN_BIT)('GRUB $way of $id', ({ way, id, options, seen }) => {
  const path = kernel(id);
  const missing = [...missingForGrub(), ...(path === undefined ? [`${id}, not fetched`] : [])];
  const title = 'the kernel says on the screen who it is';
  (missing.length === 0 ? test : test.skip)(
    missing.length === 0 ? title : `${title} (skipped: no ${missing.join(', no ')})`,
    async () => {
      const { bytes } = await wrap(readFileSync(path ?? ''), options);
      const config = `${way} /kernel\n${ADD[way]} /initrd\nboot\n`;
      await withGrub(config, { kernel: bytes, initrd: quietFloppy() }, (extra) =>
        bootQemu({ extra, screen: true, until: seen }),
      );
    },
    100_000,
  );
});
