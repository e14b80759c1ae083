/*
 * 64-bit entry. Long mode, identity map of at least this segment, the kernel's window and the loader's blocks:
 *   rsi = boot_params      64-bit boot protocol: crosvm, Firecracker, kexec --args-linux
 *   rdi = ELFBoot records  kexec --args-elf
 *   rbx = ELFBoot records  Etherboot
 * What may lie above 4 GiB is copied, because the rest of the work is done by 32-bit code in compatibility mode.
 * CR3 stays as it is. rsi is looked at first: it is the only one of the three that a strict map is sure to cover.
 */
	.macro	take_records64			/* rsi = perhaps a block of records, rdi = where they go */
	testq	%rsi, %rsi
	jz	9f
	movq	%rsi, %rax
	shrq	$47, %rax
	jnz	9f
	cmpl	$ELFBOOT_MAGIC, (%rsi)
	jne	9f
	movl	$IN_RECORDS, in_kind(%rip)
	movl	4(%rsi), %ecx			# Elf_Bhdr.size
	movl	$B_IN_SIZE, %eax
	cmpl	%eax, %ecx
	cmovaq	%rax, %rcx
	rep movsb
	jmp	to_compatibility_mode
9:
	.endm

	.code64
	.globl	entry64
entry64:
	cli
	cld
	leaq	stub(%rip), %rbp
	movl	%eax, in_eax(%rip)
	movl	%ebx, in_ebx(%rip)
	movl	%esi, in_esi(%rip)
	movl	%esp, in_esp(%rip)
	movl	$64, in_mode(%rip)
	movq	%rdi, %r8
	movq	%rsi, %r9
	movq	%rbp, %rax
	shrq	$32, %rax
	jnz	above_4g

	movl	params_bss_offset(%rip), %eax
	leal	(%rbp,%rax), %r10d		# r10 = bss
	movl	%r10d, %edi
	movl	params_bss_size(%rip), %ecx
	xorl	%eax, %eax
	rep stosb
	leaq	B_IN(%r10), %rdi
	movl	%edi, in_block(%rip)

	testq	%r9, %r9
	jz	1f
	movq	%r9, %rax
	shrq	$47, %rax			# a non-canonical address would fault
	jnz	1f
	cmpl	$HDRS, BP_HEADER(%r9)
	je	copy_boot_params64
1:	movq	%r8, %rsi
	take_records64
	movq	%rbx, %rsi
	take_records64
	jmp	to_compatibility_mode

/* boot_params, and the command line that they point to. */
copy_boot_params64:
	movl	$IN_BOOT_PARAMS, in_kind(%rip)
	movq	%r9, %rsi
	movl	$0x1000 / 8, %ecx
	rep movsq
	leaq	B_IN(%r10), %rdx
	movl	BP_CMD_LINE_PTR(%rdx), %esi
	cmpb	$0, BP_SENTINEL(%rdx)		# nonzero: the upper half is not to be believed (boot.rst, sentinel)
	jne	1f
	movl	BP_EXT_CMD_LINE_PTR(%rdx), %eax
	shlq	$32, %rax
	orq	%rax, %rsi
1:	testq	%rsi, %rsi
	jz	to_compatibility_mode
	leaq	B_LOADER_CMDLINE(%r10), %rdi
	movl	$CMDLINE_BUFFER - 1, %ecx
2:	lodsb
	testb	%al, %al
	jz	to_compatibility_mode
	stosb
	decl	%ecx
	jnz	2b

to_compatibility_mode:
	leaq	B_STACK_TOP(%r10), %rsp
	leaq	gdt(%rip), %rax
	movq	%rax, gdtr + 2(%rip)
	lgdt	gdtr(%rip)
	leaq	compatibility_mode(%rip), %rax
	pushq	$SEL_CODE32
	pushq	%rax
	lretq
	.code32
compatibility_mode:
	jmp	common

/* The one state that cannot use the console routines: they are 32-bit code, and we are out of its reach. */
	.code64
above_4g:
	leaq	above_4g_text(%rip), %rsi
1:	lodsb
	outb	%al, $0xe9
	movw	$0x3f8, %dx
	outb	%al, %dx
	testb	%al, %al
	jnz	1b
2:	cli
	hlt
	jmp	2b
above_4g_text:
	.asciz	"bzelf: the loader put the stub above 4 GiB\r\n"
	.code32
