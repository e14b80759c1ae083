import { BOOT_LOADERS } from './boot-loaders.js';
import { FIRMWARE } from './firmware.js';
import type { Loader } from './loader.js';
import { QEMU } from './qemu.js';
import { RUST_VMM } from './rust-vmm.js';
import { XEN } from './xen.js';

/** Every loader whose rules are known. */
export const LOADERS: readonly Loader[] = [...QEMU, ...RUST_VMM, ...XEN, ...BOOT_LOADERS, ...FIRMWARE];

/** The loaders that each target of the writer is for. Source: docs/loaders.md, "Which target for which loader". */
// prettier-ignore
export const TARGET_LOADERS: Readonly<Record<string, readonly string[]>> = {
  pvh:         ['qemu', 'firecracker', 'cloud-hypervisor', 'crosvm', 'xen-pvh', 'kexec'],
  'pvh-reloc': ['qemu', 'firecracker', 'cloud-hypervisor', 'crosvm', 'xen-pvh', 'kexec'],
  linux64:     ['firecracker', 'crosvm', 'kexec'],
  multiboot:   ['qemu', 'qemu-3.1', 'grub-multiboot', 'ipxe', 'kexec'],
  multiboot2:  ['grub-multiboot2', 'kexec'],
  universal:   ['qemu', 'qemu-3.1', 'grub-multiboot', 'ipxe', 'xen-pvh', 'firecracker', 'cloud-hypervisor'],
  elfboot32:   ['coreboot', 'filo', 'etherboot'],
  uboot:       ['uboot'],
  'xen-pv':    ['xen-pv'],
};
