/*
 * /init of the test initrds. It prints what the kernel was given, so that a test can tell a kernel that runs from one
 * that runs with the right command line and the right initrd:
 *
 *     bzelf-init: cmdline=<contents of /proc/cmdline>
 *     bzelf-init: marker=<contents of /marker, a file of the same initrd>
 *     bzelf-init: done
 *
 * and then restarts the machine, which ends a QEMU that runs with -no-reboot. What the kernel has to say meanwhile stays
 * off the console: it would break these lines.
 * One source for x86_64 and i386 (build.sh assembles both). Nothing but system calls, no libc.
 */

#ifdef __x86_64__
# define SYS_read   0
# define SYS_write  1
# define SYS_open   2
# define SYS_mkdir  83
# define SYS_mount  165
# define SYS_reboot 169
# define AX rax
# define BX rbx
#else
# define SYS_read   3
# define SYS_write  4
# define SYS_open   5
# define SYS_mount  21
# define SYS_mkdir  39
# define SYS_reboot 88
# define AX eax
# define BX ebx
#endif

#define SYS_syslog 103 /* both */

        .intel_syntax noprefix

/* System call \number; up to five arguments that are constants or addresses below 2 GiB. */
.macro  call_kernel number, a=0, b=0, c=0, d=0, e=0
#ifdef __x86_64__
        mov     edi, \a
        mov     esi, \b
        mov     edx, \c
        mov     r10d, \d
        mov     r8d, \e
        mov     eax, \number
        syscall
#else
        mov     ebx, \a
        mov     ecx, \b
        mov     edx, \c
        mov     esi, \d
        mov     edi, \e
        mov     eax, \number
        int     0x80
#endif
.endm

.macro  print text
        call_kernel SYS_write, 1, "offset \text", \text\()_length
.endm

/* Prints the first bytes of a file, or nothing when there is no such file. The descriptor is the call's result. */
.macro  print_file path
        call_kernel SYS_open, "offset \path"
        mov     [descriptor], eax
        call_kernel SYS_read, "dword ptr [descriptor]", "offset buffer", 2048
        test    eax, eax
        jle     1f
        mov     [length], eax
        call_kernel SYS_write, 1, "offset buffer", "dword ptr [length]"
1:
.endm

/* Before the code: the assembler takes a length that it does not know yet for an address. */
        .section .rodata
proc:           .asciz  "proc"          /* relative: /init starts in / */
proc_cmdline:   .asciz  "proc/cmdline"
marker:         .asciz  "marker"
cmdline_is:     .ascii  "bzelf-init: cmdline="
        cmdline_is_length = . - cmdline_is
marker_is:      .ascii  "bzelf-init: marker="
        marker_is_length = . - marker_is
done:           .ascii  "\nbzelf-init: done\n"
        done_length = . - done

        .globl  _start
        .text
_start:
        call_kernel SYS_syslog, 6       /* SYSLOG_ACTION_CONSOLE_OFF */
        call_kernel SYS_mkdir, "offset proc", 0755
        call_kernel SYS_mount, "offset proc", "offset proc", "offset proc"
        print   cmdline_is
        print_file proc_cmdline         /* ends in a line feed of its own */
        print   marker_is
        print_file marker
        print   done
        call_kernel SYS_reboot, 0xfee1dead, 0x28121969, 0x01234567  /* LINUX_REBOOT_CMD_RESTART */
2:      jmp     2b

        .bss
        .balign 4
descriptor:     .skip   4
length:         .skip   4
buffer:         .skip   2048

        .section .note.GNU-stack, "", @progbits
