/*
 * A kernel that only tells what it was given. It has the form of a bzImage with all three entries, prints a report on
 * COM1 and on port 0xe9 (README.md has the format), and stops.
 *
 * The code is position independent: ebp is the address at which the file's first byte would lie if the whole file
 * were loaded, so that a label used with (%ebp) is an offset from it. The file is linked at 0.
 */
#define SETUP_SIZE	0x1000
#define INIT_SIZE	0x20000
#define COM1		0x3f8

/* Memory behind the image, inside init_size: offsets like those of the file. */
#define STACK_TOP	(SETUP_SIZE + 0x10000)
#define BP_COPY		(SETUP_SIZE + 0x10000)
#define CMDLINE_COPY	(SETUP_SIZE + 0x11000)
#define CMDLINE_MAX	0x1000

	.text
	.code16
file:
	.org	0x1ef
	.byte	0xff, 0xff			/* sentinel */
	.byte	SETUP_SIZE / 512 - 1		/* setup_sects */
	.word	0				/* root_flags */
	.long	(file_end - pm) / 16		/* syssize */
	.word	0				/* ram_size */
	.word	0xffff				/* vid_mode */
	.word	0				/* root_dev */
	.word	0xaa55				/* boot_flag */
	.byte	0xeb, header_end - 1f		/* jump */
1:	.ascii	"HdrS"
	.word	0x020f				/* version */
	.long	0				/* realmode_swtch */
	.word	0x1000				/* start_sys_seg */
	.word	kernel_version - 0x200		/* kernel_version */
	.byte	0				/* type_of_loader */
	.byte	0x01				/* loadflags: LOADED_HIGH */
	.word	0x8000				/* setup_move_size */
	.long	0x100000			/* code32_start */
	.long	0, 0				/* ramdisk_image, ramdisk_size */
	.long	0				/* bootsect_kludge */
	.word	setup_end - 0x200		/* heap_end_ptr */
	.byte	0, 0				/* ext_loader_ver, ext_loader_type */
	.long	0				/* cmd_line_ptr */
	.long	0x7fffffff			/* initrd_addr_max */
	.long	0x200000			/* kernel_alignment */
	.byte	1				/* relocatable_kernel */
	.byte	21				/* min_alignment */
	.word	0x0003				/* xloadflags: KERNEL_64, CAN_BE_LOADED_ABOVE_4G */
	.long	0x7ff				/* cmdline_size */
	.long	0				/* hardware_subarch */
	.quad	0				/* hardware_subarch_data */
	.long	0, 0				/* payload_offset, payload_length */
	.quad	0				/* setup_data */
	.quad	0x1000000			/* pref_address */
	.long	INIT_SIZE			/* init_size */
	.long	0				/* handover_offset */
	.long	kernel_info - pm		/* kernel_info_offset */
header_end:

/*
 * 16-bit entry, cs = ds + 0x20. The registers go into this block, then it is all 32-bit code: there esi is the
 * address of this block, in which the setup_header lies where boot_params have it.
 */
	.macro	save16 reg, at
	movl	%\reg, %cs:\at - 0x200
	.endm
start16:
	save16	eax, regs16 + 0x00
	save16	ebx, regs16 + 0x08
	save16	ecx, regs16 + 0x10
	save16	edx, regs16 + 0x18
	save16	esi, regs16 + 0x20
	save16	edi, regs16 + 0x28
	save16	ebp, regs16 + 0x30
	save16	esp, regs16 + 0x38
	pushfl
	popl	%eax
	save16	eax, regs16 + 0x80
	movl	%cr0, %eax
	save16	eax, regs16 + 0x88
	movw	%cs, %cs:segs16 + 0 - 0x200
	movw	%ds, %cs:segs16 + 2 - 0x200
	movw	%es, %cs:segs16 + 4 - 0x200
	movw	%fs, %cs:segs16 + 6 - 0x200
	movw	%gs, %cs:segs16 + 8 - 0x200
	movw	%ss, %cs:segs16 + 10 - 0x200
	cli
	xorl	%esi, %esi
	movw	%cs, %si
	shll	$4, %esi
	subl	$0x200, %esi
	leal	gdt(%esi), %eax
	movl	%eax, %cs:gdtr16 + 2 - 0x200
	movl	%cs:0x214 - 0x200, %eax		# code32_start
	addl	$from16 - pm, %eax
	movl	%eax, %cs:target16 - 0x200
	lgdtl	%cs:gdtr16 - 0x200
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	movw	$0x18, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	ljmpl	*%cs:(target16 - 0x200)
	.balign	8
target16:
	.long	0
	.word	0x10
gdtr16:	.word	31
	.long	0
	.balign	8
gdt:	.quad	0, 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
regs16:	.fill	22, 8, 0
segs16:	.fill	6, 2, 0
kernel_version:
	.asciz	"bzelf-probe"
	.org	SETUP_SIZE
setup_end:

/* The protected-mode part: 32-bit entry at 0, 64-bit entry at 0x200. */
	.code32
pm:
start32:
	leal	0x1e8(%esi), %esp		# boot_params.scratch is there for this
	call	1f
1:	popl	%esp				# no flag has changed so far
	leal	-1b(%esp), %esp
	movl	%eax, regs + 0x00(%esp)
	movl	%ebp, regs + 0x30(%esp)
	movl	%esp, %ebp
	leal	STACK_TOP(%ebp), %esp
	pushfl
	popl	regs + 0x80(%ebp)
	movl	%ebx, regs + 0x08(%ebp)
	movl	%ecx, regs + 0x10(%ebp)
	movl	%edx, regs + 0x18(%ebp)
	movl	%esi, regs + 0x20(%ebp)
	movl	%edi, regs + 0x28(%ebp)
	cld
	call	save_segments
	movl	%cr0, %eax
	movl	%eax, regs + 0x88(%ebp)
	movl	%cr3, %eax
	movl	%eax, regs + 0x90(%ebp)
	movl	%cr4, %eax
	movl	%eax, regs + 0x98(%ebp)
	movl	$32, mode(%ebp)
	jmp	from32

from16:
	leal	setup_end(%esi), %esp
	call	1f
1:	popl	%ebp
	subl	$1b, %ebp
	movl	%esi, %ebx
	leal	regs16(%ebx), %esi
	leal	regs(%ebp), %edi
	movl	$(22 * 8 + 6 * 2) / 4, %ecx
	cld
	rep movsl				# segs follows regs in both places
	movl	%ebx, %esi
	movl	$16, mode(%ebp)
	leal	STACK_TOP(%ebp), %esp
from32:
	movl	%esi, bp_address(%ebp)
	leal	BP_COPY(%ebp), %edi
	movl	$1024, %ecx
	rep movsl
	movl	BP_COPY + 0x228(%ebp), %esi	# cmd_line_ptr
	leal	CMDLINE_COPY(%ebp), %edi
	testl	%esi, %esi
	jz	2f
	movl	$CMDLINE_MAX - 1, %ecx
1:	lodsb
	testb	%al, %al
	jz	2f
	stosb
	loop	1b
2:	movb	$0, (%edi)
	movl	BP_COPY + 0x218(%ebp), %esi	# ramdisk_image
	movl	BP_COPY + 0x21c(%ebp), %ecx	# ramdisk_size
	orl	$-1, %eax
	jecxz	4f
3:	call	crc_byte
	decl	%ecx
	jnz	3b
4:	notl	%eax
	movl	%eax, ramdisk_crc(%ebp)
	jmp	report

/* eax = CRC so far; takes the byte at esi. Destroys edx. */
crc_byte:
	xorb	(%esi), %al
	incl	%esi
	pushl	%ecx
	movl	$8, %ecx
1:	shrl	$1, %eax
	jnc	2f
	xorl	$0xedb88320, %eax
2:	loop	1b
	popl	%ecx
	ret

save_segments:
	movw	%cs, segs + 0(%ebp)
	movw	%ds, segs + 2(%ebp)
	movw	%es, segs + 4(%ebp)
	movw	%fs, segs + 6(%ebp)
	movw	%gs, segs + 8(%ebp)
	movw	%ss, segs + 10(%ebp)
	ret

	.org	SETUP_SIZE + 0x200
	.code64
start64:
	movq	%rax, regs + 0x00(%rip)
	movq	%rbx, regs + 0x08(%rip)
	movq	%rcx, regs + 0x10(%rip)
	movq	%rdx, regs + 0x18(%rip)
	movq	%rsi, regs + 0x20(%rip)
	movq	%rdi, regs + 0x28(%rip)
	movq	%rbp, regs + 0x30(%rip)
	movq	%rsp, regs + 0x38(%rip)
	movq	%r8, regs + 0x40(%rip)
	movq	%r9, regs + 0x48(%rip)
	movq	%r10, regs + 0x50(%rip)
	movq	%r11, regs + 0x58(%rip)
	movq	%r12, regs + 0x60(%rip)
	movq	%r13, regs + 0x68(%rip)
	movq	%r14, regs + 0x70(%rip)
	movq	%r15, regs + 0x78(%rip)
	leaq	file(%rip), %rbp
	leaq	STACK_TOP(%rbp), %rsp
	pushfq
	popq	regs + 0x80(%rip)
	cld
	movq	%cr0, %rax
	movq	%rax, regs + 0x88(%rip)
	movq	%cr3, %rax
	movq	%rax, regs + 0x90(%rip)
	movq	%cr4, %rax
	movq	%rax, regs + 0x98(%rip)
	movl	$0xc0000080, %ecx
	rdmsr
	movl	%eax, regs + 0xa0(%rip)
	movw	%cs, segs + 0(%rip)
	movw	%ds, segs + 2(%rip)
	movw	%es, segs + 4(%rip)
	movw	%fs, segs + 6(%rip)
	movw	%gs, segs + 8(%rip)
	movw	%ss, segs + 10(%rip)
	movl	$64, mode(%rip)
	movq	%rsi, bp_address(%rip)

	leaq	BP_COPY(%rbp), %rdi
	movl	$512, %ecx
	rep movsq
	leaq	BP_COPY(%rbp), %rbx
	leaq	CMDLINE_COPY(%rbp), %rdi
	movl	0x0c8(%rbx), %esi
	shlq	$32, %rsi
	movl	0x228(%rbx), %eax
	orq	%rax, %rsi
	jz	2f
	movl	$CMDLINE_MAX - 1, %ecx
1:	lodsb
	testb	%al, %al
	jz	2f
	stosb
	decl	%ecx
	jnz	1b
2:	movb	$0, (%rdi)
	movl	0x0c0(%rbx), %esi
	shlq	$32, %rsi
	movl	0x218(%rbx), %eax
	orq	%rax, %rsi
	movl	0x0c4(%rbx), %ecx
	shlq	$32, %rcx
	movl	0x21c(%rbx), %eax
	orq	%rax, %rcx
	movl	$-1, %eax
	jz	6f
3:	xorb	(%rsi), %al
	incq	%rsi
	movl	$8, %edx
4:	shrl	$1, %eax
	jnc	5f
	xorl	$0xedb88320, %eax
5:	decl	%edx
	jnz	4b
	decq	%rcx
	jnz	3b
6:	notl	%eax
	movl	%eax, ramdisk_crc(%rip)

	/* The report is 32-bit code: compatibility mode under the same page tables. */
	leaq	gdt64(%rip), %rax
	movq	%rax, gdtr64 + 2(%rip)
	lgdt	gdtr64(%rip)
	leaq	report(%rip), %rax
	pushq	$0x10
	pushq	%rax
	lretq
	.code32

report:
	movl	$0x18, %eax
	cmpl	$64, mode(%ebp)
	jne	1f
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
1:	leal	STACK_TOP(%ebp), %esp
	call	uart_init
	call	report_entry
	call	report_registers
	call	report_fields
	call	report_cmdline
	call	report_e820
	call	report_ramdisk
	call	report_rsdp
	call	report_setup_data
	call	say
	.asciz	"probe: end\n"
	movb	$0x10, %al
	outb	%al, $0xf4			# isa-debug-exit, where there is one
2:	cli
	hlt
	jmp	2b

report_entry:
	call	say
	.asciz	"probe: begin\nprobe: entry linux"
	movl	mode(%ebp), %eax
	call	put_decimal
	call	say
	.asciz	"\nprobe: load "
	leal	pm(%ebp), %eax
	call	put_u32
	call	say
	.asciz	"\nprobe: bp "
	movl	bp_address(%ebp), %eax
	movl	bp_address + 4(%ebp), %edx
	call	put_u64
	call	say
	.asciz	"\nprobe: sentinel "
	movzbl	BP_COPY + 0x1ef(%ebp), %eax
	call	put_u32
	jmp	put_newline

report_registers:
	leal	register_names(%ebp), %esi
	leal	regs(%ebp), %ebx
1:	cmpb	$0, (%esi)
	je	3f
	call	say
	.asciz	"probe: reg "
	call	put_text
	call	put_space
	movl	(%ebx), %eax
	movl	4(%ebx), %edx
	call	put_u64
	call	put_newline
	addl	$8, %ebx
	jmp	1b
3:	leal	segment_names(%ebp), %esi
	leal	segs(%ebp), %ebx
4:	call	say
	.asciz	"probe: seg "
	call	put_text
	call	put_space
	movzwl	(%ebx), %eax
	call	put_u32
	call	put_newline
	addl	$2, %ebx
	cmpb	$0, (%esi)
	jne	4b
	ret
register_names:
	.asciz	"rax"
	.asciz	"rbx"
	.asciz	"rcx"
	.asciz	"rdx"
	.asciz	"rsi"
	.asciz	"rdi"
	.asciz	"rbp"
	.asciz	"rsp"
	.asciz	"r8"
	.asciz	"r9"
	.asciz	"r10"
	.asciz	"r11"
	.asciz	"r12"
	.asciz	"r13"
	.asciz	"r14"
	.asciz	"r15"
	.asciz	"rflags"
	.asciz	"cr0"
	.asciz	"cr3"
	.asciz	"cr4"
	.asciz	"efer"
	.byte	0
segment_names:
	.asciz	"cs"
	.asciz	"ds"
	.asciz	"es"
	.asciz	"fs"
	.asciz	"gs"
	.asciz	"ss"
	.byte	0

/* Every nonzero field of the table below. */
report_fields:
	leal	fields(%ebp), %esi
1:	movzwl	(%esi), %ebx			# offset
	movzbl	2(%esi), %ecx			# size
	testl	%ecx, %ecx
	jz	3f
	addl	$3, %esi
	leal	BP_COPY(%ebp,%ebx), %ebx
	xorl	%eax, %eax
	xorl	%edx, %edx
	cmpl	$1, %ecx
	je	4f
	cmpl	$2, %ecx
	je	5f
	movl	(%ebx), %eax
	cmpl	$8, %ecx
	jne	2f
	movl	4(%ebx), %edx
	jmp	2f
4:	movb	(%ebx), %al
	jmp	2f
5:	movw	(%ebx), %ax
2:	movl	%eax, %ecx
	orl	%edx, %ecx
	jz	6f
	call	say
	.asciz	"probe: field "
	call	put_text
	call	put_space
	call	put_u64
	call	put_newline
	jmp	1b
6:	lodsb					# over the name
	testb	%al, %al
	jnz	6b
	jmp	1b
3:	ret

	.macro	field offset, size, name
	.word	\offset
	.byte	\size
	.asciz	"\name"
	.endm
fields:
	field	0x000, 1, screen_info.orig_x
	field	0x001, 1, screen_info.orig_y
	field	0x002, 2, screen_info.ext_mem_k
	field	0x006, 1, screen_info.orig_video_mode
	field	0x007, 1, screen_info.orig_video_cols
	field	0x00a, 2, screen_info.orig_video_ega_bx
	field	0x00e, 1, screen_info.orig_video_lines
	field	0x00f, 1, screen_info.orig_video_isVGA
	field	0x010, 2, screen_info.orig_video_points
	field	0x012, 2, screen_info.lfb_width
	field	0x014, 2, screen_info.lfb_height
	field	0x016, 2, screen_info.lfb_depth
	field	0x018, 4, screen_info.lfb_base
	field	0x01c, 4, screen_info.lfb_size
	field	0x024, 2, screen_info.lfb_linelength
	field	0x026, 1, screen_info.red_size
	field	0x027, 1, screen_info.red_pos
	field	0x028, 1, screen_info.green_size
	field	0x029, 1, screen_info.green_pos
	field	0x02a, 1, screen_info.blue_size
	field	0x02b, 1, screen_info.blue_pos
	field	0x02c, 1, screen_info.rsvd_size
	field	0x02d, 1, screen_info.rsvd_pos
	field	0x036, 4, screen_info.capabilities
	field	0x03a, 4, screen_info.ext_lfb_base
	field	0x040, 2, apm_bios_info.version
	field	0x058, 8, tboot_addr
	field	0x060, 4, ist_info.signature
	field	0x070, 8, acpi_rsdp_addr
	field	0x0c0, 4, ext_ramdisk_image
	field	0x0c4, 4, ext_ramdisk_size
	field	0x0c8, 4, ext_cmd_line_ptr
	field	0x13c, 4, cc_blob_address
	field	0x140, 8, edid_info
	field	0x1c0, 4, efi_info.efi_loader_signature
	field	0x1c4, 4, efi_info.efi_systab
	field	0x1c8, 4, efi_info.efi_memdesc_size
	field	0x1cc, 4, efi_info.efi_memdesc_version
	field	0x1d0, 4, efi_info.efi_memmap
	field	0x1d4, 4, efi_info.efi_memmap_size
	field	0x1d8, 4, efi_info.efi_systab_hi
	field	0x1dc, 4, efi_info.efi_memmap_hi
	field	0x1e0, 4, alt_mem_k
	field	0x1e8, 1, e820_entries
	field	0x1e9, 1, eddbuf_entries
	field	0x1ea, 1, edd_mbr_sig_buf_entries
	field	0x1eb, 1, kbd_status
	field	0x1ec, 1, secure_boot
	field	0x1f1, 1, setup_sects
	field	0x1f2, 2, root_flags
	field	0x1f4, 4, syssize
	field	0x1f8, 2, ram_size
	field	0x1fa, 2, vid_mode
	field	0x1fc, 2, root_dev
	field	0x1fe, 2, boot_flag
	field	0x200, 2, jump
	field	0x202, 4, header
	field	0x206, 2, version
	field	0x208, 4, realmode_swtch
	field	0x20c, 2, start_sys_seg
	field	0x20e, 2, kernel_version
	field	0x210, 1, type_of_loader
	field	0x211, 1, loadflags
	field	0x212, 2, setup_move_size
	field	0x214, 4, code32_start
	field	0x218, 4, ramdisk_image
	field	0x21c, 4, ramdisk_size
	field	0x220, 4, bootsect_kludge
	field	0x224, 2, heap_end_ptr
	field	0x226, 1, ext_loader_ver
	field	0x227, 1, ext_loader_type
	field	0x228, 4, cmd_line_ptr
	field	0x22c, 4, initrd_addr_max
	field	0x230, 4, kernel_alignment
	field	0x234, 1, relocatable_kernel
	field	0x235, 1, min_alignment
	field	0x236, 2, xloadflags
	field	0x238, 4, cmdline_size
	field	0x23c, 4, hardware_subarch
	field	0x240, 8, hardware_subarch_data
	field	0x248, 4, payload_offset
	field	0x24c, 4, payload_length
	field	0x250, 8, setup_data
	field	0x258, 8, pref_address
	field	0x260, 4, init_size
	field	0x264, 4, handover_offset
	field	0x268, 4, kernel_info_offset
	field	0x290, 4, edd_mbr_sig_buffer
	.word	0
	.byte	0

report_cmdline:
	call	say
	.asciz	"probe: cmdline "
	leal	CMDLINE_COPY(%ebp), %esi
	call	put_text
	jmp	put_newline

/* Not at the 16-bit entry, where these bytes are code. */
report_e820:
	cmpl	$16, mode(%ebp)
	je	2f
	movzbl	BP_COPY + 0x1e8(%ebp), %ecx
	leal	BP_COPY + 0x2d0(%ebp), %esi
	call	put_e820_entries
2:	ret

/* ecx entries at esi */
put_e820_entries:
	testl	%ecx, %ecx
	jz	2f
1:	call	say
	.asciz	"probe: e820 "
	call	put_pair_at
	movl	16(%esi), %eax
	call	put_u32
	call	put_newline
	addl	$20, %esi
	decl	%ecx
	jnz	1b
2:	ret

put_pair_at:
	movl	(%esi), %eax
	movl	4(%esi), %edx
	call	put_u64
	call	put_space
	movl	8(%esi), %eax
	movl	12(%esi), %edx
	call	put_u64
	jmp	put_space

report_ramdisk:
	movl	BP_COPY + 0x21c(%ebp), %eax
	orl	BP_COPY + 0x0c4(%ebp), %eax
	jz	1f
	call	say
	.asciz	"probe: ramdisk "
	movl	BP_COPY + 0x218(%ebp), %eax
	movl	BP_COPY + 0x0c0(%ebp), %edx
	call	put_u64
	call	put_space
	movl	BP_COPY + 0x21c(%ebp), %eax
	movl	BP_COPY + 0x0c4(%ebp), %edx
	call	put_u64
	call	put_space
	movl	ramdisk_crc(%ebp), %eax
	call	put_u32
	call	put_newline
1:	ret

/* Whether "RSD PTR " is where acpi_rsdp_addr points. */
report_rsdp:
	cmpl	$16, mode(%ebp)
	je	3f
	movl	BP_COPY + 0x070(%ebp), %esi
	testl	%esi, %esi
	jz	3f
	cmpl	$0, BP_COPY + 0x074(%ebp)
	jne	3f
	cmpl	$64, mode(%ebp)			# may not be mapped
	je	3f
	call	say
	.asciz	"probe: rsdp "
	movl	$8, %ecx
1:	lodsb
	call	put_char
	loop	1b
	call	put_newline
3:	ret

/* The list, as far as it lies below 4 GiB, and the entries of SETUP_E820_EXT. */
report_setup_data:
	cmpl	$16, mode(%ebp)
	je	3f
	movl	BP_COPY + 0x250(%ebp), %ebx
	movl	BP_COPY + 0x254(%ebp), %edx
1:	testl	%edx, %edx
	jnz	3f
	testl	%ebx, %ebx
	jz	3f
	call	say
	.asciz	"probe: setup_data "
	movl	%ebx, %eax
	call	put_u32
	call	put_space
	movl	8(%ebx), %eax
	call	put_u32
	call	put_space
	movl	12(%ebx), %eax
	call	put_u32
	call	put_newline
	cmpl	$1, 8(%ebx)
	jne	2f
	movl	12(%ebx), %eax
	xorl	%edx, %edx
	movl	$20, %ecx
	divl	%ecx
	movl	%eax, %ecx
	leal	16(%ebx), %esi
	call	put_e820_entries
2:	movl	4(%ebx), %edx
	movl	(%ebx), %ebx
	jmp	1b
3:	ret

/* Output. Every routine keeps all registers but those it is said to change. */
uart_init:
	leal	uart_setup(%ebp), %esi
1:	lodsw
	movzbl	%ah, %edx
	addl	$COM1, %edx
	outb	%al, %dx
	cmpb	$4, %ah
	jne	1b
	ret
uart_setup:					/* value, register: 115200 8n1, FIFO, no interrupts */
	.byte	0x80, 3,  1, 0,  0, 1,  0x03, 3,  0, 1,  0x07, 2,  0x03, 4

put_newline:
	pushl	%eax
	movb	$'\n', %al
	jmp	1f
put_space:
	pushl	%eax
	movb	$' ', %al
1:	call	put_char
	popl	%eax
	ret

/* al */
put_char:
	pushal
	outb	%al, $0xe9
	movl	%eax, %ebx
	movl	$0x1000000, %ecx		# a slow host may keep a virtual UART busy for long
	movl	$COM1 + 5, %edx
1:	inb	%dx, %al
	testb	$0x20, %al
	loopz	1b
	movl	%ebx, %eax
	movl	$COM1, %edx
	outb	%al, %dx
	popal
	ret

/* esi, moves behind the NUL */
put_text:
	pushl	%eax
1:	lodsb
	testb	%al, %al
	jz	2f
	call	put_char
	jmp	1b
2:	popl	%eax
	ret

/* The text behind the call. */
say:
	xchgl	%esi, (%esp)
	call	put_text
	xchgl	%esi, (%esp)
	ret

/* edx:eax */
put_u64:
	call	say
	.asciz	"0x"
	xchgl	%eax, %edx
	call	put_digits
	xchgl	%eax, %edx
	jmp	put_digits
/* eax */
put_u32:
	call	say
	.asciz	"0x"
put_digits:
	pushal
	movl	%eax, %ebx
	movl	$8, %ecx
1:	roll	$4, %ebx
	movl	%ebx, %eax
	andl	$15, %eax
	cmpb	$10, %al
	jb	2f
	addb	$'a' - '0' - 10, %al
2:	addb	$'0', %al
	call	put_char
	loop	1b
	popal
	ret

/* eax = 16, 32 or 64 */
put_decimal:
	pushal
	movl	$10, %ecx
	xorl	%edx, %edx
	divl	%ecx
	addb	$'0', %al
	call	put_char
	movl	%edx, %eax
	addb	$'0', %al
	call	put_char
	popal
	ret

	.balign	16
gdt64:	.quad	0, 0x00af9b000000ffff, 0x00cf9b000000ffff, 0x00cf93000000ffff
	.balign	8
	.word	0
gdtr64:	.word	31
	.quad	0
	.balign	8
regs:	.fill	22, 8, 0			/* in the order of register_names */
segs:	.fill	6, 2, 0
	.balign	8
bp_address:	.quad	0
mode:		.long	0
ramdisk_crc:	.long	0

kernel_info:
	.ascii	"LToP"
	.long	16, 16
	.long	0x80000009			/* setup_type_max */
	.balign	16
	.fill	12				/* the CRC is the last dword of the last unit of syssize */
	.long	0
file_end:
