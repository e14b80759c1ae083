/*
 * The entry stub of a container ELF. The loader enters here with its own idea of boot information; the stub makes
 * clean Linux boot_params of it and enters the kernel.
 *
 *   entry64 ─ copies what lies above 4 GiB, goes to 32-bit compatibility mode (paging stays on) ─┐
 *   entry32 ─ finds its own address without a stack ─────────────────────────────────────────────┴→ common
 *   common:  who loaded us → <loader>.S fills boot_params, e820, command line, initrd
 *            → finish.S: command line, e820, initrd, placement of the kernel → enter.S: the kernel
 *
 * Everything is position independent: ebp is the address of the first byte of the blob, and a label used with
 * (%ebp) is an offset from it, because the blob is linked at 0.
 *
 * The memory it uses: the segment it came in, the kernel's window, what the loader passed. Nothing else, except
 * where no loader was recognised (the coreboot table is searched for) and where only the BIOS knows the memory.
 */
#include "defs.S"

/* `fatal "why"` says so on the console and stops. The text stands behind the call: its address is the return address. */
	.macro	fatal text
	call	die
	.asciz	"\text"
	.endm
/* `say "text"` prints, and returns behind the text. All registers are kept. */
	.macro	say text
	call	say_inline
	.asciz	"\text"
	.endm

	.text
	.code32
	.globl	stub
stub:
/*
 * One entry for both modes. In 64-bit mode this is `mov $imm64, %r13`. In 32-bit mode the same bytes are
 * `dec %ecx`, `mov $imm32, %ebp`, and the upper half of the immediate is a jump. No register with a meaning
 * (eax, ebx, edx, esi, edi, esp) is touched.
 */
	.byte	0x49, 0xbd
	.long	0
	.byte	0xeb, entry32 - 1f
1:	.byte	0x90, 0x90
	.code64
	jmp	entry64
	.code32

/*
 * 32-bit entry. Protected mode, flat segments, no paging. Nothing is known about the stack; the own address costs
 * one dword of RAM that is put back at once. It is taken where the loader surely has RAM: at ebx (the information
 * block), in boot_params (the scratch field, which is there for this), or else on the loader's stack.
 */
	.globl	entry32
entry32:
	cli
	cld
	movl	%esp, %ecx
	testl	%ebx, %ebx			# boot.rst: 0 in the 32-bit boot protocol, and nothing says that 0 is mapped
	jz	1f
	testb	$3, %bl
	jnz	1f
	cmpl	$PVH_MAGIC, (%ebx)
	je	2f
1:	cmpl	$MB2_EAX, %eax
	je	2f
	cmpl	$MB1_EAX, %eax			# ebx may be 0: kexec puts the information there
	je	2f
	cmpl	$ELFBOOT_MAGIC, %eax
	je	2f
	cmpl	$UNIFORM_EAX, %eax
	je	2f
	cmpl	$HDRS, BP_HEADER(%esi)
	jne	3f
	leal	BP_SCRATCH + 4(%esi), %esp
	jmp	3f
2:	leal	4(%ebx), %esp
3:	movl	-4(%esp), %edx
	call	4f
4:	popl	%ebp
	movl	%edx, -4(%esp)
	subl	$4b, %ebp

	movl	%eax, in_eax(%ebp)
	movl	%ebx, in_ebx(%ebp)
	movl	%esi, in_esi(%ebp)
	movl	%ecx, in_esp(%ebp)
	movl	$32, in_mode(%ebp)
	movl	params_bss_offset(%ebp), %edi
	addl	%ebp, %edi
	movl	params_bss_size(%ebp), %ecx
	xorl	%eax, %eax
	rep stosb				# neither linux-loader nor crosvm does it

	leal	gdt(%ebp), %eax
	movl	%eax, gdtr + 2(%ebp)
	lgdt	gdtr(%ebp)
	leal	1f(%ebp), %eax
	movl	%eax, far_offset(%ebp)
	movw	$SEL_CODE32, far_selector(%ebp)
	ljmp	*far_offset(%ebp)
1:	xorl	%eax, %eax
	movl	%eax, %cr4			# coreboot leaves OSFXSR on
	jmp	common

#include "entry64.S"

/* Both entries meet: 32-bit code, own GDT loaded, cs right, bss zeroed. */
common:
	movl	$SEL_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %fs
	movl	%eax, %gs
	movl	%eax, %ss
	movl	params_bss_offset(%ebp), %eax
	leal	B_STACK_TOP(%ebp,%eax), %esp
	movl	%cr0, %eax
	andl	$~0x60000000, %eax		# CD and NW: Firecracker's 64-bit entry leaves them set
	movl	%eax, %cr0
	call	console_init
	call	prepare_boot_params
	call	dispatch
	call	finish
	jmp	enter_kernel

/*
 * Who loaded us. The PVH magic is looked for first: qboot enters by PVH with Multiboot's magic in eax.
 * Each from_* routine is called with esi = the information.
 */
dispatch:
	cmpl	$32, in_mode(%ebp)
	jne	dispatch64
	movl	in_ebx(%ebp), %esi
	testl	%esi, %esi
	jz	1f
	testl	$3, %esi
	jnz	1f
	cmpl	$PVH_MAGIC, (%esi)
	je	from_pvh
1:	movl	in_eax(%ebp), %eax
	cmpl	$MB2_EAX, %eax
	je	from_multiboot2
	cmpl	$MB1_EAX, %eax
	je	from_multiboot
	cmpl	$UNIFORM_EAX, %eax
	je	from_uniform
	cmpl	$ELFBOOT_MAGIC, %eax
	jne	2f
	call	is_record_block
	je	from_elfboot
2:	movl	in_esi(%ebp), %esi
	testl	%esi, %esi
	jz	3f
	cmpl	$HDRS, BP_HEADER(%esi)
	je	from_boot_params
3:	movl	in_esp(%ebp), %esi
	movl	4(%esi), %esi			# the first argument of a C call
	testl	$3, %esi
	jnz	find_memory
	call	is_record_block
	je	from_elfboot
	call	is_coreboot_table
	je	from_coreboot
	jmp	find_memory

/* The 64-bit entry has already seen who it was, and has copied what it needs. */
dispatch64:
	movl	in_block(%ebp), %esi
	cmpl	$IN_BOOT_PARAMS, in_kind(%ebp)
	je	from_boot_params
	cmpl	$IN_RECORDS, in_kind(%ebp)
	jne	find_memory
	call	is_record_block
	je	from_elfboot
	jmp	find_memory

/*
 * No loader recognised, or one that did not say where memory is: a coreboot table if there is one, else the BIOS.
 * (iPXE and U-Boot start a plain ELF file with nothing; kexec's and FILO's records hold no memory map.) The BIOS is
 * out of reach from long mode, so that is left for it: the kernel is entered by its 32-bit entry then.
 */
find_memory:
	call	find_coreboot_table
	je	from_coreboot
	cmpl	$0, 0x15 * 4			# the vector of int 15h
	je	2f
	cmpl	$32, in_mode(%ebp)
	je	1f
	call	leave_long_mode
	movl	$32, in_mode(%ebp)
1:	call	bios_memory_map
2:	ret

/* The template as it came from the bzImage, made ours. */
prepare_boot_params:
	call	boot_params
	movb	$0xff, BP_TYPE_OF_LOADER(%edi)
	andb	$~CAN_USE_HEAP, BP_LOADFLAGS(%edi)
	xorl	%eax, %eax
	movl	%eax, BP_RAMDISK_IMAGE(%edi)
	movl	%eax, BP_RAMDISK_SIZE(%edi)
	movl	%eax, BP_CMD_LINE_PTR(%edi)
	call	kernel_load
	movl	%eax, BP_CODE32_START(%edi)
	ret

/* edi = the boot_params that the kernel will get. */
boot_params:
	movl	params_bp_offset(%ebp), %edi
	addl	%ebp, %edi
	ret

/* eax = where the kernel lies now. */
kernel_load:
	movl	params_kernel_offset(%ebp), %eax
	addl	%ebp, %eax
	ret

/* eax = the zeroed memory. */
bss:
	movl	params_bss_offset(%ebp), %eax
	addl	%ebp, %eax
	ret

#include "pvh.S"
#include "multiboot.S"
#include "multiboot2.S"
#include "elfboot.S"
#include "coreboot.S"
#include "boot-params.S"
#include "framebuffer.S"
#include "bios.S"
#include "cmdline.S"
#include "e820.S"
#include "placement.S"
#include "finish.S"
#include "real16.S"
#include "enter.S"
#include "console.S"
#include "data.S"
