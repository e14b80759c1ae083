import { phys } from '@bzelf/bytes';
import { cloudHypervisorMap, firecrackerMap, qbootMap, xenMap } from './memory-maps.js';
import type { Profile } from './profile.js';

const GIB = 1n << 30n;
/** CR0 after reset has CD and NW set; PE and PG are added to it. */
const CR0_UNCACHED_LONG = 0xe000_0011n;
const CR0_PE = 1n;
const MB1 = 0x2bad_b002n;
const NO_IDT = { base: 0n, limit: 0 };
/** The interrupt table of real mode, still loaded. */
const IVT = { base: 0n, limit: 0x3ff };
const ELF_FORMS = ['container', 'vmlinux', 'elf'] as const;
/** What a VMM sets that has no setup_header to start from. */
const SCRATCH_FIELDS = ['boot_flag', 'header', 'type_of_loader', 'cmd_line_ptr', 'cmdline_size', 'kernel_alignment', 'ramdisk_image', 'ramdisk_size']; // prettier-ignore

/** In the order in which they run. */
// prettier-ignore
export const PROFILES: readonly Profile[] = [
  { name: 'linux64', basic: true, protocol: 'linux64', mapped: 'declared',
    doc: 'the 64-bit boot protocol to the letter; page tables of the required ranges only',
    source: 'boot.rst, 64-bit Boot Protocol', options: { optionalMappings: false } },
  { name: 'linux64-full', basic: true, protocol: 'linux64', mapped: 'all', identity: 4n * GIB, kaslr: true,
    doc: 'the same with all memory mapped, and leave to choose another place (KASLR)',
    source: 'boot.rst, 64-bit Boot Protocol' },
  { name: 'linux32', basic: true, protocol: 'linux32', mapped: 'declared',
    doc: 'the 32-bit boot protocol to the letter', source: 'boot.rst, 32-bit Boot Protocol' },
  { name: 'linux16', basic: true, protocol: 'linux16', mapped: 'declared', firmware: 'bios', options: { realModeSegment: 0x9000 },
    doc: 'the boot protocol to the letter: setup at 0x90000, over a BIOS that has a text screen, a memory map, and no disks',
    source: 'boot.rst, Running the kernel; SeaBIOS' },
  { name: 'qemu-linux16', protocol: 'linux16', mapped: 'declared', firmware: 'bios', options: { realModeSegment: 0x1000, relocateTo: phys(0x10_0000), loaderId: 0xb0 },
    doc: 'QEMU -kernel of a bzImage: the kernel at 1 MiB, setup at 0x10000, the command line behind it',
    source: 'QEMU hw/i386/x86.c and linuxboot.S, measured with QEMU 7.2', setupLayout: { heapEnd: 0x1_0000, cmdlineAt: 0x2_0000 }, cpu: { registers: { rsp: 0xfff0n } } },
  { name: 'pvh', basic: true, protocol: 'pvh', mapped: 'declared',
    doc: 'the PVH ABI to the letter', source: 'Xen docs/misc/pvh.pandoc' },
  { name: 'qemu-pvh-seabios', protocol: 'pvh', mapped: 'declared',
    doc: 'QEMU -kernel with SeaBIOS and pvh.bin',
    source: 'measured, QEMU 7.2', cpu: { selectors: [8, 0x10], noTask: true, idt: IVT, rflags: 6n, registers: { rsp: 0x6edcn } } },
  { name: 'qemu-pvh-qboot', protocol: 'pvh', mapped: 'declared', memoryMap: qbootMap,
    doc: 'QEMU microvm with qboot, which leaves the magic number of Multiboot in eax',
    source: 'measured, QEMU 7.2', cpu: { selectors: [8, 0x10], noTask: true, idt: { base: 0n, limit: 0xffff }, registers: { rax: MB1, rsp: 0x7b60n } } },
  { name: 'firecracker-pvh', protocol: 'pvh', mapped: 'declared', memoryMap: firecrackerMap,
    doc: 'Firecracker, a kernel with a PVH note',
    source: 'Firecracker arch/x86_64/regs.rs, configure_pvh', cpu: { selectors: [8, 0x10] } },
  { name: 'ch-pvh', protocol: 'pvh', mapped: 'declared', memoryMap: cloudHypervisorMap,
    doc: 'Cloud Hypervisor',
    source: 'cloud-hypervisor arch/src/x86_64/regs.rs', cpu: { selectors: [8, 0x10], cr0: CR0_PE } },
  { name: 'xen-domU', protocol: 'pvh', mapped: 'declared', memoryMap: xenMap,
    doc: 'Xen, an unprivileged PVH domain: segments are loaded, their selectors mean nothing',
    source: 'Xen tools/libs/guest/xg_dom_x86.c', cpu: { selectors: [8, 0x10] } },
  { name: 'firecracker-linux64', protocol: 'linux64', mapped: 'declared', memoryMap: firecrackerMap, forms: ELF_FORMS, identity: GIB, headerFields: SCRATCH_FIELDS,
    doc: 'Firecracker, a kernel without a PVH note: caches off, 1 GiB mapped, boot_params from scratch',
    source: 'Firecracker arch/x86_64/regs.rs, configure_64bit_boot', cpu: { selectors: [8, 0x10], cr0: CR0_UNCACHED_LONG, registers: { rsp: 0x8ff0n, rbp: 0x8ff0n } } },
  { name: 'crosvm-64', protocol: 'linux64', mapped: 'declared', forms: ELF_FORMS, identity: 4n * GIB, headerFields: SCRATCH_FIELDS,
    doc: 'crosvm, an ELF64 file: boot_params from scratch',
    source: 'crosvm x86_64/src/regs.rs', cpu: { selectors: [0x10, 0x18] } },
  { name: 'crosvm-32', protocol: 'linux32', mapped: 'declared', forms: ELF_FORMS, headerFields: SCRATCH_FIELDS,
    doc: 'crosvm, an ELF32 file: boot_params from scratch',
    source: 'crosvm x86_64/src/regs.rs', cpu: { selectors: [0x10, 0x18], registers: { rsp: 0x8000n } } },
  { name: 'kexec-linux64', protocol: 'linux64', mapped: 'declared', identity: 4n * GIB,
    doc: 'kexec --args-linux: the page tables of the kernel that ran before',
    source: 'kexec-tools purgatory/arch/x86_64/entry64.S', cpu: { selectors: [0x10, 0x18], idt: NO_IDT } },
  { name: 'kexec-linux32', protocol: 'linux32', mapped: 'declared',
    doc: 'kexec of a 32-bit file, --args-linux',
    source: 'kexec-tools purgatory/arch/i386/entry32-16.S', cpu: { selectors: [0x10, 0x18], idt: NO_IDT } },
  { name: 'multiboot', basic: true, protocol: 'multiboot', mapped: 'declared',
    doc: 'Multiboot 1 to the letter', source: 'Multiboot Specification 0.6.96' },
  { name: 'qemu-mb1', protocol: 'multiboot', mapped: 'declared', fileName: 'kernel.elf', options: { bootloader: 'qemu' },
    doc: 'QEMU -kernel of a file with a Multiboot header; the file name leads the command line',
    source: 'measured, QEMU 7.2', cpu: { selectors: [8, 0x10], noTask: true, idt: IVT, registers: { rsp: 0x6f08n } } },
  { name: 'grub-mb1', protocol: 'multiboot', mapped: 'declared', options: { bootloader: 'GRUB 2.12' },
    doc: 'GRUB multiboot',
    source: 'measured, GRUB 2.06', cpu: { selectors: [0x10, 0x18], noTask: true, rflags: 0x46n, registers: { rsp: 0x7ff00n } } },
  { name: 'ipxe-mb1', protocol: 'multiboot', mapped: 'declared', fileName: 'kernel.elf', options: { bootloader: 'iPXE 1.21' },
    doc: 'iPXE: its own IDT, data selectors one further',
    source: 'iPXE src/arch/x86/image/multiboot.c', cpu: { selectors: [0x18, 0x20], noTask: true } },
  { name: 'multiboot2', basic: true, protocol: 'multiboot2', mapped: 'declared',
    doc: 'Multiboot 2 to the letter', source: 'Multiboot2 Specification 2.0' },
  { name: 'grub-mb2', protocol: 'multiboot2', mapped: 'declared', options: { bootloader: 'GRUB 2.12' },
    doc: 'GRUB multiboot2',
    source: 'measured, GRUB 2.06', cpu: { selectors: [0x10, 0x18], noTask: true, rflags: 0x46n, registers: { rsp: 0x7ff00n } } },
  { name: 'filo', basic: true, protocol: 'elfboot', mapped: 'declared', forms: ['container', 'elf'], firmware: 'coreboot-table', options: { bootloader: 'FILO' },
    doc: 'FILO on coreboot: eax = 0x0e1fb007, ebx = records, and the coreboot table in low memory',
    source: 'FILO main/elfload.c, x86/context.c', cpu: { selectors: [0x10, 0x18] } },
  { name: 'etherboot', protocol: 'elfboot', mapped: 'declared', forms: ['container', 'elf'], firmware: 'coreboot-table', options: { bootloader: 'Etherboot' },
    doc: 'Etherboot on coreboot: the records on the stack',
    source: 'Etherboot src/arch/i386/core/start32.S', cpu: { selectors: [0x10, 0x18], registers: { rax: 0n, rbx: 0n } } },
];
