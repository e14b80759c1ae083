/*
 * A loader of any kind, for tests: QEMU starts it by Multiboot 1 with everything in memory already, and it makes the
 * state that its plan (launcher.ts has the layout) describes: copies, registers, and long mode under given tables.
 */
#define PLAN_MAGIC	0x6e616c70		/* "plan" */
#define P_MODE		0x04			/* 32 or 64 */
#define P_ENTRY		0x08
#define P_CR3_FULL	0x10			/* for the copies */
#define P_CR3		0x18			/* at entry */
#define P_CR0_SET	0x20			/* bits to set at entry */
#define P_REGISTERS	0x28			/* rax rbx rcx rdx rsi rdi rbp rsp */
#define P_COPIES	0x68			/* u32 count, 0, then {u64 from, u64 to, u64 bytes} */

	.text
	.code32
	.globl	launcher
launcher:
	cli
	cld
	movl	$plan, %ebp
	cmpl	$64, P_MODE(%ebp)
	je	to_long_mode
	movl	P_COPIES(%ebp), %edx
	leal	P_COPIES + 8(%ebp), %ebx
1:	testl	%edx, %edx
	jz	2f
	movl	(%ebx), %esi
	movl	8(%ebx), %edi
	movl	16(%ebx), %ecx
	rep movsb
	addl	$24, %ebx
	decl	%edx
	jmp	1b
2:	movl	%cr0, %eax
	orl	P_CR0_SET(%ebp), %eax
	movl	%eax, %cr0
	movl	P_ENTRY(%ebp), %eax
	movl	%eax, target
	movl	P_REGISTERS + 0x00(%ebp), %eax
	movl	P_REGISTERS + 0x08(%ebp), %ebx
	movl	P_REGISTERS + 0x10(%ebp), %ecx
	movl	P_REGISTERS + 0x18(%ebp), %edx
	movl	P_REGISTERS + 0x20(%ebp), %esi
	movl	P_REGISTERS + 0x28(%ebp), %edi
	movl	P_REGISTERS + 0x38(%ebp), %esp
	movl	P_REGISTERS + 0x30(%ebp), %ebp
	jmp	*target

to_long_mode:
	movl	$0x20, %eax			# CR4.PAE
	movl	%eax, %cr4
	movl	P_CR3_FULL(%ebp), %eax
	movl	%eax, %cr3
	movl	$0xc0000080, %ecx
	rdmsr
	orl	$0x100, %eax			# EFER.LME
	wrmsr
	movl	%cr0, %eax
	orl	$0x80000000, %eax
	movl	%eax, %cr0
	lgdt	gdtr
	ljmp	$0x10, $1f
	.code64
1:	xorl	%eax, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%ebp, %ebp
	movl	P_COPIES(%rbp), %edx
	leaq	P_COPIES + 8(%rbp), %rbx
2:	testl	%edx, %edx
	jz	3f
	movq	(%rbx), %rsi
	movq	8(%rbx), %rdi
	movq	16(%rbx), %rcx
	rep movsb
	addq	$24, %rbx
	decl	%edx
	jmp	2b
3:	movq	%cr0, %rax
	orq	P_CR0_SET(%rbp), %rax
	movq	%rax, %cr0
	movq	P_CR3(%rbp), %rax
	movq	P_ENTRY(%rbp), %r8
	movq	P_REGISTERS + 0x08(%rbp), %rbx
	movq	P_REGISTERS + 0x10(%rbp), %rcx
	movq	P_REGISTERS + 0x18(%rbp), %rdx
	movq	P_REGISTERS + 0x20(%rbp), %rsi
	movq	P_REGISTERS + 0x28(%rbp), %rdi
	movq	P_REGISTERS + 0x38(%rbp), %rsp
	movq	%rax, %cr3			# from here on only the strict map
	jmp	*%r8
	.code32
	.balign	8
gdt:	.quad	0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff
gdtr:	.word	31
	.long	gdt
	.balign	8
target:	.long	0
	.org	0x1000
plan:
