/** The systems for which an ELF header on bzImage was asked in 2006 and 2007, and their successors: the rows of docs/systems.md. */
import type { WrapOptions } from '@bzelf/writer';
import { SUBARCH_NAMES } from '@bzelf/elf';

export interface SystemRow {
  readonly name: string;
  /** What it is, and what of it there is today. */
  readonly what: string;
  readonly kernel: '61-64-gzip' | '61-32-gzip';
  /** Of `bzelf wrap`; undefined is the bzImage itself. */
  readonly options: WrapOptions | undefined;
  /** As words of the command. */
  readonly command: string;
  /** Those that stand for it. */
  readonly profiles: readonly string[];
  /** Which real loader has judged it, and where. */
  readonly judge: string;
}

const subarch = (value: number) => ({ subarch: { subarch: value, data: 0n } });
/** Nobody has given it a meaning. */
const OWN_NUMBER = 0x80;

// prettier-ignore
export const SYSTEMS: readonly SystemRow[] = [
  { name: 'Xen, PVH', kernel: '61-64-gzip', options: {}, command: 'wrap bzImage',
    what: 'The hypervisor enters by the PHYS32_ENTRY note in flat 32-bit mode; hardware_subarch stays 0, because PVH is a PC without firmware.',
    profiles: ['xen-domU', 'xen-dom0-v0'], judge: 'Xen in QEMU, `packages/writer/test-loaders/xen.test.ts`' },
  { name: 'Xen, paravirtualized', kernel: '61-32-gzip', options: subarch(SUBARCH_NAMES.xen), command: 'wrap bzImage --subarch xen',
    what: 'A paravirtualized kernel is entered by the notes of the vmlinux inside, which only a hypervisor can follow: target `xen-pv`. SUBARCH tells other loaders what a domain builder has to put into boot_params.',
    profiles: ['linux32', 'ring1-pae'], judge: 'none; Xen reads the notes in `xen.test.ts`' },
  { name: 'lguest', kernel: '61-32-gzip', options: subarch(SUBARCH_NAMES.lguest), command: 'wrap bzImage --subarch lguest',
    what: 'Ran 32-bit kernels in ring 1, entered by the 32-bit entry with hardware_subarch 1. Linux had it from 2007 to 2017.',
    profiles: ['linux32', 'ring1-pae'], judge: 'none: it is gone' },
  { name: 'Voyager', kernel: '61-32-gzip', options: subarch(OWN_NUMBER), command: 'wrap bzImage --subarch 128',
    what: 'NCR\'s MCA machines, a sub-architecture chosen when a kernel was built. No number of hardware_subarch was ever given to it, so a note holds any: here 0x80. Linux dropped it in 2009.',
    profiles: ['linux32'], judge: 'none: it is gone' },
  { name: 'VISWS', kernel: '61-32-gzip', options: subarch(OWN_NUMBER + 1), command: 'wrap bzImage --subarch 129',
    what: 'SGI\'s Visual Workstation, whose ARCS firmware loads ELF files. No number was given to it; here 0x81. Linux dropped it in 2014.',
    profiles: ['linux32', 'elfboot'], judge: 'none: it is gone' },
  { name: 'NUMAQ', kernel: '61-32-gzip', options: subarch(OWN_NUMBER + 2), command: 'wrap bzImage --subarch 130',
    what: 'Sequent\'s and IBM\'s NUMA machines: a PC as far as boot loaders see. No number was given to it; here 0x82. Linux dropped it in 2014.',
    profiles: ['linux32', 'linux64'], judge: 'none: it is gone' },
  { name: 'LinuxBIOS, coreboot', kernel: '61-32-gzip', options: { target: 'elfboot32' }, command: 'wrap bzImage --target elfboot32',
    what: 'Firmware that starts ELF files, itself or by FILO and Etherboot: ELFBoot notes for them, and the coreboot table for the memory map.',
    profiles: ['coreboot', 'filo', 'etherboot', 'elfboot', 'seabios-payload'], judge: 'cbfstool takes the file, `packages/writer/test-loaders/coreboot.test.ts`; coreboot itself was not run' },
  { name: 'loadlin', kernel: '61-32-gzip', options: { form: 'inplace', allowEfiLoss: true }, command: 'wrap bzImage --form inplace',
    what: 'Loads from DOS by the oldest protocols, and looks at nothing below 0x1f1: an ELF header there is as good as a boot sector.',
    profiles: ['linux16', 'linux32'], judge: 'the same entry by QEMU -kernel and SYSLINUX, `packages/writer/test-loaders`; DOS was not run' },
  { name: 'PAE kernels', kernel: '61-32-gzip', options: {}, command: 'wrap bzImage',
    what: 'The question of 2007: may a hypervisor enter with PAE paging on, in ring 1, and map no more than the notes say, P==V? This profile does, and lists every instruction that it had to do for the kernel.',
    profiles: ['ring1-pae'], judge: 'none: our core only' },
  { name: 'a hybrid: bzImage and ELF in one', kernel: '61-64-gzip', options: { form: 'inplace', allowEfiLoss: true }, command: 'wrap bzImage --form inplace',
    what: 'Loaders that look for "HdrS" first see a bzImage (QEMU, GRUB, SYSLINUX), others an ELF file (kexec, Firecracker).',
    profiles: ['linux16', 'grub-linux', 'uboot-zboot', 'linux64', 'kexec-linux64'], judge: 'QEMU, GRUB, SYSLINUX and kexec, `packages/writer/test-loaders`' },
  { name: 'a container: bzImage in an ELF', kernel: '61-64-gzip', options: { target: 'universal' }, command: 'wrap bzImage --target universal',
    what: 'One file with an entry for each loader, and the bzImage inside to be had back bit for bit.',
    profiles: ['qemu-mb1', 'firecracker-pvh', 'crosvm-64', 'crosvm-mb1', 'ipxe-mb1', 'kexec-linux64', 'kexec-elf64'], judge: 'QEMU, GRUB, iPXE, kexec and Xen: [loaders.md](loaders.md)' },
];
