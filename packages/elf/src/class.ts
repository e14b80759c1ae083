import { ELFCLASS32, ELFCLASS64 } from './constants.js';
import { ELF32_EHDR, ELF64_EHDR } from './ehdr.js';
import { ELF32_PHDR, ELF64_PHDR } from './phdr.js';
import { ELF32_SHDR, ELF64_SHDR } from './shdr.js';

export type ElfClass = 32 | 64;

/** The three tables of a class: reader and writer pick them here and nowhere else. */
export const ELF_TABLES = {
  32: { EI_CLASS: ELFCLASS32, ehdr: ELF32_EHDR, phdr: ELF32_PHDR, shdr: ELF32_SHDR },
  64: { EI_CLASS: ELFCLASS64, ehdr: ELF64_EHDR, phdr: ELF64_PHDR, shdr: ELF64_SHDR },
} as const;
