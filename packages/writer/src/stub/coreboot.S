/*
 * coreboot table: esi = "LBIO" header {sig, header_bytes, header_checksum, table_bytes, table_checksum, entries}.
 * coreboot passes a pointer to its payload at [esp + 4]; a copy, or a forwarder to it, lies in low memory.
 */
#define LB_TAG_MEMORY		0x01
#define LB_TAG_FORWARD		0x11
#define LB_TAG_FRAMEBUFFER	0x12
#define LB_TAG_ACPI_RSDP	0x43

/* ZF set if esi points to a coreboot table. Keeps all registers. */
is_coreboot_table:
	pushal
	testl	%esi, %esi
	jz	1f
	cmpl	$LBIO, (%esi)
	jne	2f
	movl	4(%esi), %ecx
	cmpl	$24, %ecx
	jb	1f
	cmpl	$0x100, %ecx
	ja	1f
	call	ip_sum
	cmpl	$0xffff, %eax
	jmp	2f
1:	orl	$1, %eax			# clears ZF
2:	popal
	ret

/* Looks for the table on 16-byte boundaries of the first page and of the BIOS segment. ZF set and esi if found. */
find_coreboot_table:
	xorl	%esi, %esi
1:	addl	$16, %esi
	cmpl	$0x1000, %esi
	jne	2f
	movl	$0xf0000, %esi
2:	cmpl	$0x100000, %esi
	je	3f
	call	is_coreboot_table
	jne	1b
	ret
3:	testl	%esi, %esi			# clears ZF
	ret

from_coreboot:
	movl	$8, %edx			# forwards followed, at most
1:	movl	20(%esi), %ecx			# entries
	movl	%esi, %ebx
	addl	4(%esi), %ebx			# ebx = record
	movl	%ebx, %eax
	addl	12(%esi), %eax			# eax = end of the table
	jecxz	9f
2:	cmpl	%eax, %ebx
	jae	9f
	cmpl	$8, 4(%ebx)
	jb	9f
	movl	(%ebx), %edi
	leal	8(%ebx), %esi
	cmpl	$LB_TAG_FORWARD, %edi
	jne	3f
	cmpl	$0, 4(%esi)			# above 4 GiB
	jne	6f
	movl	(%esi), %esi
	call	is_coreboot_table
	jne	6f
	decl	%edx
	jnz	1b
	ret
3:	cmpl	$LB_TAG_MEMORY, %edi
	jne	4f
	call	add_coreboot_memory
	jmp	6f
4:	cmpl	$LB_TAG_FRAMEBUFFER, %edi
	jne	5f
	call	take_coreboot_framebuffer
	jmp	6f
5:	cmpl	$LB_TAG_ACPI_RSDP, %edi
	jne	6f
	call	boot_params
	pushl	%eax
	movl	(%esi), %eax
	movl	%eax, BP_ACPI_RSDP_ADDR(%edi)
	movl	4(%esi), %eax
	movl	%eax, BP_ACPI_RSDP_ADDR + 4(%edi)
	popl	%eax
6:	addl	4(%ebx), %ebx
	loop	2b
9:	ret

/* ebx = LB_TAG_MEMORY record: entries of e820's layout; coreboot's own types are not RAM. Keeps all registers. */
add_coreboot_memory:
	pushal
	movl	4(%ebx), %ecx
	leal	8(%ebx), %esi
	subl	$8, %ecx
1:	subl	$20, %ecx
	jb	2f
	call	add_e820_at
	addl	$20, %esi
	jmp	1b
2:	popal
	ret
