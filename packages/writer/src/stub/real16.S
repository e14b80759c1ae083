/*
 * Kernels that have only the 16-bit entry (iPXE's lkrn, memdisk): the real-mode part goes to 0x10000 with its command
 * line behind it, the rest to where it runs, and the processor back to real mode. They call the BIOS, so there has to
 * be one.
 *   0x10000 setup and its heap · 0x1e000 command line · 0x1f000 the code that leaves protected mode
 */
#define R16_BASE	0x10000
#define R16_HEAP_END	0xe000
#define R16_CODE	0x1f000

enter_real16:
	cmpl	$64, in_mode(%ebp)
	jne	1f
	call	leave_long_mode
1:	cmpl	$0, 0x10 * 4
	jne	2f
	fatal	"this kernel needs a BIOS, and there is none"
2:	movl	$R16_BASE, %eax
	movl	$R16_BASE + 0x10000, %edx
	call	is_ram
	je	3f
	fatal	"this kernel needs RAM at 0x10000"
3:	movl	params_setup_offset(%ebp), %esi
	addl	%ebp, %esi
	movl	$R16_BASE, %edi
	movl	params_setup_size(%ebp), %ecx
	call	move_bytes
	call	bss
	leal	B_CMDLINE(%eax), %esi
	movl	$R16_BASE + R16_HEAP_END, %edi
	movl	$R16_CODE - R16_BASE - R16_HEAP_END, %ecx
	rep movsb
	leal	r16_code(%ebp), %esi
	movl	$R16_CODE, %edi
	movl	$r16_code_end - r16_code, %ecx
	rep movsb

	call	boot_params
	movl	$R16_BASE, %ebx
	movb	$0xff, BP_TYPE_OF_LOADER(%ebx)
	orb	$CAN_USE_HEAP, BP_LOADFLAGS(%ebx)
	movw	$R16_HEAP_END - 0x200, BP_HEAP_END_PTR(%ebx)
	movl	$R16_BASE + R16_HEAP_END, BP_CMD_LINE_PTR(%ebx)
	movl	BP_RAMDISK_IMAGE(%edi), %eax
	movl	%eax, BP_RAMDISK_IMAGE(%ebx)
	movl	BP_RAMDISK_SIZE(%edi), %eax
	movl	%eax, BP_RAMDISK_SIZE(%ebx)

	movl	$R16_CODE, %eax
	call	set_code16_base
	lidt	real_mode_idt(%ebp)
	ljmp	$SEL_CODE16, $0

	.code16
r16_code:
	movw	$SEL_DATA16, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %fs
	movw	%ax, %gs
	movw	%ax, %ss
	movl	%cr0, %eax
	andb	$~1, %al
	movl	%eax, %cr0
	ljmp	$R16_CODE >> 4, $1f - r16_code
1:	movw	$R16_BASE >> 4, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %fs
	movw	%ax, %gs
	movw	%ax, %ss
	movl	$R16_HEAP_END, %esp
	xorl	%eax, %eax
	xorl	%ebx, %ebx
	xorl	%ecx, %ecx
	xorl	%edx, %edx
	xorl	%esi, %esi
	xorl	%edi, %edi
	xorl	%ebp, %ebp
	ljmp	$(R16_BASE >> 4) + 0x20, $0
r16_code_end:
	.code32
