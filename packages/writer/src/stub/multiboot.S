/* Multiboot 1: esi = multiboot_info. QEMU, GRUB, kexec (where it may lie at 0), iPXE. */
#define MBI_FLAGS		0x00
#define MBI_MEM_LOWER		0x04
#define MBI_CMDLINE		0x10
#define MBI_MODS_COUNT		0x14
#define MBI_MODS_ADDR		0x18
#define MBI_MMAP_LENGTH		0x2c
#define MBI_MMAP_ADDR		0x30
#define MBI_LOADER_NAME		0x40
#define MBI_FRAMEBUFFER		0x58
#define MBI_HAS_MEM		0x0001
#define MBI_HAS_CMDLINE		0x0004
#define MBI_HAS_MODS		0x0008
#define MBI_HAS_MMAP		0x0040
#define MBI_HAS_LOADER_NAME	0x0200
#define MBI_HAS_FRAMEBUFFER	0x1000

from_multiboot:
	movl	%esi, %ebx
	testl	$MBI_HAS_CMDLINE, MBI_FLAGS(%ebx)
	jz	2f
	movl	MBI_CMDLINE(%ebx), %esi
	call	take_cmdline
	xorl	%esi, %esi
	testl	$MBI_HAS_LOADER_NAME, MBI_FLAGS(%ebx)
	jz	1f
	movl	MBI_LOADER_NAME(%ebx), %esi
1:	call	strip_file_name

2:	testl	$MBI_HAS_MODS, MBI_FLAGS(%ebx)
	jz	3f
	cmpl	$0, MBI_MODS_COUNT(%ebx)
	je	3f
	movl	MBI_MODS_ADDR(%ebx), %esi	# mod_start, mod_end
	movl	(%esi), %eax
	movl	4(%esi), %ecx
	call	set_initrd_end

3:	testl	$MBI_HAS_FRAMEBUFFER, MBI_FLAGS(%ebx)
	jz	4f
	leal	MBI_FRAMEBUFFER(%ebx), %esi
	call	take_multiboot_framebuffer

4:	testl	$MBI_HAS_MMAP, MBI_FLAGS(%ebx)
	jz	6f
	movl	MBI_MMAP_ADDR(%ebx), %esi
	movl	MBI_MMAP_LENGTH(%ebx), %edx
	addl	%esi, %edx
5:	leal	24(%esi), %eax			# the size field and at least 20 bytes
	cmpl	%edx, %eax
	ja	6f
	movl	(%esi), %ecx			# bytes behind the size field
	addl	$4, %esi
	call	add_e820_at
	addl	%ecx, %esi
	cmpl	$20, %ecx
	jae	5b

6:	cmpl	$0, e820_count(%ebp)
	jne	7f
	testl	$MBI_HAS_MEM, MBI_FLAGS(%ebx)
	jz	find_memory
	leal	MBI_MEM_LOWER(%ebx), %esi
	call	add_basic_memory
7:	ret

/* esi = two u32: KiB from 0 (mem_lower) and KiB from 1 MiB (mem_upper). */
add_basic_memory:
	pushal
	xorl	%edx, %edx
	xorl	%edi, %edi
	xorl	%eax, %eax
	movl	(%esi), %ecx
	shll	$10, %ecx
	movl	$E820_RAM, %ebx
	call	add_e820
	movl	$0x100000, %eax
	movl	4(%esi), %ecx
	shldl	$10, %ecx, %edi
	shll	$10, %ecx
	call	add_e820
	popal
	ret
