# Sets a processor up exactly as a load plan says and jumps to the kernel. QEMU enters it by a PVH note: 32-bit flat
# protected mode, paging off, no stack. planToElf appends the parameter block and patches the two words marked PATCH.
# The GDT is the plan's: code 0x10, data 0x18, TSS 0x20.
        .text
        .code32
        .globl start
start:  cli
        cld
        .byte   0xbd                    # mov ebp, own address
        .globl patch_base
patch_base: .long 0                     # PATCH
        leal    stack_top(%ebp), %esp

# What QEMU's firmware would have overwritten (below 1 MiB) is brought into place now.
        movl    copies(%ebp), %ebx
1:      movl    (%ebx), %esi
        movl    4(%ebx), %edi
        movl    8(%ebx), %ecx
        addl    $12, %ebx
        testl   %ecx, %ecx
        jz      2f
        rep movsb
        jmp     1b
2:      movl    (%ebx), %edi            # the zero list follows: address, length
        movl    4(%ebx), %ecx
        addl    $8, %ebx
        testl   %ecx, %ecx
        jz      3f
        xorl    %eax, %eax
        movl    %ecx, %edx
        shrl    $2, %ecx
        rep stosl
        movl    %edx, %ecx
        andl    $3, %ecx
        rep stosb
        jmp     2b

3:      cmpl    $2, mode(%ebp)
        je      real
        lgdt    gdtr(%ebp)
        lidt    idtr(%ebp)
        cmpl    $1, mode(%ebp)
        je      long
        leal    in32(%ebp), %eax
        movl    %eax, far(%ebp)
        movw    $0x10, far+4(%ebp)
        ljmp    *far(%ebp)

in32:   movl    $0x18, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %fs
        movl    %eax, %gs
        movl    %eax, %ss
        movl    $0x20, %eax
        ltr     %ax
        xorl    %eax, %eax
        lldt    %ax
        movl    cr4(%ebp), %eax
        movl    %eax, %cr4
        movl    cr3(%ebp), %eax
        movl    %eax, %cr3
        movl    cr0(%ebp), %eax
        movl    %eax, %cr0
        pushl   rflags(%ebp)
        popfl
        movl    regs(%ebp), %eax
        movl    regs+8(%ebp), %ecx
        movl    regs+16(%ebp), %edx
        movl    regs+24(%ebp), %ebx
        movl    regs+32(%ebp), %esp
        movl    regs+48(%ebp), %esi
        movl    regs+56(%ebp), %edi
        movl    regs+40(%ebp), %ebp
        .byte   0xff, 0x25              # jmp *[entry]
        .globl patch_entry
patch_entry: .long 0                    # PATCH: address of `entry`

# Long mode under an identity map of 4 GiB of our own; the plan's CR3 is loaded by the last instructions, which lie
# where the plan's tables map them (`exit`).
long:   movl    cr4(%ebp), %eax
        movl    %eax, %cr4
        movl    own_cr3(%ebp), %eax
        movl    %eax, %cr3
        movl    $0xc0000080, %ecx
        rdmsr
        orl     $0x100, %eax
        wrmsr
        movl    cr0(%ebp), %eax
        movl    %eax, %cr0
        leal    in64(%ebp), %eax
        movl    %eax, far(%ebp)
        movw    $0x10, far+4(%ebp)
        ljmp    *far(%ebp)

        .code64
in64:   movl    $0x18, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %fs
        movl    %eax, %gs
        movl    %eax, %ss
        movl    $0x20, %eax
        ltr     %ax
        xorl    %eax, %eax
        lldt    %ax
        pushq   rflags(%rip)
        popfq
        movq    cr3(%rip), %rax
        movq    regs+8(%rip), %rcx
        movq    regs+16(%rip), %rdx
        movq    regs+24(%rip), %rbx
        movq    regs+32(%rip), %rsp
        movq    regs+40(%rip), %rbp
        movq    regs+48(%rip), %rsi
        movq    regs+56(%rip), %rdi
        movq    regs+64(%rip), %r8
        movq    regs+72(%rip), %r9
        movq    regs+80(%rip), %r10
        movq    regs+88(%rip), %r11
        movq    regs+96(%rip), %r12
        movq    regs+104(%rip), %r13
        movq    regs+112(%rip), %r14
        movq    regs+120(%rip), %r15
        jmp     *exit(%rip)

# Real mode: the 16-bit part has been copied to `low` (below 64 KiB); our own GDT has 16-bit segments at that base.
        .code32
real:   leal    gdt16(%ebp), %eax
        movl    %eax, gdtr16+2(%ebp)
        lgdt    gdtr16(%ebp)
        movl    low(%ebp), %eax
        movl    %eax, %ebx
        movw    %ax, gdt16+0x0a(%ebp)   # base of the code segment
        shrl    $16, %eax
        movb    %al, gdt16+0x0c(%ebp)
        leal    part16(%ebp), %esi
        movl    %ebx, %edi
        movl    $part16_end - part16, %ecx
        rep movsb
        movl    $0x10, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %fs
        movl    %eax, %gs
        movl    %eax, %ss
        movl    %ebx, %esi              # base for the real-mode data segment
        shrl    $4, %esi
        movl    real_data(%ebp), %edi   # selector of the plan's data segments
        movl    real_entry(%ebp), %ecx  # cs:ip
        movl    real_sp(%ebp), %ebx
        ljmp    $0x08, $0

        .code16
part16: movl    %cr0, %eax
        andl    $0x7ffffffe, %eax
        movl    %eax, %cr0
        .byte   0xea                    # ljmp low>>4 : next
        .word   next16 - part16
        .globl patch_low
patch_low: .word 0                      # PATCH: low >> 4
next16: movw    %di, %ds
        movw    %di, %es
        movw    %di, %fs
        movw    %di, %gs
        movw    %di, %ss
        movl    %ebx, %esp
        lidtl   %cs:ivt - part16
        movw    %cx, %cs:jump16 - part16
        shrl    $16, %ecx
        movw    %cx, %cs:jump16 + 2 - part16
        xorl    %eax, %eax
        xorl    %ebx, %ebx
        xorl    %ecx, %ecx
        xorl    %edx, %edx
        xorl    %esi, %esi
        xorl    %edi, %edi
        xorl    %ebp, %ebp
        ljmp    *%cs:jump16 - part16
        .balign 4
ivt:    .word   0x3ff
        .long   0
jump16: .long   0
part16_end:

        .balign 8
gdt16:  .quad   0
        .quad   0x00009b000000ffff      # 16-bit code, base patched
        .quad   0x000093000000ffff      # 16-bit data, base 0
gdtr16: .word   23
        .long   0

        .balign 16
        .globl params
params:
copies: .long   0
mode:   .long   0                       # 0 protected32, 1 long64, 2 real16
gdtr:   .word   0
        .long   0
        .word   0
idtr:   .word   0
        .long   0
        .word   0
far:    .quad   0
own_cr3: .quad  0
low:    .long   0
real_data: .long 0
real_entry: .long 0
real_sp: .long  0
cr0:    .quad   0
cr3:    .quad   0
cr4:    .quad   0
rflags: .quad   0
entry:  .quad   0
exit:   .quad   0
regs:   .fill   16, 8, 0                # rax rcx rdx rbx rsp rbp rsi rdi r8-r15
        .fill   128, 1, 0
stack_top:
        .globl end
end:
