/* Messages, on COM1 (115200 8n1) and on port 0xe9. Every wait is bounded: there may be no UART. */
#define COM1 0x3f8

console_init:
	pushal
	leal	uart_setup(%ebp), %esi
1:	lodsw					# al = value, ah = register
	movzbl	%ah, %edx
	addl	$COM1, %edx
	outb	%al, %dx
	cmpb	$4, %ah				# the modem control register is the last
	jne	1b
	popal
	ret
uart_setup:					/* value, register */
	.byte	0x80, 3,  1, 0,  0, 1,  0x03, 3,  0, 1,  0x07, 2,  0x03, 4

/* al = the character. */
put_char:
	pushal
	outb	%al, $0xe9
	movl	%eax, %ebx
	movl	$0x100000, %ecx
	movl	$COM1 + 5, %edx
1:	inb	%dx, %al
	testb	$0x20, %al			# transmitter empty
	loopz	1b
	movl	%ebx, %eax
	movl	$COM1, %edx
	outb	%al, %dx
	popal
	ret

/* esi = text; afterwards esi is behind its NUL. */
put_text:
	pushl	%eax
1:	lodsb
	testb	%al, %al
	jz	2f
	call	put_char
	jmp	1b
2:	popl	%eax
	ret

/* eax = the number. */
put_hex:
	pushal
	movl	%eax, %ebx
	movl	$8, %ecx
1:	roll	$4, %ebx
	movl	%ebx, %eax
	andl	$15, %eax
	cmpb	$10, %al
	jb	2f
	addb	$'a' - '0' - 10, %al
2:	addb	$'0', %al
	call	put_char
	loop	1b
	popal
	ret

say_inline:
	xchgl	%esi, (%esp)
	call	put_text
	xchgl	%esi, (%esp)
	ret

/* Prints `bzelf: <text behind the call> (eax=… ebx=… esi=… esp=…)` and stops for good. */
die:
	say	"bzelf: "
	popl	%esi
	call	put_text
	say	" (entered with eax="
	movl	in_eax(%ebp), %eax
	call	put_hex
	say	" ebx="
	movl	in_ebx(%ebp), %eax
	call	put_hex
	say	" esi="
	movl	in_esi(%ebp), %eax
	call	put_hex
	say	" esp="
	movl	in_esp(%ebp), %eax
	call	put_hex
	say	")\r\n"
1:	cli
	hlt
	jmp	1b
