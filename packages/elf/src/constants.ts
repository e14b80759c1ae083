/** ELF constants, spelled as in the gABI and in Linux include/uapi/linux/elf.h. */

export const ELFCLASS32 = 1;
export const ELFCLASS64 = 2;
export const ELFDATA2LSB = 1;
export const ELFDATA2MSB = 2;
export const EV_CURRENT = 1;

/** Indices into e_ident. */
export const EI_CLASS = 4;
export const EI_DATA = 5;
export const EI_VERSION = 6;
export const EI_OSABI = 7;

export const ET_NONE = 0;
export const ET_REL = 1;
export const ET_EXEC = 2;
export const ET_DYN = 3;
export const ET_CORE = 4;

export const EM_386 = 3;
export const EM_486 = 6;
export const EM_X86_64 = 62;

export const PT_NULL = 0;
export const PT_LOAD = 1;
export const PT_DYNAMIC = 2;
export const PT_INTERP = 3;
export const PT_NOTE = 4;
export const PT_SHLIB = 5;
export const PT_PHDR = 6;
export const PT_TLS = 7;
export const PT_GNU_EH_FRAME = 0x6474e550;
export const PT_GNU_STACK = 0x6474e551;
export const PT_GNU_RELRO = 0x6474e552;
export const PT_GNU_PROPERTY = 0x6474e553;

export const PF_X = 1;
export const PF_W = 2;
export const PF_R = 4;

export const SHT_NULL = 0;
export const SHT_PROGBITS = 1;
export const SHT_SYMTAB = 2;
export const SHT_STRTAB = 3;
export const SHT_RELA = 4;
export const SHT_HASH = 5;
export const SHT_DYNAMIC = 6;
export const SHT_NOTE = 7;
export const SHT_NOBITS = 8;
export const SHT_REL = 9;
export const SHT_DYNSYM = 11;

export const SHF_WRITE = 1;
export const SHF_ALLOC = 2;
export const SHF_EXECINSTR = 4;
export const SHF_MERGE = 0x10;
export const SHF_STRINGS = 0x20;

export const SHN_UNDEF = 0;
/** e_shstrndx says: the index is in sh_link of section 0. */
export const SHN_XINDEX = 0xffff;
/** e_phnum says: the count is in sh_info of section 0. */
export const PN_XNUM = 0xffff;

// prettier-ignore
export const E_TYPE_NAMES: Readonly<Record<number, string>> = {
  [ET_NONE]: 'ET_NONE', [ET_REL]: 'ET_REL', [ET_EXEC]: 'ET_EXEC', [ET_DYN]: 'ET_DYN', [ET_CORE]: 'ET_CORE',
};

// prettier-ignore
export const E_MACHINE_NAMES: Readonly<Record<number, string>> = {
  [EM_386]: 'EM_386', [EM_486]: 'EM_486', [EM_X86_64]: 'EM_X86_64',
};

// prettier-ignore
export const P_TYPE_NAMES: Readonly<Record<number, string>> = {
  [PT_NULL]: 'PT_NULL', [PT_LOAD]: 'PT_LOAD', [PT_DYNAMIC]: 'PT_DYNAMIC', [PT_INTERP]: 'PT_INTERP',
  [PT_NOTE]: 'PT_NOTE', [PT_SHLIB]: 'PT_SHLIB', [PT_PHDR]: 'PT_PHDR', [PT_TLS]: 'PT_TLS',
  [PT_GNU_EH_FRAME]: 'PT_GNU_EH_FRAME', [PT_GNU_STACK]: 'PT_GNU_STACK', [PT_GNU_RELRO]: 'PT_GNU_RELRO',
  [PT_GNU_PROPERTY]: 'PT_GNU_PROPERTY',
};
