import { raw, struct, u16, u32, u32big, u64 } from '@bzelf/bytes';

/** The ELF header; addresses and offsets are bigint in both classes. Source: gABI ch. 4, ELF Header. */
export interface Ehdr {
  readonly e_ident: Uint8Array;
  readonly e_type: number;
  readonly e_machine: number;
  readonly e_version: number;
  readonly e_entry: bigint;
  readonly e_phoff: bigint;
  readonly e_shoff: bigint;
  readonly e_flags: number;
  readonly e_ehsize: number;
  readonly e_phentsize: number;
  readonly e_phnum: number;
  readonly e_shentsize: number;
  readonly e_shnum: number;
  readonly e_shstrndx: number;
}

// prettier-ignore
export const ELF64_EHDR = struct('Elf64_Ehdr', [
  // at    type     name            meaning
  [0x00,   raw(16), 'e_ident',      'magic, class, byte order, version, OS ABI'],
  [0x10,   u16,     'e_type',       'ET_EXEC, ET_DYN, …'],
  [0x12,   u16,     'e_machine',    'EM_386 or EM_X86_64'],
  [0x14,   u32,     'e_version',    'EV_CURRENT'],
  [0x18,   u64,     'e_entry',      'entry point'],
  [0x20,   u64,     'e_phoff',      'file offset of the program headers'],
  [0x28,   u64,     'e_shoff',      'file offset of the section headers, 0: none'],
  [0x30,   u32,     'e_flags',      '0 on x86'],
  [0x34,   u16,     'e_ehsize',     'bytes of this header'],
  [0x36,   u16,     'e_phentsize',  'bytes of one program header'],
  [0x38,   u16,     'e_phnum',      'program headers; PN_XNUM: see sh_info of section 0'],
  [0x3a,   u16,     'e_shentsize',  'bytes of one section header'],
  [0x3c,   u16,     'e_shnum',      'section headers; 0 with e_shoff: see sh_size of section 0'],
  [0x3e,   u16,     'e_shstrndx',   'section with the section names; SHN_XINDEX: see sh_link of section 0'],
]);

// prettier-ignore
export const ELF32_EHDR = struct('Elf32_Ehdr', [
  [0x00,   raw(16), 'e_ident',      'magic, class, byte order, version, OS ABI'],
  [0x10,   u16,     'e_type',       'ET_EXEC, ET_DYN, …'],
  [0x12,   u16,     'e_machine',    'EM_386 or EM_X86_64'],
  [0x14,   u32,     'e_version',    'EV_CURRENT'],
  [0x18,   u32big,  'e_entry',      'entry point'],
  [0x1c,   u32big,  'e_phoff',      'file offset of the program headers'],
  [0x20,   u32big,  'e_shoff',      'file offset of the section headers, 0: none'],
  [0x24,   u32,     'e_flags',      '0 on x86'],
  [0x28,   u16,     'e_ehsize',     'bytes of this header'],
  [0x2a,   u16,     'e_phentsize',  'bytes of one program header'],
  [0x2c,   u16,     'e_phnum',      'program headers; PN_XNUM: see sh_info of section 0'],
  [0x2e,   u16,     'e_shentsize',  'bytes of one section header'],
  [0x30,   u16,     'e_shnum',      'section headers; 0 with e_shoff: see sh_size of section 0'],
  [0x32,   u16,     'e_shstrndx',   'section with the section names; SHN_XINDEX: see sh_link of section 0'],
]);
