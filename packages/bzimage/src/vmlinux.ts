import { isBzelfError, phys, toNumber, viewOf, virt, type PhysAddr, type VirtAddr } from '@bzelf/bytes';
import { PT_LOAD, SHT_NOBITS, probeElf, readElf, type ElfFile } from '@bzelf/elf';
import { fail } from './errors.js';

/** Link addresses of the words to relocate, ascending, as the table has them: the low 32 bits of a VA. */
export interface Relocations {
  readonly abs32: Uint32Array;
  /** To be decreased; 64-bit kernels before 6.15 (per-CPU references). */
  readonly inverse32: Uint32Array;
  readonly abs64: Uint32Array;
}

export interface SplitVmlinux {
  /** The ELF file by itself. */
  readonly elf: Uint8Array;
  /** Absent from a kernel that is not relocatable. */
  readonly relocations?: Relocations;
  /** Where the table starts: the size of the ELF file. */
  readonly relocsOffset: number;
}

/**
 * Splits vmlinux.bin.all into the ELF file and the relocation table behind it. Nothing says where the table starts but
 * the end of the ELF file's own parts. Throws bzimage/bad-vmlinux, bad-relocations.
 * Source: arch/x86/boot/compressed/Makefile, vmlinux.bin.all; arch/x86/tools/relocs.c, emit_relocs.
 */
export function splitVmlinux(bytes: Uint8Array): SplitVmlinux {
  const elf = readInner(bytes);
  const relocsOffset = elfEnd(elf, bytes.length);
  const table = bytes.subarray(relocsOffset);
  const split = { elf: bytes.subarray(0, relocsOffset), relocsOffset };
  if (table.length === 0) return split;
  return { ...split, relocations: parseRelocations(table, relocsOffset, elf.class) };
}

function readInner(bytes: Uint8Array): ElfFile {
  if (!probeElf(bytes)) throw fail('bzimage/bad-vmlinux', { offset: 0, field: 'e_ident', expected: '7f 45 4c 46' });
  try {
    return readElf(bytes);
  } catch (cause) {
    if (!isBzelfError(cause)) throw cause;
    throw fail('bzimage/bad-vmlinux', {
      ...(cause.offset === undefined ? {} : { offset: cause.offset }),
      ...(cause.field === undefined ? {} : { field: cause.field }),
      found: cause.found ?? cause.message,
      cause,
    });
  }
}

/** One past the last byte that a header, segment or section of the file covers. */
function elfEnd(elf: ElfFile, size: number): number {
  const { e_ehsize, e_phoff, e_phentsize, e_shoff, e_shentsize } = elf.header;
  const ends = [BigInt(e_ehsize), e_phoff + BigInt(e_phentsize * elf.segments.length)];
  for (const { p_offset, p_filesz } of elf.segments) ends.push(p_offset + p_filesz);
  if (e_shoff !== 0n) {
    ends.push(e_shoff + BigInt(e_shentsize * elf.sections.length));
    for (const s of elf.sections) if (s.sh_type !== SHT_NOBITS) ends.push(s.sh_offset + s.sh_size);
  }
  const end = ends.reduce((a, b) => (a > b ? a : b));
  if (end > BigInt(size))
    throw fail('bzimage/bad-vmlinux', {
      field: 'end of the ELF file',
      found: end,
      expected: `at most 0x${size.toString(16)}`,
    });
  return toNumber(end);
}

/**
 * Lists behind one another, each led by a zero word: [0 abs64] [0 inverse32] [0 abs32], from 6.15 on without the middle
 * one, on i386 only the last. `offset` is where the table lies, for errors.
 */
export function parseRelocations(table: Uint8Array, offset: number, elfClass: 32 | 64): Relocations {
  if (table.length % 4 !== 0)
    throw fail('bzimage/bad-relocations', { offset, found: table.length, expected: 'a multiple of 4 bytes' });
  const view = viewOf(table);
  const words = new Uint32Array(table.length / 4);
  for (let i = 0; i < words.length; i++) words[i] = view.getUint32(4 * i, true);
  const starts = zeroWords(words, offset, elfClass);
  const lists = starts.map((start, i) => words.subarray(start + 1, starts[i + 1] ?? words.length));
  lists.forEach((list, i) => checkAscending(list, offset + 4 * ((starts[i] ?? 0) + 1)));
  const none = new Uint32Array(0);
  return {
    abs32: lists.at(-1) ?? none,
    inverse32: lists.length === 3 ? (lists[1] ?? none) : none,
    abs64: lists.length > 1 ? (lists[0] ?? none) : none,
  };
}

function zeroWords(words: Uint32Array, offset: number, elfClass: 32 | 64): number[] {
  const starts: number[] = [];
  for (let at = words.indexOf(0); at !== -1 && starts.length <= 3; at = words.indexOf(0, at + 1)) starts.push(at);
  const counts = elfClass === 64 ? [2, 3] : [1];
  if (starts[0] === 0 && counts.includes(starts.length)) return starts;
  throw fail('bzimage/bad-relocations', {
    offset,
    field: 'zero words',
    found: starts.length,
    expected: `${counts.join(' or ')}, the first at the start`,
  });
}

function checkAscending(list: Uint32Array, offset: number): void {
  for (let i = 1; i < list.length; i++) {
    const before = list[i - 1] ?? 0;
    const value = list[i] ?? 0;
    if (value < before)
      throw fail('bzimage/bad-relocations', {
        offset: offset + 4 * i,
        found: value,
        expected: `at least 0x${before.toString(16)}: the list ascends`,
      });
  }
}

/** Where one PT_LOAD of the inner ELF goes. The rest of memsz is zero (the decompressor leaves that to the kernel). */
export interface VmlinuxSegment {
  readonly paddr: PhysAddr;
  readonly offset: number;
  readonly filesz: number;
  readonly memsz: bigint;
  readonly flags: number;
}

export interface VmlinuxPlacement {
  readonly class: 32 | 64;
  /** LOAD_PHYSICAL_ADDR: the lowest p_paddr. */
  readonly linkBase: PhysAddr;
  /** One past the last byte of memory. */
  readonly end: PhysAddr;
  /** p_vaddr − p_paddr of the first segment: __START_KERNEL_map, or __PAGE_OFFSET on i386. */
  readonly virtualBase: VirtAddr;
  /** Physical, as linked. */
  readonly entry: PhysAddr;
  readonly segments: readonly VmlinuxSegment[];
}

/**
 * Segments by p_paddr alone (per-CPU data has p_vaddr 0). Throws bzimage/bad-vmlinux.
 * Source: arch/x86/boot/compressed/misc.c, parse_elf.
 */
export function placeVmlinux(elf: Uint8Array): VmlinuxPlacement {
  const file = readInner(elf);
  const loads = file.segments.filter((p) => p.p_type === PT_LOAD);
  const [first] = loads;
  if (first === undefined) throw fail('bzimage/bad-vmlinux', { field: 'PT_LOAD', found: 0, expected: 'at least one' });
  const segments = loads.map((p, i): VmlinuxSegment => {
    const offset = toNumber(p.p_offset);
    const filesz = toNumber(p.p_filesz);
    if (offset + filesz > elf.length || p.p_filesz > p.p_memsz)
      throw fail('bzimage/bad-vmlinux', {
        field: `PT_LOAD[${i}].p_filesz`,
        found: p.p_filesz,
        expected: 'inside the file, and no more than p_memsz',
      });
    return { paddr: phys(p.p_paddr), offset, filesz, memsz: p.p_memsz, flags: p.p_flags };
  });
  const linkBase = segments.reduce((low, s) => (s.paddr < low ? s.paddr : low), segments[0]?.paddr ?? phys(0));
  const end = segments.reduce((high, s) => (s.paddr + s.memsz > high ? s.paddr + s.memsz : high), 0n);
  return {
    class: file.class,
    linkBase,
    end: phys(end),
    virtualBase: virt(BigInt.asUintN(file.class, first.p_vaddr - first.p_paddr)),
    entry: phys(file.header.e_entry),
    segments,
  };
}
