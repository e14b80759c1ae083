/* A linear framebuffer into screen_info, as VIDEO_TYPE_VLFB. Source: linux/screen_info.h. */

/*
 * Multiboot: esi = {u64 address, u32 pitch, u32 width, u32 height, u8 bpp, u8 type, …}; the two versions agree up
 * to the type, then version 2 has a reserved u16 before the colours. Type 1 is RGB, 2 is EGA text.
 */
take_multiboot_framebuffer:
	pushal
	call	boot_params
	movzbl	21(%esi), %eax
	cmpl	$1, %eax
	je	1f
	cmpl	$2, %eax
	jne	9f
	movb	$3, BP_ORIG_VIDEO_MODE(%edi)
	movb	12(%esi), %al
	movb	%al, BP_ORIG_VIDEO_COLS(%edi)
	movb	16(%esi), %al
	movb	%al, BP_ORIG_VIDEO_LINES(%edi)
	movb	$1, BP_ORIG_VIDEO_ISVGA(%edi)	# "VGA", what the 16-bit setup code of Linux writes
	movw	$16, BP_ORIG_VIDEO_POINTS(%edi)
	jmp	9f
1:	movl	(%esi), %eax
	movl	4(%esi), %edx
	movl	8(%esi), %ebx
	call	set_linear_framebuffer
	movw	12(%esi), %ax
	movw	%ax, BP_LFB_WIDTH(%edi)
	movw	16(%esi), %ax
	movw	%ax, BP_LFB_HEIGHT(%edi)
	movzbw	20(%esi), %ax
	movw	%ax, BP_LFB_DEPTH(%edi)
	movl	%ebx, %eax
	mull	16(%esi)
	call	set_framebuffer_size
	leal	22(%esi), %esi
	cmpl	$MB2_EAX, in_eax(%ebp)
	jne	2f
	addl	$2, %esi
2:	call	take_colors
9:	popal
	ret

/* coreboot: esi = {u64 address, u32 x, u32 y, u32 bytes per line, u8 bpp, red, green, blue {u8 pos, u8 size}}. */
take_coreboot_framebuffer:
	pushal
	call	boot_params
	movl	(%esi), %eax
	movl	4(%esi), %edx
	movl	16(%esi), %ebx
	call	set_linear_framebuffer
	movw	8(%esi), %ax
	movw	%ax, BP_LFB_WIDTH(%edi)
	movw	12(%esi), %ax
	movw	%ax, BP_LFB_HEIGHT(%edi)
	movzbw	20(%esi), %ax
	movw	%ax, BP_LFB_DEPTH(%edi)
	movl	%ebx, %eax
	mull	12(%esi)
	call	set_framebuffer_size
	addl	$21, %esi
	call	take_colors
	popal
	ret

/* edi = boot_params, eax and edx = address, ebx = bytes per line. */
set_linear_framebuffer:
	movb	$VIDEO_TYPE_VLFB, BP_ORIG_VIDEO_ISVGA(%edi)
	movl	%eax, BP_LFB_BASE(%edi)
	movw	%bx, BP_LFB_LINELENGTH(%edi)
	testl	%edx, %edx
	jz	1f
	movl	%edx, BP_EXT_LFB_BASE(%edi)
	orl	$VIDEO_CAPABILITY_64BIT_BASE, BP_CAPABILITIES(%edi)
1:	ret

/* eax = bytes. */
set_framebuffer_size:
	addl	$0xffff, %eax
	shrl	$16, %eax
	movl	%eax, BP_LFB_SIZE(%edi)
	ret

/* esi = position and size of red, green and blue; screen_info wants size first. */
take_colors:
	movl	$3, %ecx
	addl	$BP_LFB_COLORS, %edi
1:	lodsw
	xchgb	%al, %ah
	stosw
	loop	1b
	ret
