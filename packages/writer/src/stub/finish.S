/* What is the same for every loader: everything is gathered, boot_params become complete. */
finish:
	cmpl	$0, e820_count(%ebp)
	jne	1f
	fatal	"no memory map: no loader was recognised that gives one"
1:	call	boot_params
	movl	BP_RAMDISK_SIZE(%edi), %eax
	orl	BP_EXT_RAMDISK_SIZE(%edi), %eax
	jnz	2f
	movl	params_initrd_size(%ebp), %ecx
	jecxz	2f
	movl	params_initrd_offset(%ebp), %eax
	addl	%ebp, %eax
	xorl	%edx, %edx
	xorl	%esi, %esi
	call	set_initrd
2:	call	store_cmdline
	call	place_kernel
	call	store_e820
	ret

/* eax = start, ecx = end of the initrd, below 4 GiB. Keeps ebx. */
set_initrd_end:
	subl	%eax, %ecx
	xorl	%edx, %edx
	xorl	%esi, %esi
/* eax, edx = address; ecx, esi = size of the initrd. Keeps ebx. */
set_initrd:
	call	boot_params
	movl	%eax, BP_RAMDISK_IMAGE(%edi)
	movl	%edx, BP_EXT_RAMDISK_IMAGE(%edi)
	movl	%ecx, BP_RAMDISK_SIZE(%edi)
	movl	%esi, BP_EXT_RAMDISK_SIZE(%edi)
	ret
