/*
 * ELFBoot records: esi = Elf_Bhdr {signature, size, u16 checksum, u16 records}, then notes aligned to 4.
 * kexec --args-elf, FILO, Etherboot. Nameless type 4 is the command line; type 8 of "Etherboot" is its struct
 * meminfo {u16 basememsize, u16, u32 memsize, u32 map_count, e820 entries}.
 */
#define ETHERBOOT_MEMMAP 8

/* ZF set if esi points to a block of records with a good checksum. Keeps all registers. */
is_record_block:
	pushal
	testl	%esi, %esi
	jz	1f
	cmpl	$ELFBOOT_MAGIC, (%esi)
	jne	2f
	movl	4(%esi), %ecx
	cmpl	$12, %ecx
	jb	1f
	cmpl	$0x10000, %ecx
	ja	1f
	cmpw	$0, 8(%esi)			# kexec and Etherboot may leave it out
	je	2f
	call	ip_sum
	cmpl	$0xffff, %eax
	jmp	2f
1:	orl	$1, %eax			# clears ZF
2:	popal
	ret

/* eax = 16-bit ones-complement sum of the ecx bytes at esi; 0xffff is a good one. Destroys ecx, edx, esi. */
ip_sum:
	pushl	%ebx
	xorl	%ebx, %ebx
1:	subl	$2, %ecx
	jb	2f
	lodsw
	movzwl	%ax, %eax
	addl	%eax, %ebx			# at most 2^15 words: no overflow
	jmp	1b
2:	cmpl	$-1, %ecx
	jne	3f
	movzbl	(%esi), %eax
	addl	%eax, %ebx
3:	movl	%ebx, %eax
	shrl	$16, %eax
	andl	$0xffff, %ebx
	addl	%eax, %ebx
	movl	%ebx, %eax
	shrl	$16, %eax
	addw	%bx, %ax
	movzwl	%ax, %eax
	popl	%ebx
	ret

from_elfboot:
	movl	%esi, %ebx
	addl	4(%esi), %ebx			# ebx = end of the block
	cmpl	$IN_RECORDS, in_kind(%ebp)	# a copy may be cut short
	jne	1f
	movl	in_block(%ebp), %eax
	addl	$B_IN_SIZE, %eax
	cmpl	%eax, %ebx
	jbe	1f
	movl	%eax, %ebx
1:	addl	$12, %esi
2:	leal	12(%esi), %edi			# edi = owner
	cmpl	%ebx, %edi
	ja	8f
	movl	(%esi), %eax			# n_namesz
	movl	4(%esi), %ecx			# n_descsz
	cmpl	$0x10000, %eax			# no block is as large as that: sums below cannot wrap
	ja	8f
	cmpl	$0x10000, %ecx
	ja	8f
	leal	3(%eax), %edx
	andl	$~3, %edx
	addl	%edi, %edx			# edx = descriptor
	pushl	%ecx
	addl	$3, %ecx
	andl	$~3, %ecx
	addl	%edx, %ecx			# ecx = next note
	xchgl	%ecx, (%esp)
	leal	(%edx,%ecx), %edi
	cmpl	%ebx, %edi
	ja	7f
	call	take_record
	popl	%esi
	jmp	2b
7:	popl	%esi
8:	cmpl	$0, e820_count(%ebp)
	je	find_memory
	ret

/* One note: esi = its header, edx = descriptor, ecx = n_descsz. */
take_record:
	pushal
	movl	8(%esi), %edi			# n_type
	cmpl	$0, (%esi)
	jne	1f
	cmpl	$4, %edi
	jne	9f
	movl	%edx, %esi
	call	take_cmdline_bounded
	jmp	9f
1:	cmpl	$10, (%esi)			# "Etherboot" with its NUL
	jne	9f
	cmpl	$0x65687445, 12(%esi)		# "Ethe"
	jne	9f
	cmpl	$ETHERBOOT_MEMMAP, %edi
	jne	9f
	leal	12(%edx), %esi
	movl	8(%edx), %ebx			# map_count
	jmp	3f
2:	call	add_e820_at
	addl	$20, %esi
	decl	%ebx
3:	testl	%ebx, %ebx
	jz	9f
	subl	$20, %ecx
	cmpl	$12, %ecx			# what is left beside the fixed part
	jge	2b
9:	popal
	ret

/*
 * Uniform Boot: esi = {header_bytes, header_checksum, arg, arg_bytes, env, env_bytes}, all u32, IP checksum.
 * env holds records {u32 tag, u32 size}; tag 1 has e820 entries. Older than ELFBoot, of the same people.
 */
#define UBE_TAG_MEMORY 1
from_uniform:
	movl	(%esi), %ecx
	cmpl	$24, %ecx
	jb	9f
	cmpl	$0x1000, %ecx
	ja	9f
	pushl	%esi
	call	ip_sum
	popl	%esi
	cmpl	$0xffff, %eax
	jne	9f
	movl	16(%esi), %ebx
	movl	20(%esi), %edx
	addl	%ebx, %edx			# edx = end of env
	movl	12(%esi), %ecx
	movl	8(%esi), %esi
	jecxz	1f
	pushl	%edx
	call	take_cmdline_bounded
	popl	%edx
1:	leal	8(%ebx), %eax
	cmpl	%edx, %eax
	ja	4f
	movl	4(%ebx), %ecx			# record size
	cmpl	$8, %ecx
	jb	4f
	cmpl	$UBE_TAG_MEMORY, (%ebx)
	jne	3f
	pushl	%ecx
	leal	8(%ebx), %esi
	subl	$8, %ecx
2:	subl	$20, %ecx
	jb	5f
	call	add_e820_at
	addl	$20, %esi
	jmp	2b
5:	popl	%ecx
3:	addl	%ecx, %ebx
	jmp	1b
4:	cmpl	$0, e820_count(%ebp)
	je	find_memory
	ret
9:	fatal	"the Uniform Boot header has a bad checksum"
