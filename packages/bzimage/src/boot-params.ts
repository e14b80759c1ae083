import { raw, struct, u16, u32, u64, u8, type StructValues } from '@bzelf/bytes';

/**
 * struct boot_params, the "zero page", without the setup_header at 0x1f1 (see SETUP_HEADER).
 * Source: Documentation/arch/x86/zero-page.rst; uapi/asm/bootparam.h.
 */
// prettier-ignore
export const BOOT_PARAMS = struct('boot_params', [
  [0x000, raw(0x40),  'screen_info',             'text mode or frame buffer, see SCREEN_INFO'],
  [0x040, raw(0x14),  'apm_bios_info',           'APM BIOS'],
  [0x058, u64,        'tboot_addr',              'tboot shared page, physical'],
  [0x060, raw(0x10),  'ist_info',                'Intel SpeedStep BIOS'],
  [0x070, u64,        'acpi_rsdp_addr',          'RSDP, physical; 0: the kernel looks for it'],
  [0x080, raw(0x10),  'hd0_info',                'obsolete'],
  [0x090, raw(0x10),  'hd1_info',                'obsolete'],
  [0x0a0, raw(0x10),  'sys_desc_table',          'obsolete'],
  [0x0b0, raw(0x10),  'olpc_ofw_header',         'OLPC Open Firmware'],
  [0x0c0, u32,        'ext_ramdisk_image',       'ramdisk_image, high 32 bits'],
  [0x0c4, u32,        'ext_ramdisk_size',        'ramdisk_size, high 32 bits'],
  [0x0c8, u32,        'ext_cmd_line_ptr',        'cmd_line_ptr, high 32 bits'],
  [0x13c, u32,        'cc_blob_address',         'confidential computing blob, physical'],
  [0x140, raw(0x80),  'edid_info',               'EDID of the display'],
  [0x1c0, raw(0x20),  'efi_info',                'EFI tables, see EFI_INFO'],
  [0x1e0, u32,        'alt_mem_k',               'memory above 1 MiB by INT 15 E801/88, KiB'],
  [0x1e4, u32,        'scratch',                 'stack of the 32-bit entry'],
  [0x1e8, u8,         'e820_entries',            'used rows of e820_table, at most 128'],
  [0x1e9, u8,         'eddbuf_entries',          'used rows of eddbuf'],
  [0x1ea, u8,         'edd_mbr_sig_buf_entries', 'used rows of edd_mbr_sig_buffer'],
  [0x1eb, u8,         'kbd_status',              'keyboard shift state'],
  [0x1ec, u8,         'secure_boot',             '0 unset, 1 unknown, 2 disabled, 3 enabled'],
  [0x1ef, u8,         'sentinel',                'nonzero: the loader copied sectors; the kernel then clears fields'],
  [0x290, raw(0x40),  'edd_mbr_sig_buffer',      'MBR signatures by BIOS disk'],
  [0x2d0, raw(0xa00), 'e820_table',              '128 rows, see E820_ENTRY'],
  [0xd00, raw(0x1ec), 'eddbuf',                  'BIOS EDD data'],
], 0x1000);

export type BootParams = StructValues<typeof BOOT_PARAMS>;

export const E820_MAX_ENTRIES_ZEROPAGE = 128;

/** Source: linux/screen_info.h. All zero: no text output, no frame buffer. */
// prettier-ignore
export const SCREEN_INFO = struct('screen_info', [
  [0x00, u8,  'orig_x',          'cursor column'],
  [0x01, u8,  'orig_y',          'cursor row'],
  [0x02, u16, 'ext_mem_k',       'extended memory, KiB'],
  [0x04, u16, 'orig_video_page', 'display page'],
  [0x06, u8,  'orig_video_mode', 'BIOS mode; 7 is monochrome'],
  [0x07, u8,  'orig_video_cols', 'columns'],
  [0x08, u8,  'flags',           ''],
  [0x0a, u16, 'orig_video_ega_bx', 'EGA information'],
  [0x0e, u8,  'orig_video_lines', 'rows'],
  [0x0f, u8,  'orig_video_isVGA', '1 VGA, 0x22 VGAC, 0x23 VESA frame buffer, 0x70 EFI frame buffer'],
  [0x10, u16, 'orig_video_points', 'character height, pixels'],
  [0x12, u16, 'lfb_width',       'pixels'],
  [0x14, u16, 'lfb_height',      'pixels'],
  [0x16, u16, 'lfb_depth',       'bits per pixel'],
  [0x18, u32, 'lfb_base',        'frame buffer, physical, low 32 bits'],
  [0x1c, u32, 'lfb_size',        'VESA: 64 KiB units; EFI: bytes'],
  [0x20, u16, 'cl_magic',        'protocols before 2.02: 0xa33f'],
  [0x22, u16, 'cl_offset',       'protocols before 2.02: command line'],
  [0x24, u16, 'lfb_linelength',  'bytes per line'],
  [0x26, u8,  'red_size',        'bits'],
  [0x27, u8,  'red_pos',         'bit'],
  [0x28, u8,  'green_size',      'bits'],
  [0x29, u8,  'green_pos',       'bit'],
  [0x2a, u8,  'blue_size',       'bits'],
  [0x2b, u8,  'blue_pos',        'bit'],
  [0x2c, u8,  'rsvd_size',       'bits'],
  [0x2d, u8,  'rsvd_pos',        'bit'],
  [0x2e, u16, 'vesapm_seg',      'VESA protected-mode interface'],
  [0x30, u16, 'vesapm_off',      'VESA protected-mode interface'],
  [0x32, u16, 'pages',           ''],
  [0x34, u16, 'vesa_attributes', ''],
  [0x36, u32, 'capabilities',    'bit 0 no quirks, bit 1 ext_lfb_base is valid'],
  [0x3a, u32, 'ext_lfb_base',    'lfb_base, high 32 bits'],
], 0x40);

/** Source: uapi/asm/bootparam.h, struct efi_info. */
// prettier-ignore
export const EFI_INFO = struct('efi_info', [
  [0x00, u32, 'efi_loader_signature',  '"EL32" or "EL64"'],
  [0x04, u32, 'efi_systab',            'system table, low 32 bits'],
  [0x08, u32, 'efi_memdesc_size',      'bytes per descriptor'],
  [0x0c, u32, 'efi_memdesc_version',   ''],
  [0x10, u32, 'efi_memmap',            'memory map, low 32 bits'],
  [0x14, u32, 'efi_memmap_size',       'bytes'],
  [0x18, u32, 'efi_systab_hi',         'high 32 bits'],
  [0x1c, u32, 'efi_memmap_hi',         'high 32 bits'],
]);

/** One row of a memory map: 20 bytes, packed. */
// prettier-ignore
export const E820_ENTRY = struct('boot_e820_entry', [
  [0x00, u64, 'addr', 'first byte, physical'],
  [0x08, u64, 'size', 'bytes'],
  [0x10, u32, 'type', 'see E820_TYPES'],
]);

export type E820Entry = StructValues<typeof E820_ENTRY>;

export const E820_TYPE_RAM = 1;
export const E820_TYPE_RESERVED = 2;
export const E820_TYPE_ACPI = 3;
export const E820_TYPE_NVS = 4;
export const E820_TYPE_UNUSABLE = 5;
export const E820_TYPE_PMEM = 7;
export const E820_TYPE_PRAM = 12;
export const E820_TYPE_RESERVED_KERN = 128;
export const E820_TYPE_SOFT_RESERVED = 0xefffffff;

/** The kernel's own words (arch/x86/kernel/e820.c, e820_print_type), except RAM, which it calls "usable". */
export const E820_TYPES: Readonly<Record<number, string>> = {
  [E820_TYPE_RAM]: 'RAM',
  [E820_TYPE_RESERVED]: 'reserved',
  [E820_TYPE_ACPI]: 'ACPI data',
  [E820_TYPE_NVS]: 'ACPI NVS',
  [E820_TYPE_UNUSABLE]: 'unusable',
  [E820_TYPE_PMEM]: 'persistent (type 7)',
  [E820_TYPE_PRAM]: 'persistent (type 12)',
  [E820_TYPE_RESERVED_KERN]: 'reserved by the kernel',
  [E820_TYPE_SOFT_RESERVED]: 'soft reserved',
};

/** The linked list at setup_header.setup_data. */
// prettier-ignore
export const SETUP_DATA = struct('setup_data', [
  [0x0, u64, 'next', 'next node, physical; 0 = last'],
  [0x8, u32, 'type', 'see SETUP_DATA_TYPES; bit 31: SETUP_INDIRECT'],
  [0xc, u32, 'len',  'bytes of data behind this header'],
]);

/** The data of a node of type SETUP_INDIRECT. */
// prettier-ignore
export const SETUP_INDIRECT_DATA = struct('setup_indirect', [
  [0x00, u32, 'type',     'SETUP_INDIRECT | the type of the data'],
  [0x04, u32, 'reserved', '0'],
  [0x08, u64, 'len',      'bytes'],
  [0x10, u64, 'addr',     'the data, physical'],
]);

export const SETUP_NONE = 0;
export const SETUP_E820_EXT = 1;
export const SETUP_DTB = 2;
export const SETUP_PCI = 3;
export const SETUP_EFI = 4;
export const SETUP_APPLE_PROPERTIES = 5;
export const SETUP_JAILHOUSE = 6;
export const SETUP_CC_BLOB = 7;
export const SETUP_IMA = 8;
export const SETUP_RNG_SEED = 9;
export const SETUP_KEXEC_KHO = 10;
export const SETUP_INDIRECT = 0x80000000;

/** Source: asm/setup_data.h. */
export const SETUP_DATA_TYPES: Readonly<Record<number, string>> = {
  [SETUP_NONE]: 'NONE',
  [SETUP_E820_EXT]: 'E820_EXT',
  [SETUP_DTB]: 'DTB',
  [SETUP_PCI]: 'PCI',
  [SETUP_EFI]: 'EFI',
  [SETUP_APPLE_PROPERTIES]: 'APPLE_PROPERTIES',
  [SETUP_JAILHOUSE]: 'JAILHOUSE',
  [SETUP_CC_BLOB]: 'CC_BLOB',
  [SETUP_IMA]: 'IMA',
  [SETUP_RNG_SEED]: 'RNG_SEED',
  [SETUP_KEXEC_KHO]: 'KEXEC_KHO',
};
