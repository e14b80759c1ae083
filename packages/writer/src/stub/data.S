/* Variables, tables and the parameter block. They are zero or constant in the file; the segment is writable. */
	.balign	8
gdt:
	.quad	0
	.quad	0x00af9b000000ffff		/* 08 64-bit code */
	.quad	0x00cf9b000000ffff		/* 10 32-bit code, __BOOT_CS */
	.quad	0x00cf93000000ffff		/* 18 data, __BOOT_DS */
gdt_code16:
	.quad	0x00009b000000ffff		/* 20 16-bit code, base set before use */
gdt_data16:
	.quad	0x000093000000ffff		/* 28 16-bit data, base 0 */
gdt_end:
/* For the 64-bit entry of the kernel, which wants its __BOOT_CS to be 64-bit code. */
gdt64:
	.quad	0
	.quad	0x00cf9b000000ffff
	.quad	0x00af9b000000ffff		/* 10 64-bit code */
	.quad	0x00cf93000000ffff		/* 18 data */
gdt64_end:
	.balign	8
	.word	0				/* so that the base below is aligned */
gdtr:
	.word	gdt_end - gdt - 1
	.quad	0
	.balign	4
far_offset:
	.long	0
far_selector:
	.word	0
	.balign	4

/* The state at entry, for the dispatcher and for messages. */
in_mode:	.long	0			/* 32 or 64 */
in_eax:		.long	0
in_ebx:		.long	0
in_esi:		.long	0
in_esp:		.long	0
in_kind:	.long	0			/* what the 64-bit entry found */
in_block:	.long	0			/* and where its copy is */

e820_count:	.long	0			/* entries at B_E820 */
mb2_info:	.long	0			/* Multiboot 2 information */

/* What the writer tells the stub; params.ts has the same table. Offsets are from the first byte of the blob. */
	.balign	16
	.globl	params
params:
	.ascii	"bzst"
params_kernel_offset:	.long	0		/* kernel's load address minus the stub's, signed */
params_kernel_size:	.long	0		/* bytes */
params_kernel_run:	.long	0		/* the only address the kernel runs at, 0 = where it is loaded */
params_init_size:	.long	0		/* memory the kernel needs from its runtime start, bytes */
params_kernel_alignment: .long	0		/* the runtime start is a multiple of it, 0 = any */
params_lowest_run:	.long	0		/* and not below this (pref_address), 0 = any */
params_flags:		.long	0
params_bp_offset:	.long	0		/* boot_params template, becomes the kernel's boot_params */
params_cmdline_offset:	.long	0		/* built-in command line, NUL-terminated */
params_cmdline_size:	.long	0		/* bytes with the NUL, 0 = none */
params_cmdline_max:	.long	0		/* longest that the kernel takes, bytes without the NUL */
params_cmdline_mode:	.long	0
params_mb_cmdline:	.long	0
params_initrd_offset:	.long	0		/* built-in initrd, signed */
params_initrd_size:	.long	0		/* bytes, 0 = none */
params_setup_offset:	.long	0		/* real-mode part, signed; only with F_REAL16 */
params_setup_size:	.long	0
params_bss_offset:	.long	0		/* page aligned */
params_bss_size:	.long	0		/* at least BSS_SIZE */
	.balign	16
stub_end:
