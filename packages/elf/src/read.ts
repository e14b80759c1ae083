import { equalBytes, readAsciz, toSource, type ByteSource } from '@bzelf/bytes';
import { ELF_TABLES, type ElfClass } from './class.js';
import { EI_CLASS, EI_DATA, ELFCLASS32, ELFCLASS64, ELFDATA2LSB, ELFDATA2MSB } from './constants.js';
import { PN_XNUM, SHN_UNDEF, SHN_XINDEX, SHT_NOBITS } from './constants.js';
import type { Ehdr } from './ehdr.js';
import { fail } from './errors.js';
import type { Phdr } from './phdr.js';
import type { Shdr } from './shdr.js';

export interface Section extends Shdr {
  readonly index: number;
  /** Read from the section name table when asked for; '' when the file has no such table. */
  readonly name: string;
}

export interface ElfFile {
  readonly source: ByteSource;
  readonly class: ElfClass;
  readonly header: Ehdr;
  readonly segments: readonly Phdr[];
  /** Read when first asked for. Throws elf/shdrs-past-eof and its kin then, not in readElf. */
  readonly sections: readonly Section[];
}

export const ELF_MAGIC = Uint8Array.of(0x7f, 0x45, 0x4c, 0x46);

/** A bound on decoded headers, so that a crafted count cannot eat the memory: 65535 segments are the usual limit. */
const MAX_HEADERS = 0x20000;
/** Longer section names are cut; no kernel has one. */
const MAX_NAME = 4096;

/** Does it begin with the ELF magic? Says nothing about the rest. */
export function probeElf(input: Uint8Array | ByteSource): boolean {
  const source = toSource(input);
  return source.size >= ELF_MAGIC.length && equalBytes(source.read(0, ELF_MAGIC.length), ELF_MAGIC);
}

/**
 * Reads the ELF header and the program headers of a little-endian file; sections are read when asked for.
 * EI_VERSION and e_version are not judged: loaders accept any.
 */
export function readElf(input: Uint8Array | ByteSource): ElfFile {
  const source = toSource(input);
  const elfClass = readIdent(source);
  const { ehdr } = ELF_TABLES[elfClass];
  if (source.size < ehdr.size) throw fail('elf/too-short', { found: source.size, expected: `${ehdr.size} bytes` });
  const header: Ehdr = ehdr.read(source.read(0, ehdr.size));
  let sections: readonly Section[] | undefined;
  return {
    source,
    class: elfClass,
    header,
    segments: readSegments(source, elfClass, header),
    get sections() {
      return (sections ??= readSections(source, elfClass, header));
    },
  };
}

function readIdent(source: ByteSource): ElfClass {
  if (source.size < 16) throw fail('elf/too-short', { found: source.size, expected: 'at least 16 bytes of e_ident' });
  const ident = source.read(0, 16);
  if (!probeElf(source)) {
    throw fail('elf/bad-magic', {
      offset: 0,
      field: 'e_ident',
      found: [...ident.subarray(0, 4)].map((b) => b.toString(16).padStart(2, '0')).join(' '),
      expected: '7f 45 4c 46',
    });
  }
  const data = ident[EI_DATA] ?? 0;
  const where = { offset: EI_DATA, field: 'e_ident[EI_DATA]', found: data, expected: '1 (ELFDATA2LSB)' };
  if (data === ELFDATA2MSB) throw fail('elf/big-endian', where);
  if (data !== ELFDATA2LSB) throw fail('elf/bad-data', where);
  const elfClass = ident[EI_CLASS] ?? 0;
  if (elfClass === ELFCLASS32) return 32;
  if (elfClass === ELFCLASS64) return 64;
  throw fail('elf/bad-class', { offset: EI_CLASS, field: 'e_ident[EI_CLASS]', found: elfClass, expected: '1 or 2' });
}

function readSegments(source: ByteSource, elfClass: ElfClass, header: Ehdr): readonly Phdr[] {
  const { ehdr, phdr } = ELF_TABLES[elfClass];
  const count = header.e_phnum === PN_XNUM ? sectionZero(source, elfClass, header, 'e_phnum').sh_info : header.e_phnum;
  if (count === 0) return [];
  if (header.e_phentsize !== phdr.size) {
    throw fail('elf/bad-phentsize', {
      offset: ehdr.field('e_phentsize').at,
      field: 'e_phentsize',
      found: header.e_phentsize,
      expected: `${phdr.size} for class ${elfClass}`,
    });
  }
  const at = tableAt(source, header.e_phoff, count, phdr.size);
  if (at === undefined) {
    throw fail('elf/phdrs-past-eof', {
      offset: ehdr.field('e_phoff').at,
      field: 'e_phoff',
      found: header.e_phoff,
      expected: `${count} × ${phdr.size} bytes inside the file of ${source.size}`,
    });
  }
  const bytes = source.read(at, count * phdr.size);
  return Array.from({ length: count }, (_, i) => phdr.read(bytes, i * phdr.size));
}

function readSections(source: ByteSource, elfClass: ElfClass, header: Ehdr): readonly Section[] {
  if (header.e_shoff === 0n) return [];
  const { shdr } = ELF_TABLES[elfClass];
  const zero = (field: string) => sectionZero(source, elfClass, header, field);
  const count = header.e_shnum === 0 ? zero('e_shnum').sh_size : BigInt(header.e_shnum);
  if (count === 0n) return [];
  checkShentsize(elfClass, header);
  const at = tableAt(source, header.e_shoff, count, shdr.size);
  if (at === undefined) throw shdrsPastEof(source, elfClass, header, count);
  const bytes = source.read(at, Number(count) * shdr.size);
  const headers = Array.from({ length: Number(count) }, (_, i): Shdr => shdr.read(bytes, i * shdr.size));
  const strndx = header.e_shstrndx === SHN_XINDEX ? zero('e_shstrndx').sh_link : header.e_shstrndx;
  const nameOf = sectionNames(source, headers, strndx);
  return headers.map((fields, index) => ({
    ...fields,
    index,
    get name() {
      return nameOf(fields, index);
    },
  }));
}

/** Where a table of `count` rows lies, or undefined when it is not inside the file. Throws elf/too-many-headers. */
function tableAt(source: ByteSource, at: bigint, count: bigint | number, rowSize: number): number | undefined {
  if (at + BigInt(count) * BigInt(rowSize) > BigInt(source.size)) return undefined;
  if (count > MAX_HEADERS) throw fail('elf/too-many-headers', { found: count, expected: `at most ${MAX_HEADERS}` });
  return Number(at);
}

function shdrsPastEof(source: ByteSource, elfClass: ElfClass, header: Ehdr, count: bigint) {
  const { ehdr, shdr } = ELF_TABLES[elfClass];
  return fail('elf/shdrs-past-eof', {
    offset: ehdr.field('e_shoff').at,
    field: 'e_shoff',
    found: header.e_shoff,
    expected: `${count} × ${shdr.size} bytes inside the file of ${source.size}`,
    hint: 'the file looks cut short; section headers usually come last',
  });
}

/** Section header 0 holds the counts that do not fit into the ELF header. Source: gABI ch. 4, Section Indexes. */
function sectionZero(source: ByteSource, elfClass: ElfClass, header: Ehdr, field: string): Shdr {
  const { ehdr, shdr } = ELF_TABLES[elfClass];
  if (header.e_shoff === 0n) throw fail('elf/no-section-zero', { offset: ehdr.field('e_shoff').at, field, found: 0 });
  checkShentsize(elfClass, header);
  const at = tableAt(source, header.e_shoff, 1, shdr.size);
  if (at === undefined) throw shdrsPastEof(source, elfClass, header, 1n);
  return shdr.read(source.read(at, shdr.size));
}

function checkShentsize(elfClass: ElfClass, header: Ehdr): void {
  const { ehdr, shdr } = ELF_TABLES[elfClass];
  if (header.e_shentsize === shdr.size) return;
  throw fail('elf/bad-shentsize', {
    offset: ehdr.field('e_shentsize').at,
    field: 'e_shentsize',
    found: header.e_shentsize,
    expected: `${shdr.size} for class ${elfClass}`,
  });
}

function sectionNames(source: ByteSource, headers: readonly Shdr[], strndx: number) {
  let table: Uint8Array | undefined;
  return (section: Shdr, index: number): string => {
    if (strndx === SHN_UNDEF) return '';
    const strings = headers[strndx];
    if (strings === undefined) {
      throw fail('elf/bad-shstrndx', { field: 'e_shstrndx', found: strndx, expected: `below ${headers.length}` });
    }
    table ??= fileBytes(source, strings, `section ${strndx}`);
    if (section.sh_name >= table.length) {
      throw fail('elf/bad-section-name', {
        field: `section ${index}.sh_name`,
        found: section.sh_name,
        expected: `below ${table.length}`,
      });
    }
    return readAsciz(table.subarray(section.sh_name, section.sh_name + MAX_NAME));
  };
}

/** The file bytes of a section; none for SHT_NOBITS. Throws elf/section-past-eof. */
export function sectionBytes(elf: ElfFile, section: Section): Uint8Array {
  return fileBytes(elf.source, section, `section ${section.index}`);
}

function fileBytes(source: ByteSource, { sh_type, sh_offset, sh_size }: Shdr, what: string): Uint8Array {
  if (sh_type === SHT_NOBITS) return new Uint8Array(0);
  if (sh_offset + sh_size > BigInt(source.size)) {
    throw fail('elf/section-past-eof', {
      field: `${what}.sh_size`,
      found: sh_size,
      expected: `sh_offset 0x${sh_offset.toString(16)} + sh_size within the file of 0x${source.size.toString(16)} bytes`,
    });
  }
  return source.read(Number(sh_offset), Number(sh_size));
}

/** The file bytes of a segment. Throws elf/segment-past-eof. */
export function segmentBytes(elf: ElfFile, phdr: Phdr): Uint8Array {
  const { p_offset, p_filesz } = phdr;
  if (p_offset + p_filesz > BigInt(elf.source.size)) {
    const index = elf.segments.indexOf(phdr);
    const table = ELF_TABLES[elf.class].phdr;
    throw fail('elf/segment-past-eof', {
      ...(index < 0 ? {} : { offset: Number(elf.header.e_phoff) + index * table.size + table.field('p_filesz').at }),
      field: `segment ${index}.p_filesz`,
      found: p_filesz,
      expected: `p_offset 0x${p_offset.toString(16)} + p_filesz within the file of 0x${elf.source.size.toString(16)} bytes`,
      hint: 'the file looks cut short; compare its size with what the sender reported',
    });
  }
  return elf.source.read(Number(p_offset), Number(p_filesz));
}
