/** What the writer makes, started by kexec-tools inside a guest. */
import { bootQemu, missingForKexec, withKexec } from '@bzelf/testkit';
import type { WrapOptions } from '../src/index.js';
import { describeStarts, type Start } from './support/starts.js';

const VMLINUX: WrapOptions = { form: 'vmlinux' };
const PVH: WrapOptions = { target: 'pvh' };

// prettier-ignore
const STARTS: readonly Start[] = [
  { way: '--args-linux --initrd=', kernel: 'debian-6.1-cloud',  options: VMLINUX },
  { way: '--args-linux --initrd=', kernel: 'debian-6.12-cloud', options: VMLINUX },
  { way: '--args-linux --initrd=', kernel: 'probe',             options: PVH },
  { way: '--args-linux --initrd=', kernel: 'debian-6.1-amd64',  options: PVH },
  { way: '--args-linux --initrd=', kernel: 'debian-6.1-cloud',  options: { target: 'universal' } },
  { way: '--module=',              kernel: 'probe',             options: { target: 'multiboot' } },
  { way: '--module=',              kernel: 'debian-6.1-cloud',  options: { target: 'multiboot' } },
  { way: '--module=',              kernel: 'debian-6.12-cloud', options: { target: 'multiboot2' } },
];

describeStarts('kexec', missingForKexec(), STARTS, ({ bytes, cmdline, initrd, watch }, { way }) =>
  withKexec(`-l /kernel ${way}/initrd --append="${cmdline}"`, { kernel: bytes, initrd }, (qemu) =>
    bootQemu({ ...qemu, ...watch }),
  ),
);
