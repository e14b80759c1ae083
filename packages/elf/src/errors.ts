import { errorFactory } from '@bzelf/bytes';

export const ELF_ERRORS = {
  'elf/too-short': 'The file is shorter than an ELF header',
  'elf/bad-magic': 'This is not an ELF file: it does not begin with 7f 45 4c 46',
  'elf/bad-class': 'EI_CLASS says neither 32-bit nor 64-bit',
  'elf/big-endian': 'This is a big-endian ELF file; x86 kernels are little-endian',
  'elf/bad-data': 'EI_DATA says neither little- nor big-endian',
  'elf/bad-phentsize': 'The program headers have a size that is not theirs',
  'elf/bad-shentsize': 'The section headers have a size that is not theirs',
  'elf/phdrs-past-eof': 'The program headers reach past the end of the file',
  'elf/shdrs-past-eof': 'The section headers reach past the end of the file',
  'elf/too-many-headers': 'The file has more program or section headers than any kernel has',
  'elf/no-section-zero': 'A count is said to be in section header 0, but there is none',
  'elf/bad-shstrndx': 'The section name table is not a section of this file',
  'elf/bad-section-name': 'A section name lies outside the section name table',
  'elf/segment-past-eof': 'A segment has file bytes past the end of the file',
  'elf/section-past-eof': 'A section has file bytes past the end of the file',
  'elf/note-truncated': 'A note does not fit into what is left of its segment or section',
  'elf/notes-too-many': 'The file has more notes, or more overlapping note ranges, than any kernel has',
  'elf/note-bad-desc': 'The descriptor of a note is not what its type promises',
  'elf/note-bad-value': 'A note has a value that its specification does not list',
  'elf/note-bad-version': 'A bzelf note has a layout version that this reader does not know',
  'elf/no-checksum-note': 'The file has no ELFBoot checksum note of two bytes',
  'elf/bad-boot-block': 'This is not a block of ELFBoot records',
} as const;

export const fail = errorFactory(ELF_ERRORS);
