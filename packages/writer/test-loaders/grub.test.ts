/** What the writer makes, started by GRUB from a rescue CD. */
import { bootQemu, missingForGrub, withGrub } from '@bzelf/testkit';
import type { WrapOptions } from '../src/index.js';
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
