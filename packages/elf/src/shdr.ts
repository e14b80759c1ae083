import { struct, u32, u32big, u64 } from '@bzelf/bytes';

/** A section header. Source: gABI ch. 4, Sections. */
export interface Shdr {
  readonly sh_name: number;
  readonly sh_type: number;
  readonly sh_flags: bigint;
  readonly sh_addr: bigint;
  readonly sh_offset: bigint;
  readonly sh_size: bigint;
  readonly sh_link: number;
  readonly sh_info: number;
  readonly sh_addralign: bigint;
  readonly sh_entsize: bigint;
}

// prettier-ignore
export const ELF64_SHDR = struct('Elf64_Shdr', [
  // at    type     name            meaning
  [0x00,   u32,     'sh_name',      'offset of the name in the section name table'],
  [0x04,   u32,     'sh_type',      'SHT_PROGBITS, SHT_NOTE, …'],
  [0x08,   u64,     'sh_flags',     'SHF_ALLOC | SHF_WRITE | …'],
  [0x10,   u64,     'sh_addr',      'address in memory, 0: none'],
  [0x18,   u64,     'sh_offset',    'file offset'],
  [0x20,   u64,     'sh_size',      'bytes; in the file unless SHT_NOBITS'],
  [0x28,   u32,     'sh_link',      'a related section'],
  [0x2c,   u32,     'sh_info',      'depends on sh_type'],
  [0x30,   u64,     'sh_addralign', 'power of two; 0 and 1 ask for nothing'],
  [0x38,   u64,     'sh_entsize',   'bytes of one entry, for tables'],
]);

// prettier-ignore
export const ELF32_SHDR = struct('Elf32_Shdr', [
  [0x00,   u32,     'sh_name',      'offset of the name in the section name table'],
  [0x04,   u32,     'sh_type',      'SHT_PROGBITS, SHT_NOTE, …'],
  [0x08,   u32big,  'sh_flags',     'SHF_ALLOC | SHF_WRITE | …'],
  [0x0c,   u32big,  'sh_addr',      'address in memory, 0: none'],
  [0x10,   u32big,  'sh_offset',    'file offset'],
  [0x14,   u32big,  'sh_size',      'bytes; in the file unless SHT_NOBITS'],
  [0x18,   u32,     'sh_link',      'a related section'],
  [0x1c,   u32,     'sh_info',      'depends on sh_type'],
  [0x20,   u32big,  'sh_addralign', 'power of two; 0 and 1 ask for nothing'],
  [0x24,   u32big,  'sh_entsize',   'bytes of one entry, for tables'],
]);
