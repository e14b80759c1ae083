import { struct, u32, u32big, u64 } from '@bzelf/bytes';

/** A program header. Source: gABI ch. 5, Program Header. */
export interface Phdr {
  readonly p_type: number;
  readonly p_flags: number;
  readonly p_offset: bigint;
  readonly p_vaddr: bigint;
  readonly p_paddr: bigint;
  readonly p_filesz: bigint;
  readonly p_memsz: bigint;
  readonly p_align: bigint;
}

// prettier-ignore
export const ELF64_PHDR = struct('Elf64_Phdr', [
  // at    type     name        meaning
  [0x00,   u32,     'p_type',   'PT_LOAD, PT_NOTE, …'],
  [0x04,   u32,     'p_flags',  'PF_R | PF_W | PF_X'],
  [0x08,   u64,     'p_offset', 'file offset of the segment'],
  [0x10,   u64,     'p_vaddr',  'virtual address'],
  [0x18,   u64,     'p_paddr',  'physical address: where a kernel loader puts it'],
  [0x20,   u64,     'p_filesz', 'bytes in the file'],
  [0x28,   u64,     'p_memsz',  'bytes in memory; those past p_filesz are zero'],
  [0x30,   u64,     'p_align',  'power of two; 0 and 1 ask for nothing'],
]);

// prettier-ignore
export const ELF32_PHDR = struct('Elf32_Phdr', [
  [0x00,   u32,     'p_type',   'PT_LOAD, PT_NOTE, …'],
  [0x04,   u32big,  'p_offset', 'file offset of the segment'],
  [0x08,   u32big,  'p_vaddr',  'virtual address'],
  [0x0c,   u32big,  'p_paddr',  'physical address: where a kernel loader puts it'],
  [0x10,   u32big,  'p_filesz', 'bytes in the file'],
  [0x14,   u32big,  'p_memsz',  'bytes in memory; those past p_filesz are zero'],
  [0x18,   u32,     'p_flags',  'PF_R | PF_W | PF_X'],
  [0x1c,   u32big,  'p_align',  'power of two; 0 and 1 ask for nothing'],
]);
