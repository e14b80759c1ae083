/** What the writer makes, fetched by iPXE over the network and started by its own image formats. */
import { bootQemu, missingForIpxe, withIpxe } from '@bzelf/testkit';
import type { WrapOptions } from '../src/index.js';
import { describeStarts, type Start } from './support/starts.js';

const MULTIBOOT: WrapOptions = { target: 'multiboot' };

// prettier-ignore
const STARTS: readonly Start[] = [
  { way: 'multiboot', kernel: 'probe',             options: MULTIBOOT },
  { way: 'multiboot', kernel: 'debian-6.1-cloud',  options: MULTIBOOT },
  { way: 'multiboot', kernel: 'probe',             options: { target: 'universal' } },
  { way: 'multiboot', kernel: 'debian-6.12-cloud', options: { target: 'universal' } },
  { way: 'bzimage',   kernel: 'debian-6.1-cloud',  options: { form: 'inplace' } },
];

describeStarts('iPXE', missingForIpxe(), STARTS, ({ bytes, cmdline, initrd, watch }) =>
  withIpxe([`kernel kernel ${cmdline}`, 'initrd initrd'], { kernel: bytes, initrd }, (qemu) =>
    bootQemu({ ...qemu, ...watch }),
  ),
);
