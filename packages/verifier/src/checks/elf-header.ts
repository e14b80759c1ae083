import { hex } from '@bzelf/bytes';
import { EI_VERSION, ELF_TABLES, EM_386, EM_X86_64, ET_EXEC, EV_CURRENT } from '@bzelf/elf';
import { ehdrField } from '../subject.js';
import { defineElfCheck } from './check.js';

/** Etherboot has the first block that it downloads, and no more. Source: Etherboot elf_loader.c. */
const FIRST_BLOCK = 512;

export const elfHeaderCheck = defineElfCheck({
  name: 'elf-header',
  doc: 'Sizes, versions, type, machine and flags of the ELF header; the place of the program headers.',
  // prettier-ignore
  findings: {
    'elf-header/version': {
      severity: 'error', title: 'EI_VERSION or e_version is not 1',
      explanation: 'kexec, GRUB, FILO, Etherboot and crosvm refuse the file.', remedy: 'wrap the bzImage again',
    },
    'elf-header/sizes': {
      severity: 'error', title: 'e_ehsize or e_shentsize is not the size of its struct',
      explanation: 'kexec, Etherboot and GRUB compare them exactly.', remedy: 'wrap the bzImage again',
    },
    'elf-header/type': {
      severity: 'warning', title: 'e_type is not ET_EXEC',
      explanation: 'FILO and U-Boot refuse every other type; Etherboot and kexec move an ET_DYN file.', remedy: 'link the kernel as an executable, or wrap its bzImage',
    },
    'elf-header/machine': {
      severity: 'error', title: 'Class and machine do not belong together',
      explanation: 'GRUB takes EM_386 in an ELF32 and EM_X86_64 in an ELF64 only; kexec chooses its loader by e_machine and linux-loader refuses ELF32.', remedy: 'wrap the bzImage again, with --class for the width',
    },
    'elf-header/flags': {
      severity: 'error', title: 'e_flags is not 0',
      explanation: 'x86 has no flags, and QEMU refuses some ("elfboot unsupported flags").', remedy: 'wrap the bzImage again',
    },
    'elf-header/program-headers': {
      severity: 'warning', title: 'The program headers are not behind the ELF header in the first 512 bytes',
      explanation: 'Etherboot has read only the first block when it looks for them; GRUB looks in the first 8192 bytes (multiboot) or 32768 (multiboot2).', remedy: 'wrap the bzImage again',
    },
  },
  run({ elf }, report) {
    const { header } = elf;
    const { ehdr, phdr, shdr } = ELF_TABLES[elf.class];
    if (header.e_version !== EV_CURRENT) report('elf-header/version', ehdrField(elf, 'e_version', EV_CURRENT));
    if (header.e_ident[EI_VERSION] !== EV_CURRENT)
      report('elf-header/version', {
        offset: EI_VERSION,
        field: 'e_ident[EI_VERSION]',
        found: header.e_ident[EI_VERSION] ?? 0,
        expected: EV_CURRENT,
      });
    if (header.e_ehsize !== ehdr.size) report('elf-header/sizes', ehdrField(elf, 'e_ehsize', ehdr.size));
    if (header.e_shnum > 0 && header.e_shentsize !== shdr.size)
      report('elf-header/sizes', ehdrField(elf, 'e_shentsize', shdr.size));
    if (header.e_type !== ET_EXEC) report('elf-header/type', ehdrField(elf, 'e_type', ET_EXEC));
    const machine = elf.class === 64 ? EM_X86_64 : EM_386;
    if (header.e_machine !== machine) report('elf-header/machine', ehdrField(elf, 'e_machine', machine));
    if (header.e_flags !== 0) report('elf-header/flags', ehdrField(elf, 'e_flags', 0));
    const end = header.e_phoff + BigInt(elf.segments.length * phdr.size);
    if (header.e_phoff !== BigInt(ehdr.size) || end > FIRST_BLOCK)
      report('elf-header/program-headers', {
        ...ehdrField(elf, 'e_phoff', ehdr.size),
        found: `${hex(header.e_phoff)}-${hex(end - 1n)}`,
        expected: `from ${hex(ehdr.size)} to ${hex(FIRST_BLOCK - 1)} at most`,
      });
  },
});
