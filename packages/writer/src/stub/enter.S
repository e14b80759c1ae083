/*
 * Into the kernel, by the Linux boot protocol: cs 0x10 and the data selectors 0x18 flat, interrupts off, esi or rsi =
 * boot_params. From 64-bit mode by its 64-bit entry, under the page tables we came with; otherwise by the 32-bit one.
 */
enter_kernel:
	testl	$F_REAL16, params_flags(%ebp)
	jnz	enter_real16
	cmpl	$64, in_mode(%ebp)
	jne	enter32
	testl	$F_HAS_64, params_flags(%ebp)
	jnz	enter64
	call	leave_long_mode

enter32:
	xorl	%eax, %eax
	movl	%eax, %cr4
	call	boot_params
	movl	%edi, %esi
	movl	kernel_at(%ebp), %eax
	pushl	%eax
	xorl	%eax, %eax
	xorl	%ebx, %ebx
	xorl	%ecx, %ecx
	xorl	%edx, %edx
	xorl	%edi, %edi
	xorl	%ebp, %ebp			# boot.rst: ebp, edi and ebx are zero
	ret

/* From compatibility mode to protected mode without paging. The map is an identity map, so execution goes on. */
leave_long_mode:
	movl	%cr0, %eax
	andl	$~0x80000000, %eax		# PG
	movl	%eax, %cr0
	movl	$0xc0000080, %ecx		# EFER
	rdmsr
	andl	$~0x100, %eax			# LME
	wrmsr
	xorl	%eax, %eax
	movl	%eax, %cr4
	ret

enter64:
	call	boot_params
	movl	%edi, %esi
	movl	kernel_at(%ebp), %edi
	addl	$0x200, %edi			# boot.rst: the 64-bit entry
	leal	gdt64(%ebp), %eax
	movw	$gdt64_end - gdt64 - 1, gdtr(%ebp)
	movl	%eax, gdtr + 2(%ebp)
	lgdt	gdtr(%ebp)
	leal	1f(%ebp), %eax
	movl	%eax, far_offset(%ebp)
	movw	$SEL_CODE32, far_selector(%ebp)
	ljmp	*far_offset(%ebp)
	.code64
1:	movl	%esi, %esi			# the upper halves are undefined after compatibility mode
	movl	%edi, %eax
	movl	%esp, %esp
	xorl	%ebx, %ebx
	xorl	%ecx, %ecx
	xorl	%edx, %edx
	xorl	%edi, %edi
	xorl	%ebp, %ebp
	jmp	*%rax
	.code32
