/** Choices of options. The libraries own these lists; a test holds them against each other, and help starts faster. */
export const FORM_CHOICES = ['container', 'inplace', 'vmlinux'] as const;
export const CMDLINE_MODE_CHOICES = ['default', 'append', 'override'] as const;
export const MULTIBOOT_CMDLINE_CHOICES = ['auto', 'strip', 'keep'] as const;
// prettier-ignore
export const TARGET_CHOICES = ['pvh', 'pvh-reloc', 'linux64', 'multiboot', 'multiboot2', 'universal', 'elfboot32', 'uboot', 'xen-pv'] as const;
// prettier-ignore
export const PROTOCOL_CHOICES = ['linux64', 'pvh', 'linux32', 'multiboot2', 'multiboot', 'linux16', 'elfboot', 'xen-pv'] as const;
/** Not linux16, which calls a BIOS, and not xen-pv, which calls a hypervisor. */
export const RUN_PROTOCOL_CHOICES = ['linux64', 'pvh', 'linux32', 'multiboot2', 'multiboot', 'elfboot'] as const;
export const UNTIL_CHOICES = ['entry', 'banner'] as const;
export const TIER_CHOICES = ['interpreter', 'handlers', 'translator', 'both'] as const;
export const READER_CHOICES = ['binutils', 'qemu', 'linux-loader', 'xen', 'kexec', 'linux'] as const;
