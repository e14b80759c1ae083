/* Where the kernel runs, and what must not be in its way. All of it below 4 GiB. */

/* Determines kernel_run and kernel_end: the memory that the kernel overwrites while it starts. */
find_window:
	movl	params_kernel_run(%ebp), %eax
	testl	%eax, %eax
	jnz	2f
	call	kernel_load
	testl	$F_RELOCATABLE, params_flags(%ebp)
	jz	2f
	movl	params_kernel_alignment(%ebp), %ecx
	testl	%ecx, %ecx
	jz	1f
	decl	%ecx				# the head of the kernel rounds up in the same way
	addl	%ecx, %eax
	notl	%ecx
	andl	%ecx, %eax
1:	cmpl	params_lowest_run(%ebp), %eax
	jae	2f
	movl	params_lowest_run(%ebp), %eax
2:	movl	%eax, kernel_run(%ebp)
	addl	params_init_size(%ebp), %eax
	movl	%eax, kernel_end(%ebp)
	ret

place_kernel:
	call	find_window
	movl	kernel_run(%ebp), %eax
	movl	kernel_end(%ebp), %edx
	call	is_ram
	jne	not_ram
	movl	kernel_run(%ebp), %eax
	movl	kernel_end(%ebp), %edx
	call	overlaps_stub
	jc	1f
	fatal	"the entry stub lies in memory that the kernel overwrites"
1:	call	keep_initrd_clear
	call	kernel_load
	cmpl	$0, params_kernel_run(%ebp)
	je	2f
	movl	%eax, %esi
	movl	kernel_run(%ebp), %edi
	movl	params_kernel_size(%ebp), %ecx
	call	move_bytes
	movl	kernel_run(%ebp), %eax
2:	movl	%eax, kernel_at(%ebp)
	call	boot_params
	movl	%eax, BP_CODE32_START(%edi)
	ret

not_ram:
	say	"bzelf: the kernel needs RAM from "
	movl	kernel_run(%ebp), %eax
	call	put_hex
	say	" to "
	movl	kernel_end(%ebp), %eax
	call	put_hex
	say	"\r\n"
	fatal	"by the loader's memory map not all of it is RAM"

/* CF clear if [eax, edx) overlaps [ebx, ecx). */
overlaps:
	cmpl	%ecx, %eax
	jae	1f
	cmpl	%edx, %ebx
	jae	1f
	clc
	ret
1:	stc
	ret

/* CF clear if [eax, edx) overlaps the stub's segment; ebx is its start then. Destroys ecx. */
overlaps_stub:
	movl	%ebp, %ebx
	movl	params_bss_offset(%ebp), %ecx
	addl	params_bss_size(%ebp), %ecx
	addl	%ebp, %ecx
	jmp	overlaps

/*
 * An initrd in the kernel's way, or higher than the kernel can use it, moves to the highest free RAM. Not in long
 * mode: there the loader's page tables may be anywhere, and a strict map does not cover free memory.
 */
keep_initrd_clear:
	call	boot_params
	movl	BP_RAMDISK_SIZE(%edi), %esi
	testl	%esi, %esi
	jz	9f
	movl	BP_EXT_RAMDISK_IMAGE(%edi), %eax
	orl	BP_EXT_RAMDISK_SIZE(%edi), %eax
	jz	1f
	testb	$XLF_CAN_BE_LOADED_ABOVE_4G, BP_XLOADFLAGS(%edi)
	jnz	9f
	fatal	"the initrd lies above 4 GiB, where the kernel cannot use it"
1:	movl	BP_RAMDISK_IMAGE(%edi), %ebx
	movl	%ebx, %ecx
	addl	%esi, %ecx
	movl	kernel_run(%ebp), %eax
	movl	kernel_end(%ebp), %edx
	call	overlaps
	jnc	2f
	call	initrd_limit
	cmpl	%eax, %ecx
	jbe	9f
	cmpl	$32, in_mode(%ebp)
	jne	9f
	jmp	3f
2:	cmpl	$32, in_mode(%ebp)
	je	3f
	fatal	"the loader put the initrd into memory that the kernel overwrites"
3:	call	find_initrd_place
	jne	4f
	fatal	"there is no free memory for the initrd"
4:	call	boot_params
	movl	BP_RAMDISK_SIZE(%edi), %ecx
	movl	BP_RAMDISK_IMAGE(%edi), %esi
	movl	%eax, BP_RAMDISK_IMAGE(%edi)
	movl	%eax, %edi
	call	move_bytes
9:	ret

/* eax = end of the memory in which the kernel takes an initrd. edi = boot_params. */
initrd_limit:
	movl	$0xfffff000, %eax
	testb	$XLF_CAN_BE_LOADED_ABOVE_4G, BP_XLOADFLAGS(%edi)
	jnz	1f
	movl	BP_INITRD_ADDR_MAX(%edi), %eax
	incl	%eax
	jnz	1f
	decl	%eax
1:	ret

/* eax = the highest page in RAM with room for the initrd, clear of the kernel, its window and the stub; ZF set if none. */
find_initrd_place:
	movl	$0, initrd_place(%ebp)
	call	bss_e820
	movl	e820_count(%ebp), %ecx
1:	cmpl	$E820_RAM, 16(%esi)
	jne	2f
	cmpl	$0, 4(%esi)
	jne	2f
	pushl	%ecx
	call	find_initrd_place_in
	popl	%ecx
2:	addl	$20, %esi
	loop	1b
	movl	initrd_place(%ebp), %eax
	testl	%eax, %eax
	ret

/* The same for the one entry at esi. Keeps esi. */
find_initrd_place_in:
	call	boot_params
	movl	(%esi), %eax
	call	ram_end
	movl	%eax, %edx			# edx = end of what is still to be tried
	call	initrd_limit
	cmpl	%eax, %edx
	jbe	1f
	movl	%eax, %edx
1:	movl	%edx, %eax
	subl	BP_RAMDISK_SIZE(%edi), %eax
	jb	9f
	andl	$~0xfff, %eax
	cmpl	(%esi), %eax
	jb	9f
	cmpl	$0x100000, %eax
	jb	9f
	movl	%eax, %edx
	addl	BP_RAMDISK_SIZE(%edi), %edx	# [eax, edx) is the candidate
	movl	kernel_run(%ebp), %ebx
	movl	kernel_end(%ebp), %ecx
	call	overlaps
	jnc	2f
	pushl	%eax
	call	kernel_load
	movl	%eax, %ebx
	movl	%eax, %ecx
	addl	params_kernel_size(%ebp), %ecx
	popl	%eax
	call	overlaps
	jnc	2f
	call	overlaps_stub
	jnc	2f
	cmpl	initrd_place(%ebp), %eax
	jbe	9f
	movl	%eax, initrd_place(%ebp)
9:	ret
2:	movl	%ebx, %edx			# try below what is in the way
	jmp	1b

/* ecx bytes from esi to edi; the ranges may overlap. */
move_bytes:
	cmpl	%edi, %esi
	je	2f
	ja	1f
	leal	-1(%esi,%ecx), %esi
	leal	-1(%edi,%ecx), %edi
	std
	rep movsb
	cld
	ret
1:	rep movsb
2:	ret

	.balign	4
kernel_run:	.long	0			/* [kernel_run, kernel_end): what the kernel overwrites */
kernel_end:	.long	0
kernel_at:	.long	0			/* where its first byte is when it is entered */
initrd_place:	.long	0
