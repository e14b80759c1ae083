import { hex } from '@bzelf/bytes';
import { SHF_ALLOC, SHT_NOBITS, SHT_NULL, SHT_REL, SHT_RELA, type Section } from '@bzelf/elf';
import { ehdrField, type ElfSubject } from '../subject.js';
import { defineElfCheck, type Report } from './check.js';

// prettier-ignore
const FINDINGS = {
  'sections/none': {
    severity: 'warning', title: 'There are no section headers',
    explanation: 'GRUB 2.12 says "invalid section header table offset in e_shoff"; U-Boot loads nothing by default.', remedy: 'wrap the bzImage again',
  },
  'sections/names': {
    severity: 'warning', title: 'The sections have no names',
    explanation: 'e_shstrndx leads to no table of names.', remedy: 'wrap the bzImage again',
  },
  'sections/relocations': {
    severity: 'warning', title: 'There are relocation sections',
    explanation: 'GRUB refuses them for Multiboot 2; a kernel that needs them is not linked.', remedy: 'link the kernel',
  },
  'sections/past-eof': {
    severity: 'error', title: 'A section ends behind the end of the file',
    explanation: 'The file was cut short, or its headers are of another file.', remedy: 'get the file again and compare its size',
  },
  'sections/outside': {
    severity: 'warning', title: 'A section that takes memory is in no PT_LOAD',
    explanation: 'Loaders that go by sections load it, and others do not.', remedy: 'wrap the bzImage again, and add notes with --note',
  },
  'sections/address': {
    severity: 'error', title: 'A section has another address than the PT_LOAD that holds its bytes',
    explanation: 'U-Boot loads by sections, others by program headers.', remedy: 'wrap the bzImage again',
  },
} as const;
type Reporter = Report<typeof FINDINGS>;

export const sectionsCheck = defineElfCheck({
  name: 'sections',
  doc: 'Section headers exist and say the same as the PT_LOADs.',
  findings: FINDINGS,
  run(subject, report) {
    const { elf, form } = subject;
    if (elf.header.e_shoff === 0n) {
      // A file in place is loaded as a bzImage by those who look for sections.
      if (form !== 'inplace') report('sections/none', ehdrField(elf, 'e_shoff'));
      return;
    }
    const { sections } = elf;
    if (elf.header.e_shstrndx === 0) report('sections/names', ehdrField(elf, 'e_shstrndx'));
    for (const section of sections) if (section.sh_type !== SHT_NULL) checkSection(subject, section, report);
  },
});

function checkSection({ loads, source }: ElfSubject, section: Section, report: Reporter): void {
  const { sh_type, sh_flags, sh_addr, sh_offset, sh_size, index } = section;
  const where = (field: string, found: bigint) => ({
    offset: Number(sh_offset),
    field: `section ${index}.${field}`,
    found,
  });
  if (sh_type === SHT_REL || sh_type === SHT_RELA) report('sections/relocations', where('sh_type', BigInt(sh_type)));
  if (sh_type !== SHT_NOBITS && sh_offset + sh_size > BigInt(source.size))
    return report('sections/past-eof', where('sh_size', sh_size));
  if ((BigInt(sh_flags) & BigInt(SHF_ALLOC)) === 0n || sh_size === 0n) return;
  const home = loads.find(({ p_vaddr, p_memsz }) => sh_addr >= p_vaddr && sh_addr + sh_size <= p_vaddr + p_memsz);
  const byBytes = loads.find(
    ({ p_offset, p_filesz }) => sh_offset >= p_offset && sh_offset + sh_size <= p_offset + p_filesz,
  );
  if (sh_type !== SHT_NOBITS && byBytes !== undefined) {
    const expected = byBytes.p_vaddr + sh_offset - byBytes.p_offset;
    if (sh_addr !== expected) report('sections/address', { ...where('sh_addr', sh_addr), expected: hex(expected) });
  } else if (home === undefined) report('sections/outside', where('sh_addr', sh_addr));
}
