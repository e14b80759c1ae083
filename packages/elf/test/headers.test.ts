import { ELF32_EHDR, ELF32_PHDR, ELF32_SHDR, ELF64_EHDR, ELF64_PHDR, ELF64_SHDR, ELF_NHDR } from '../src/index.js';
import * as bzelf from '../src/note/bzelf-tables.js';

// Sizes of the Elf*_ structs: gABI ch. 4 and 5; of bzelf's: docs/notes.md.
test.each([
  { table: ELF32_EHDR, size: 52 },
  { table: ELF64_EHDR, size: 64 },
  { table: ELF32_PHDR, size: 32 },
  { table: ELF64_PHDR, size: 56 },
  { table: ELF32_SHDR, size: 40 },
  { table: ELF64_SHDR, size: 64 },
  { table: ELF_NHDR, size: 12 },
  { table: bzelf.BZELF_IMAGE, size: 16 },
  { table: bzelf.BZELF_ENTRY, size: 24 },
  { table: bzelf.BZELF_SUBARCH, size: 16 },
  { table: bzelf.BZELF_MAPPING, size: 16 },
  { table: bzelf.BZELF_MAPPING_RANGE, size: 32 },
  { table: bzelf.BZELF_ORIGIN, size: 56 },
  { table: bzelf.BZELF_ORIGIN_PIECE, size: 32 },
  { table: bzelf.BZELF_PLACEMENT, size: 48 },
  { table: bzelf.BZELF_PAYLOAD, size: 64 },
])('$table.name has $size bytes, without gap or overlap, every field naturally placed', ({ table, size }) => {
  let end = 0;
  for (const { at, type } of table.fields) {
    expect(at).toBe(end);
    if (!type.name.startsWith('u8[')) expect(at % type.size).toBe(0);
    end = at + type.size;
  }
  expect(end).toBe(size);
  expect(table.size).toBe(size);
});
