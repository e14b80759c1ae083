import { phys } from '@bzelf/bytes';
import type { Place, PlanOptions } from '@bzelf/loader';

export type Places = NonNullable<PlanOptions['places']>;

const at = (address: number) => ({ at: phys(address) });

/** The same in both, but for the page tables, which only Firecracker has. Source: Firecracker and Cloud Hypervisor, arch/src/x86_64/layout.rs; gdt.rs. */
export const rustVmmPlaces = (): Places => ({
  gdt: at(0x500),
  hvm_start_info: at(0x6000),
  hvm_modlist_entry: at(0x6040),
  hvm_memmap_table_entry: at(0x7000),
  boot_params: at(0x7000),
  'page-tables': at(0x9000),
  cmdline: at(0x2_0000),
});

/** Source: crosvm x86_64/src/lib.rs, regs.rs; an initrd not above what a kernel of unknown age takes. */
export const crosvmPlaces = (ram: bigint): Places => ({
  gdt: at(0x1500),
  multiboot_info: at(0x6000),
  boot_params: at(0x7000),
  'page-tables': at(0x9000),
  cmdline: at(0x2_0000),
  initrd: { below: phys(ram < 0x3800_0000n ? ram : 0x3800_0000n) },
});

/** What QEMU keeps free at the top of RAM for ACPI tables; one byte less, as QEMU counts. Source: QEMU hw/i386/pc.c, acpi_data_size. */
const qemuInitrd = (ram: bigint): Place => ({ below: phys(ram - 0x2_0001n) });

/** pvh.bin's own variables, and a GDT in its ROM: measured with QEMU 7.2. */
export const qemuPvhPlaces = (ram: bigint): Places => ({
  hvm_memmap_table_entry: at(0x5a8),
  cmdline: at(0x11c0),
  hvm_modlist_entry: at(0x21c0),
  hvm_start_info: at(0x21e0),
  gdt: at(0xc_0118),
  initrd: qemuInitrd(ram),
});

/** qboot runs where the BIOS is, and its variables are there: measured with QEMU 7.2. */
export const qbootPlaces = (ram: bigint): Places => ({ hvm_start_info: at(0xf_31e0), initrd: qemuInitrd(ram) });

/** Everything that is not the kernel lies behind it. Source: Xen tools/libs/guest/xg_dom_core.c, xg_dom_x86.c, alloc_magic_pages_hvm. */
export const xenPlaces = (): Places => ({
  initrd: { behind: 'kernel' },
  cmdline: { behind: 'kernel' },
  hvm_start_info: { behind: 'kernel' },
});

/** The information at 0x9500, modules behind the image: measured with QEMU 7.2. */
export const qemuMultibootPlaces = (): Places => ({ multiboot_info: at(0x9500), initrd: { behind: 'kernel' } });

/** Measured with GRUB 2.06: low memory for the first version, 1 MiB or above for the second. */
export const grubPlaces = (): Places => ({
  multiboot_info: { above: phys(0x1_0000) },
  multiboot2_info: { above: phys(0x10_0000) },
});

/** Modules behind the kernel, the information in iPXE's own segment: measured with iPXE 1.21. */
export const ipxePlaces = (): Places => ({ multiboot_info: at(0x9_cee0), initrd: { behind: 'kernel' } });

/** The information may be at the very beginning of memory: measured with kexec-tools 2.0.25. */
export const kexecMultibootPlaces = (): Places => ({ multiboot_info: at(0) });

/** Source: U-Boot arch/x86/lib/zimage.c, DEFAULT_SETUP_BASE, COMMAND_LINE_OFFSET. */
export const zbootPlaces = (): Places => ({ boot_params: at(0x9_0000), cmdline: at(0x9_9000) });
