/* The command line: the loader's is copied at once, then it is put together with the built-in one. */

/* esi = the loader's line, 0 = none. At most CMDLINE_BUFFER - 1 bytes are taken. */
take_cmdline:
	movl	$CMDLINE_BUFFER - 1, %ecx
/* The same for a line that is also bounded by ecx bytes. */
take_cmdline_bounded:
	testl	%esi, %esi
	jz	2f
	cmpl	$CMDLINE_BUFFER - 1, %ecx
	jbe	1f
	movl	$CMDLINE_BUFFER - 1, %ecx
1:	call	bss
	leal	B_LOADER_CMDLINE(%eax), %edi
	call	copy_text
	movb	$0, (%edi)
2:	ret

/* Copies from esi to edi until a NUL or until ecx bytes are done. Destroys eax. */
copy_text:
	jecxz	2f
1:	lodsb
	testb	%al, %al
	jz	2f
	stosb
	loop	1b
2:	ret

/*
 * Multiboot loaders but GRUB and crosvm put the file's name first. esi = the loader's own name, 0 = none: with `auto`
 * the word goes if there is a name and it is not one of theirs. Source: crosvm x86_64/src/lib.rs, configure_multiboot_info.
 */
strip_file_name:
	movl	params_mb_cmdline(%ebp), %eax
	cmpl	$MB_CMDLINE_KEEP, %eax
	je	9f
	cmpl	$MB_CMDLINE_STRIP, %eax
	je	1f
	testl	%esi, %esi
	jz	9f
	cmpl	$0x42555247, (%esi)		# "GRUB"
	je	9f
	cmpl	$0x736f7263, (%esi)		# "cros"
	je	9f
1:	call	bss
	leal	B_LOADER_CMDLINE(%eax), %edi
	movl	%edi, %esi
2:	lodsb					# over the word
	testb	%al, %al
	jz	3f
	cmpb	$' ', %al
	jne	2b
4:	cmpb	$' ', (%esi)			# over the spaces behind it
	jne	5f
	incl	%esi
	jmp	4b
3:	decl	%esi				# a line of one word becomes empty
5:	lodsb
	stosb
	testb	%al, %al
	jnz	5b
9:	ret

/* Puts the kernel's command line together at B_CMDLINE and tells boot_params. */
store_cmdline:
	call	bss
	movl	%eax, %ebx
	leal	B_CMDLINE(%ebx), %edi
	movl	params_cmdline_max(%ebp), %ecx
	movl	params_cmdline_mode(%ebp), %edx
	cmpb	$0, B_LOADER_CMDLINE(%ebx)
	je	1f				# nothing from the loader: the built-in one in every mode
	cmpl	$CMDLINE_LOADER, %edx
	je	3f
1:	call	builtin_cmdline
	jz	2f
	call	copy_text
	cmpl	$CMDLINE_APPEND, %edx
	jne	4f
	leal	B_LOADER_CMDLINE(%ebx), %esi
	jecxz	4f
	cmpb	$0, (%esi)
	je	4f
	movb	$' ', (%edi)
	incl	%edi
	decl	%ecx
	jmp	3f
2:	cmpl	$CMDLINE_BUILTIN, %edx
	je	4f
3:	leal	B_LOADER_CMDLINE(%ebx), %esi
	call	copy_text
4:	movb	$0, (%edi)
	testl	%ecx, %ecx
	jnz	5f
	cmpb	$0, (%esi)
	je	5f
	say	"bzelf: the command line is too long for the kernel and was cut to "
	movl	params_cmdline_max(%ebp), %eax
	call	put_hex
	say	" bytes\r\n"
5:	call	boot_params
	leal	B_CMDLINE(%ebx), %eax
	movl	%eax, BP_CMD_LINE_PTR(%edi)
	movl	$0, BP_EXT_CMD_LINE_PTR(%edi)
	ret

/* esi = the built-in line; ZF set if there is none. */
builtin_cmdline:
	movl	params_cmdline_offset(%ebp), %esi
	addl	%ebp, %esi
	cmpl	$0, params_cmdline_size(%ebp)
	ret
