/*
 * The memory map from the BIOS, for loaders that say nothing of memory: int 15h e820, else e801 and 88. The code that
 * calls it runs in real mode at 0x8000; that page is put back afterwards.
 */
#define RM_BASE		0x8000
#define RM_BUFFER	0x200			/* e820 entries, up to RM_STACK */
#define RM_STACK_LOW	0xc00
#define RM_SIZE		0x1000

bios_memory_map:
	call	bss
	leal	B_CMDLINE(%eax), %edi		# not in use yet
	movl	$RM_BASE, %esi
	movl	$RM_SIZE, %ecx
	rep movsb
	leal	rm_code(%ebp), %esi
	movl	$RM_BASE, %edi
	movl	$rm_code_end - rm_code, %ecx
	rep movsb
	sgdt	RM_BASE + (rm_gdtr - rm_code)
	leal	2f(%ebp), %eax
	movl	%eax, RM_BASE + (rm_return - rm_code)
	sidt	bios_saved_idt(%ebp)
	movl	%esp, bios_saved_esp(%ebp)
	movl	%ebp, RM_BASE + (rm_saved_ebp - rm_code)
	movl	$RM_BASE, %eax
	call	set_code16_base
	lidt	real_mode_idt(%ebp)
	ljmp	$SEL_CODE16, $0

2:	movl	$SEL_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %fs
	movl	%eax, %gs
	movl	%eax, %ss
	movl	RM_BASE + (rm_saved_ebp - rm_code), %ebp
	movl	bios_saved_esp(%ebp), %esp
	lidt	bios_saved_idt(%ebp)
	cld
	call	take_bios_map
	call	bss
	leal	B_CMDLINE(%eax), %esi
	movl	$RM_BASE, %edi
	movl	$RM_SIZE, %ecx
	rep movsb
	ret

take_bios_map:
	movl	$RM_BASE + RM_BUFFER, %esi
	movl	RM_BASE + (rm_count - rm_code), %ecx
	jecxz	2f
1:	call	add_e820_at
	addl	$20, %esi
	loop	1b
	ret
2:	movzwl	0x413, %ecx			# KiB of low memory, BIOS data area
	movl	$E820_RAM, %ebx
	xorl	%eax, %eax
	xorl	%edx, %edx
	xorl	%edi, %edi
	shll	$10, %ecx
	call	add_e820
	movl	$0x100000, %eax
	movl	RM_BASE + (rm_high_kib - rm_code), %ecx
	shll	$10, %ecx
	call	add_e820
	movl	$0x1000000, %eax
	movl	RM_BASE + (rm_high_64k - rm_code), %ecx
	shll	$16, %ecx
	jmp	add_e820

/* eax = where the 16-bit code segment begins. */
set_code16_base:
	movw	%ax, gdt_code16 + 2(%ebp)
	shrl	$16, %eax
	movb	%al, gdt_code16 + 4(%ebp)
	ret

	.code16
/* Entered in 16-bit protected mode at offset 0 of its segment. */
rm_code:
	movw	$SEL_DATA16, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movl	%cr0, %eax
	andb	$~1, %al
	movl	%eax, %cr0
	ljmp	$RM_BASE >> 4, $1f - rm_code
1:	movw	$RM_BASE >> 4, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	$RM_SIZE, %sp
	movw	$RM_BUFFER, %di
	xorl	%ebx, %ebx
2:	movl	$0xe820, %eax
	movl	$0x534d4150, %edx		# "SMAP"
	movl	$20, %ecx
	int	$0x15
	jc	3f
	cmpl	$0x534d4150, %eax
	jne	3f
	addw	$20, %di
	incw	rm_count - rm_code
	cmpw	$RM_STACK_LOW - 20, %di
	ja	3f
	testl	%ebx, %ebx
	jnz	2b
3:	cmpw	$0, rm_count - rm_code
	jne	6f
	movw	$0xe801, %ax
	xorw	%cx, %cx
	xorw	%dx, %dx
	int	$0x15
	jc	4f
	testw	%cx, %cx			# some answer in cx and dx, some in ax and bx
	jz	5f
	movw	%cx, %ax
	movw	%dx, %bx
	jmp	5f
4:	movb	$0x88, %ah
	int	$0x15
	xorw	%bx, %bx
5:	movw	%ax, rm_high_kib - rm_code
	movw	%bx, rm_high_64k - rm_code
6:	cli
	lgdtl	rm_gdtr - rm_code
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	ljmpl	*(rm_return - rm_code)
	.balign	4
rm_return:	.long	0
		.word	SEL_CODE32
rm_gdtr:	.word	0
		.long	0
	.balign	4
rm_saved_ebp:	.long	0
rm_count:	.long	0
rm_high_kib:	.long	0
rm_high_64k:	.long	0
rm_code_end:
	.code32
	.balign	4
bios_saved_esp:	.long	0
bios_saved_idt:	.word	0
		.long	0
real_mode_idt:	.word	0x3ff
		.long	0
