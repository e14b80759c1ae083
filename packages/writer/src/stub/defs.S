/* Numbers of the outside world that the stub needs. Offsets are those of the structure named in the prefix. */

/* Magic numbers by which a loader says who it is. */
#define PVH_MAGIC		0x336ec578	/* hvm_start_info.magic, at ebx */
#define MB1_EAX			0x2badb002	/* Multiboot 1, ebx = info */
#define MB2_EAX			0x36d76289	/* Multiboot 2, ebx = info */
#define UNIFORM_EAX		0x0a11b007	/* Uniform Boot */
#define ELFBOOT_MAGIC		0x0e1fb007	/* Elf_Bhdr.signature; FILO and old kexec also put it in eax */
#define HDRS			0x53726448	/* "HdrS", setup_header.header */
#define LBIO			0x4f49424c	/* "LBIO", coreboot table */

/* struct boot_params. Source: zero-page.rst and uapi/asm/bootparam.h. */
#define BP_ORIG_VIDEO_MODE	0x006
#define BP_ORIG_VIDEO_COLS	0x007
#define BP_ORIG_VIDEO_LINES	0x00e
#define BP_ORIG_VIDEO_ISVGA	0x00f
#define BP_ORIG_VIDEO_POINTS	0x010
#define BP_LFB_WIDTH		0x012
#define BP_LFB_HEIGHT		0x014
#define BP_LFB_DEPTH		0x016
#define BP_LFB_BASE		0x018
#define BP_LFB_SIZE		0x01c		/* VLFB: in units of 64 KiB */
#define BP_LFB_LINELENGTH	0x024
#define BP_LFB_COLORS		0x026		/* red, green, blue, reserved: size and position each */
#define BP_CAPABILITIES		0x036
#define BP_EXT_LFB_BASE		0x03a
#define BP_ACPI_RSDP_ADDR	0x070
#define BP_EXT_RAMDISK_IMAGE	0x0c0
#define BP_EXT_RAMDISK_SIZE	0x0c4
#define BP_EXT_CMD_LINE_PTR	0x0c8
#define BP_EFI_INFO		0x1c0
#define BP_ALT_MEM_K		0x1e0
#define BP_SCRATCH		0x1e4
#define BP_E820_ENTRIES		0x1e8
#define BP_SENTINEL		0x1ef
#define BP_HEADER		0x202
#define BP_VERSION		0x206
#define BP_TYPE_OF_LOADER	0x210
#define BP_LOADFLAGS		0x211
#define BP_CODE32_START		0x214
#define BP_RAMDISK_IMAGE	0x218
#define BP_RAMDISK_SIZE		0x21c
#define BP_HEAP_END_PTR		0x224
#define BP_CMD_LINE_PTR		0x228
#define BP_INITRD_ADDR_MAX	0x22c
#define BP_XLOADFLAGS		0x236
#define BP_HARDWARE_SUBARCH	0x23c
#define BP_SETUP_DATA		0x250
#define BP_E820_TABLE		0x2d0
#define BP_E820_MAX		128
/* Where a copy of the RSDP goes: padding of boot_params, because KASLR keeps clear of that page and of little else. */
#define BP_RSDP_COPY		0xf00

#define CAN_USE_HEAP		0x80		/* loadflags */
#define XLF_CAN_BE_LOADED_ABOVE_4G 0x02		/* xloadflags */
#define SETUP_E820_EXT		1		/* setup_data.type */
#define E820_RAM		1
#define E820_RESERVED		2
#define VIDEO_TYPE_VLFB		0x23
#define VIDEO_CAPABILITY_64BIT_BASE 2

/* struct hvm_start_info, hvm_modlist_entry, hvm_memmap_table_entry. Source: Xen public/arch-x86/hvm/start_info.h. */
#define SI_VERSION		0x04
#define SI_NR_MODULES		0x0c
#define SI_MODLIST		0x10
#define SI_CMDLINE		0x18
#define SI_RSDP			0x20
#define SI_MEMMAP		0x28
#define SI_MEMMAP_ENTRIES	0x30
#define MEMMAP_ENTRY_SIZE	0x18

/* Selectors of the stub's GDT; 0x10 and 0x18 are the kernel's __BOOT_CS and __BOOT_DS. */
#define SEL_CODE64		0x08
#define SEL_CODE32		0x10
#define SEL_DATA		0x18
#define SEL_CODE16		0x20
#define SEL_DATA16		0x28

/* in_kind: what the 64-bit entry found */
#define IN_BOOT_PARAMS		1
#define IN_RECORDS		2

/* params.flags */
#define F_HAS_32		0x01
#define F_HAS_64		0x02
#define F_REAL16		0x04
#define F_RELOCATABLE		0x08

/* params.cmdline_mode */
#define CMDLINE_LOADER		0
#define CMDLINE_APPEND		1
#define CMDLINE_BUILTIN		2

/* params.mb_cmdline */
#define MB_CMDLINE_AUTO		0
#define MB_CMDLINE_STRIP	1
#define MB_CMDLINE_KEEP		2

/* The zeroed memory behind the image: offsets from params.bss_offset. The order is by page. */
#define E820_MAX		1024
#define CMDLINE_BUFFER		4096
#define B_STACK_TOP		0x1000
#define B_CMDLINE		0x1000		/* the command line that the kernel gets */
#define B_LOADER_CMDLINE	0x2000		/* the loader's, as it came */
#define B_IN			0x3000		/* two pages: copy of boot_params or of records from above 4 GiB; Xen hypercall page */
#define B_IN_SIZE		0x2000
#define B_E820			0x5000		/* E820_MAX entries of 20 bytes */
#define BSS_SIZE		0xa000
