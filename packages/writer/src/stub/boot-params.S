/*
 * Linux boot protocol: esi = the loader's boot_params (or a copy of them). kexec --args-linux, crosvm, Firecracker.
 * Everything that describes the machine is copied field by field. The setup_header comes from the template: crosvm,
 * Firecracker and kexec have no bzImage to take it from and leave init_size and kernel_alignment empty.
 */
from_boot_params:
	movl	%esi, %ebx
	call	boot_params
	movl	%edi, %edx			# ebx = theirs, edx = ours
	leal	bp_fields(%ebp), %esi
	call	copy_fields
	cmpb	$0, BP_SENTINEL(%ebx)
	jne	1f
	leal	bp_fields_if_clean(%ebp), %esi
	call	copy_fields
1:	cmpb	$0, BP_TYPE_OF_LOADER(%edx)
	jne	2f
	movb	$0xff, BP_TYPE_OF_LOADER(%edx)

2:	movzwl	BP_VERSION(%ebx), %eax
	cmpl	$0x0207, %eax
	jb	3f
	cmpl	$0, BP_HARDWARE_SUBARCH(%ebx)	# 0 is also what a loader leaves that knows nothing of it
	je	3f
	leal	bp_fields_subarch(%ebp), %esi
	call	copy_fields
3:	testl	%eax, %eax			# crosvm gives no version, and setup_data all the same
	jz	4f
	cmpl	$0x0209, %eax
	jb	5f
4:	leal	bp_fields_setup_data(%ebp), %esi
	call	copy_fields

5:	cmpl	$IN_BOOT_PARAMS, in_kind(%ebp)	# the 64-bit entry has taken the command line already
	je	6f
	movl	BP_CMD_LINE_PTR(%ebx), %esi
	call	take_cmdline
6:	movzbl	BP_E820_ENTRIES(%ebx), %ecx
	cmpl	$BP_E820_MAX, %ecx
	jbe	7f
	movl	$BP_E820_MAX, %ecx
7:	movl	%ecx, e820_count(%ebp)
	imull	$5, %ecx, %ecx
	leal	BP_E820_TABLE(%ebx), %esi
	call	bss
	leal	B_E820(%eax), %edi
	rep movsl
	cmpl	$0, e820_count(%ebp)
	je	find_memory
	ret

/* esi = table of {u16 offset, u16 length}, ended by a length of 0; from ebx to edx. Keeps eax, ebx, edx. */
copy_fields:
	pushl	%eax
1:	movzwl	(%esi), %eax
	movzwl	2(%esi), %ecx
	addl	$4, %esi
	jecxz	2f
	pushl	%esi
	leal	(%ebx,%eax), %esi
	leal	(%edx,%eax), %edi
	rep movsb
	popl	%esi
	jmp	1b
2:	popl	%eax
	ret

bp_fields:
	.word	0x000, 0x40			/* screen_info */
	.word	0x040, 0x14			/* apm_bios_info */
	.word	0x058, 0x08			/* tboot_addr */
	.word	0x060, 0x10			/* ist_info */
	.word	0x080, 0x20			/* hd0_info, hd1_info */
	.word	0x0a0, 0x10			/* sys_desc_table */
	.word	0x0b0, 0x10			/* olpc_ofw_header */
	.word	0x13c, 0x04			/* cc_blob_address */
	.word	0x1c0, 0x20			/* efi_info */
	.word	0x1e0, 0x04			/* alt_mem_k */
	.word	0x1e9, 0x02			/* eddbuf_entries, edd_mbr_sig_buf_entries */
	.word	0x1ec, 0x01			/* secure_boot */
	.word	0x290, 0x40			/* edd_mbr_sig_buffer */
	.word	0xd00, 0x1ec			/* eddbuf */
	.word	0x210, 0x01			/* type_of_loader */
	.word	0x226, 0x02			/* ext_loader_ver, ext_loader_type */
	.word	0x218, 0x08			/* ramdisk_image, ramdisk_size */
	.word	0, 0
/* A nonzero sentinel says that these were not cleared. Source: sanitize_boot_params. */
bp_fields_if_clean:
	.word	0x070, 0x08			/* acpi_rsdp_addr */
	.word	0x0c0, 0x08			/* ext_ramdisk_image, ext_ramdisk_size */
	.word	0x140, 0x80			/* edid_info */
	.word	0x1eb, 0x01			/* kbd_status */
	.word	0, 0
bp_fields_subarch:
	.word	0x23c, 0x0c			/* hardware_subarch, hardware_subarch_data */
	.word	0, 0
bp_fields_setup_data:
	.word	0x250, 0x08
	.word	0, 0
