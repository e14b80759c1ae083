# The ELF form of the kernel that a kernel tree builds:
#
#   make -f bzelf.mk KERNEL=~/linux            builds bzImage and, beside it, arch/x86/boot/bzImage.elf
#   make -f bzelf.mk KERNEL=~/linux O=~/build  with the objects elsewhere, as in the kernel's own Makefile
#
# A Makefile of yours may include it, and depend on $(BZELF_OUTPUT). The kernel's Makefile cannot: it hands every goal to
# a make of its own. The same bzImage gives the same bytes: the output has no time and no path in it.

KERNEL ?= .
BZELF ?= bzelf
# More words for "bzelf wrap": --form, --target, --cmdline …
BZELF_FLAGS ?=
BZELF_BZIMAGE = $(if $(O),$(O),$(KERNEL))/arch/x86/boot/bzImage
BZELF_OUTPUT ?= $(BZELF_BZIMAGE).elf

.PHONY: bzelf bzelf-clean bzelf-kernel
bzelf: $(BZELF_OUTPUT)

# The kernel's make decides whether there is something to build; the ELF file is written when the bzImage is newer.
bzelf-kernel:
	+$(MAKE) -C $(KERNEL) $(if $(O),O=$(abspath $(O))) bzImage

$(BZELF_BZIMAGE): bzelf-kernel ;

$(BZELF_OUTPUT): $(BZELF_BZIMAGE)
	$(BZELF) wrap $< -o $@ $(BZELF_FLAGS)

bzelf-clean:
	rm -f $(BZELF_OUTPUT)
