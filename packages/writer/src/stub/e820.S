/* The memory map, gathered as e820 entries at B_E820 whatever form the loader gave it in. */

/*
 * Adds one entry: eax, edx = address; ecx, edi = size; ebx = type. Keeps all registers.
 * Empty entries are dropped (qboot's map ends in one); a type that boot_params does not know is reserved memory.
 */
add_e820:
	pushal
	movl	%ecx, %esi
	orl	%edi, %esi
	jz	2f
	cmpl	$5, %ebx
	ja	1f
	testl	%ebx, %ebx
	jnz	3f
1:	movl	$E820_RESERVED, %ebx
3:	call	add_e820_raw
2:	popal
	ret

/* The same, as it is. Destroys esi. */
add_e820_raw:
	imull	$20, e820_count(%ebp), %esi
	cmpl	$E820_MAX * 20, %esi
	jae	1f				# the rest of such a map is lost, which costs memory and nothing else
	addl	params_bss_offset(%ebp), %esi
	addl	%ebp, %esi
	movl	%eax, B_E820(%esi)
	movl	%edx, B_E820 + 4(%esi)
	movl	%ecx, B_E820 + 8(%esi)
	movl	%edi, B_E820 + 12(%esi)
	movl	%ebx, B_E820 + 16(%esi)
	incl	e820_count(%ebp)
1:	ret

/* `add_e820` of the entry at esi, in the order address, size, type that every loader uses. Keeps all registers. */
add_e820_at:
	pushal
	movl	(%esi), %eax
	movl	4(%esi), %edx
	movl	8(%esi), %ecx
	movl	12(%esi), %edi
	movl	16(%esi), %ebx
	call	add_e820
	popal
	ret

/*
 * eax = address; returns in eax the end of the RAM entry that holds it (4 GiB - 1 if it goes beyond), or 0.
 * Keeps the other registers.
 */
ram_end:
	pushl	%ebx
	pushl	%ecx
	pushl	%edx
	pushl	%esi
	pushl	%edi
	call	bss_e820
	movl	e820_count(%ebp), %ecx
1:	jecxz	3f
	cmpl	$E820_RAM, 16(%esi)
	jne	2f
	cmpl	$0, 4(%esi)			# starts above 4 GiB
	jne	2f
	cmpl	(%esi), %eax
	jb	2f
	movl	(%esi), %edx			# edi:edx = end
	xorl	%edi, %edi
	addl	8(%esi), %edx
	adcl	12(%esi), %edi
	jz	4f
	orl	$-1, %edx
4:	cmpl	%edx, %eax
	jae	2f
	movl	%edx, %eax
	jmp	5f
2:	addl	$20, %esi
	decl	%ecx
	jmp	1b
3:	xorl	%eax, %eax
5:	popl	%edi
	popl	%esi
	popl	%edx
	popl	%ecx
	popl	%ebx
	ret

/* esi = the first entry. */
bss_e820:
	movl	params_bss_offset(%ebp), %esi
	leal	B_E820(%ebp,%esi), %esi
	ret

/* ZF set if all of [eax, edx) is RAM. Destroys eax. */
is_ram:
	cmpl	%eax, %edx
	jb	2f				# wraps around
1:	cmpl	%edx, %eax
	jae	3f
	call	ram_end
	testl	%eax, %eax
	jnz	1b
2:	orl	$1, %eax			# clears ZF
	ret
3:	xorl	%eax, %eax
	ret

/*
 * The map into boot_params: 128 entries there, the rest as a setup_data node of type SETUP_E820_EXT.
 * The node's 16-byte header takes the place of the end of entry 127, which has been copied by then.
 */
store_e820:
	call	boot_params
	movl	%edi, %edx
	call	bss_e820
	movl	e820_count(%ebp), %eax
	movl	%eax, %ecx
	cmpl	$BP_E820_MAX, %ecx
	jbe	1f
	movl	$BP_E820_MAX, %ecx
1:	movb	%cl, BP_E820_ENTRIES(%edx)
	subl	%ecx, %eax			# eax = entries left over
	imull	$5, %ecx, %ecx
	leal	BP_E820_TABLE(%edx), %edi
	rep movsl
	testl	%eax, %eax
	jz	2f
	subl	$16, %esi
	imull	$20, %eax, %eax
	movl	BP_SETUP_DATA(%edx), %ecx	# next = the loader's list
	movl	%ecx, (%esi)
	movl	BP_SETUP_DATA + 4(%edx), %ecx
	movl	%ecx, 4(%esi)
	movl	$SETUP_E820_EXT, 8(%esi)
	movl	%eax, 12(%esi)
	movl	%esi, BP_SETUP_DATA(%edx)
	movl	$0, BP_SETUP_DATA + 4(%edx)
2:	ret
