/* Multiboot 2: esi = total size, reserved, then tags {u32 type, u32 size}, 8-aligned. GRUB, kexec. */
#define TAG_END			0
#define TAG_CMDLINE		1
#define TAG_LOADER_NAME		2
#define TAG_MODULE		3
#define TAG_BASIC_MEMORY	4
#define TAG_MMAP		6
#define TAG_FRAMEBUFFER		8
#define TAG_EFI32_SYSTAB	11
#define TAG_EFI64_SYSTAB	12
#define TAG_RSDP_V1		14
#define TAG_RSDP_V2		15
#define TAG_EFI_MMAP		17
#define TAG_EFI_BOOT_SERVICES	18

from_multiboot2:
	movl	%esi, mb2_info(%ebp)
	movl	$TAG_CMDLINE, %eax
	call	find_tag
	jne	1f
	addl	$8, %esi
	call	take_cmdline
	movl	$TAG_LOADER_NAME, %eax
	call	find_tag
	leal	8(%esi), %esi
	je	2f
	xorl	%esi, %esi
2:	call	strip_file_name

1:	movl	$TAG_MODULE, %eax
	call	find_tag
	jne	3f
	movl	8(%esi), %eax
	movl	12(%esi), %ecx
	call	set_initrd_end

3:	movl	$TAG_FRAMEBUFFER, %eax
	call	find_tag
	jne	4f
	addl	$8, %esi
	call	take_multiboot_framebuffer

4:	movl	$TAG_RSDP_V2, %eax
	call	find_tag
	je	5f
	movl	$TAG_RSDP_V1, %eax
	call	find_tag
	jne	6f
5:	call	copy_rsdp
6:	call	take_efi

	movl	$TAG_MMAP, %eax
	call	find_tag
	jne	8f
	movl	%esi, %edx
	addl	4(%esi), %edx			# edx = end of the tag
	movl	8(%esi), %ecx			# entry_size
	cmpl	$20, %ecx
	jb	8f
	addl	$16, %esi
7:	leal	(%esi,%ecx), %eax
	cmpl	%edx, %eax
	ja	8f
	call	add_e820_at
	movl	%eax, %esi
	jmp	7b
8:	cmpl	$0, e820_count(%ebp)
	jne	9f
	movl	$TAG_BASIC_MEMORY, %eax
	call	find_tag
	jne	find_memory
	addl	$8, %esi
	call	add_basic_memory
9:	ret

/* eax = type; returns esi = the first such tag and ZF set, or ZF clear. Keeps the rest. */
find_tag:
	pushl	%ecx
	pushl	%edx
	movl	mb2_info(%ebp), %esi
	movl	%esi, %edx
	addl	(%esi), %edx			# edx = end of the information
	addl	$8, %esi
1:	leal	8(%esi), %ecx
	cmpl	%edx, %ecx
	ja	2f
	cmpl	%eax, (%esi)
	je	3f
	cmpl	$TAG_END, (%esi)
	je	2f
	movl	4(%esi), %ecx
	cmpl	$8, %ecx
	jb	2f
	addl	$7, %ecx
	andl	$~7, %ecx
	addl	%ecx, %esi
	jmp	1b
2:	orl	$1, %ecx			# clears ZF
3:	popl	%edx
	popl	%ecx
	ret

/* esi = tag with an RSDP. The information block is free memory for the kernel, so the RSDP moves to a safe place. */
copy_rsdp:
	movl	4(%esi), %ecx
	subl	$8, %ecx
	cmpl	$64, %ecx
	jbe	1f
	movl	$64, %ecx
1:	addl	$8, %esi
	call	boot_params
	leal	BP_RSDP_COPY(%edi), %eax
	movl	%eax, BP_ACPI_RSDP_ADDR(%edi)
	movl	%eax, %edi
	rep movsb
	ret

/*
 * efi_info, when boot services have ended and system table and memory map are known.
 * Source: zero-page.rst and uapi/asm/bootparam.h, struct efi_info.
 */
take_efi:
	movl	$TAG_EFI_BOOT_SERVICES, %eax
	call	find_tag
	je	9f
	movl	$0x34364c45, %ebx		# "EL64"
	movl	$TAG_EFI64_SYSTAB, %eax
	call	find_tag
	je	1f
	movl	$0x32334c45, %ebx		# "EL32"
	movl	$TAG_EFI32_SYSTAB, %eax
	call	find_tag
	jne	9f
1:	movl	8(%esi), %ecx
	xorl	%edx, %edx
	cmpl	$16, 4(%esi)			# the EFI64 tag holds a u64
	jb	2f
	movl	12(%esi), %edx
2:	movl	$TAG_EFI_MMAP, %eax
	call	find_tag
	jne	9f
	call	boot_params
	addl	$BP_EFI_INFO, %edi
	movl	%ebx, 0x00(%edi)		# efi_loader_signature
	movl	%ecx, 0x04(%edi)		# efi_systab
	movl	%edx, 0x18(%edi)		# efi_systab_hi
	movl	8(%esi), %eax
	movl	%eax, 0x08(%edi)		# efi_memdesc_size
	movl	12(%esi), %eax
	movl	%eax, 0x0c(%edi)		# efi_memdesc_version
	leal	16(%esi), %eax
	movl	%eax, 0x10(%edi)		# efi_memmap
	movl	4(%esi), %eax
	subl	$16, %eax
	movl	%eax, 0x14(%edi)		# efi_memmap_size
9:	ret
