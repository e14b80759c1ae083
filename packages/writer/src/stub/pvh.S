/*
 * PVH: esi = hvm_start_info. QEMU, Firecracker, cloud-hypervisor, Xen. All addresses in it are below 4 GiB.
 * Version 0 (Xen dom0) has no memory map; the hypervisor is asked for it.
 */
from_pvh:
	movl	%esi, %ebx
	call	boot_params
	movl	SI_RSDP(%ebx), %eax
	movl	%eax, BP_ACPI_RSDP_ADDR(%edi)
	movl	SI_RSDP + 4(%ebx), %eax
	movl	%eax, BP_ACPI_RSDP_ADDR + 4(%edi)
	movl	SI_CMDLINE(%ebx), %esi
	call	take_cmdline
	cmpl	$0, SI_NR_MODULES(%ebx)
	je	1f
	movl	SI_MODLIST(%ebx), %esi		# the first module is the initrd
	movl	(%esi), %eax
	movl	4(%esi), %edx
	movl	8(%esi), %ecx
	movl	12(%esi), %esi
	call	set_initrd
1:	cmpl	$0, SI_VERSION(%ebx)
	je	xen_memory_map
	movl	SI_MEMMAP_ENTRIES(%ebx), %ecx
	movl	SI_MEMMAP(%ebx), %esi
	jecxz	xen_memory_map
2:	call	add_e820_at
	addl	$MEMMAP_ENTRY_SIZE, %esi
	loop	2b
	ret

/*
 * XENMEM_memory_map through a hypercall page of our own. Without Xen nothing is added, and finish says so.
 * Sources: Xen public/arch-x86/cpuid.h, public/memory.h.
 */
#define XEN_HYPERVISOR_MEMORY_OP	12
#define XENMEM_MEMORY_MAP		9
xen_memory_map:
	movl	$0x40000000, %esi		# another hypervisor's leaves may come first, in steps of 0x100
1:	movl	%esi, %eax
	cpuid
	cmpl	$0x566e6558, %ebx		# "XenV" "MMXe" "nVMM"
	jne	2f
	cmpl	$0x65584d4d, %ecx
	jne	2f
	cmpl	$0x4d4d566e, %edx
	je	3f
2:	addl	$0x100, %esi
	cmpl	$0x40010000, %esi
	jb	1b
	ret
3:	leal	2(%esi), %eax			# ebx = MSR that takes the hypercall page's address
	cpuid
	movl	%ebx, %ecx
	call	bss
	movl	%eax, %esi
	leal	B_IN(%esi), %eax
	xorl	%edx, %edx
	wrmsr
	leal	B_E820(%esi), %eax
	pushl	%eax				# struct xen_memory_map: buffer
	pushl	$E820_MAX			# and nr_entries
	movl	$XENMEM_MEMORY_MAP, %ebx
	movl	%esp, %ecx
	leal	B_IN + XEN_HYPERVISOR_MEMORY_OP * 32(%esi), %eax
	call	*%eax
	popl	%ecx
	popl	%edx
	testl	%eax, %eax
	jnz	4f
	movl	%ecx, e820_count(%ebp)		# the entries have the layout of e820 already
4:	ret
