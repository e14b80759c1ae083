import { alignUp, asciz, concat } from '@bzelf/bytes';
import { ELF_TABLES, type ElfClass } from './class.js';
import { ELFDATA2LSB, EV_CURRENT, PN_XNUM, PT_LOAD, SHT_NOBITS, SHT_NULL, SHT_STRTAB } from './constants.js';
import type { Ehdr } from './ehdr.js';
import type { Phdr } from './phdr.js';
import { ELF_MAGIC } from './read.js';
import type { Shdr } from './shdr.js';

/** A run of file bytes. Its offset is decided by the plan; bytes that need offsets are made when all are known. */
export interface Piece {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly align: number;
  /** The file offset is this value modulo `align`; 0 when absent. */
  readonly congruentTo?: bigint;
  readonly bytes: Uint8Array | ((plan: ElfPlan) => Uint8Array);
}

/** What part of which piece is in the file; without `piece`, none. */
interface FilePart {
  readonly piece?: string;
  readonly skip?: number;
  /** Bytes; to the end of the piece when absent. */
  readonly length?: number;
}

export interface SegmentSpec extends FilePart {
  readonly p_type: number;
  readonly p_flags: number;
  readonly p_vaddr: bigint;
  readonly p_paddr: bigint;
  readonly p_memsz: bigint;
  readonly p_align: bigint;
}

export interface SectionSpec extends FilePart {
  readonly name: string;
  readonly sh_type: number;
  readonly sh_flags: number;
  readonly sh_addr: bigint;
  /** Only for SHT_NOBITS, whose `piece` and `skip` say where it would be; otherwise it follows from the piece. */
  readonly sh_size?: bigint;
  readonly sh_addralign: bigint;
  readonly sh_entsize?: bigint;
  readonly sh_link?: number;
  readonly sh_info?: number;
}

export interface ElfSpec {
  readonly class: ElfClass;
  readonly e_type: number;
  readonly e_machine: number;
  readonly e_entry: bigint;
  readonly e_flags?: number;
  readonly segments: readonly SegmentSpec[];
  /** The null section and .shstrtab are added. Absent: the file has no section headers at all. */
  readonly sections?: readonly SectionSpec[];
  /** In file order. The headers always come first, at offset 0. */
  readonly pieces: readonly Piece[];
}

export interface PlannedPiece {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  readonly bytes: Uint8Array | ((plan: ElfPlan) => Uint8Array);
}

export interface ElfPlan {
  readonly class: ElfClass;
  readonly header: Ehdr;
  readonly phdrs: readonly Phdr[];
  readonly shdrs: readonly Shdr[];
  readonly pieces: readonly PlannedPiece[];
  /** Bytes of the whole file. */
  readonly size: number;
  /** File offset of a piece. */
  offsetOf(name: string): number;
}

/** The name of the piece that the plan adds for section names. */
const SHSTRTAB = '.shstrtab';

/**
 * Decides every offset: ELF header, program headers, the pieces in their order, section names, section headers.
 * A spec that cannot be laid out is a plain Error, because a program of ours made it.
 */
export function planElf(spec: ElfSpec): ElfPlan {
  const { ehdr, phdr, shdr } = ELF_TABLES[spec.class];
  if (spec.segments.length >= PN_XNUM) throw new Error(`${spec.segments.length} segments are too many`);
  const names = spec.sections === undefined ? undefined : sectionNameTable(spec.sections);
  const pieces = placePieces(
    ehdr.size + spec.segments.length * phdr.size,
    names === undefined
      ? spec.pieces
      : [...spec.pieces, { name: SHSTRTAB, size: names.bytes.length, align: 1, bytes: names.bytes }],
  );
  const byName = new Map(pieces.map((piece) => [piece.name, piece]));
  if (byName.size !== pieces.length) throw new Error('two pieces have the same name');
  const phdrs = spec.segments.map((segment) => planSegment(segment, byName));
  checkNoOverlap(phdrs);
  const shdrs = names === undefined ? [] : planSections(spec.sections ?? [], names.offsets, byName);
  const last = pieces.at(-1);
  const end = last === undefined ? ehdr.size + phdrs.length * phdr.size : last.offset + last.size;
  const e_shoff = shdrs.length === 0 ? 0 : alignUp(end, 8);
  const header = planHeader(spec, phdrs.length, shdrs.length, e_shoff);
  if (spec.class === 32) for (const fields of [header, ...phdrs, ...shdrs]) checkFits32(fields);
  return {
    class: spec.class,
    header,
    phdrs,
    shdrs,
    pieces,
    size: shdrs.length === 0 ? end : e_shoff + shdrs.length * shdr.size,
    offsetOf: (name) => pieceNamed(byName, name).offset,
  };
}

/** Counts and sizes are exact, and 0 where there is no table: kexec and GRUB compare them. */
function planHeader(spec: ElfSpec, e_phnum: number, e_shnum: number, e_shoff: number): Ehdr {
  const { EI_CLASS, ehdr, phdr, shdr } = ELF_TABLES[spec.class];
  return {
    e_ident: Uint8Array.of(...ELF_MAGIC, EI_CLASS, ELFDATA2LSB, EV_CURRENT, ...new Uint8Array(9)),
    e_type: spec.e_type,
    e_machine: spec.e_machine,
    e_version: EV_CURRENT,
    e_entry: spec.e_entry,
    e_phoff: e_phnum === 0 ? 0n : BigInt(ehdr.size),
    e_shoff: BigInt(e_shoff),
    e_flags: spec.e_flags ?? 0,
    e_ehsize: ehdr.size,
    e_phentsize: e_phnum === 0 ? 0 : phdr.size,
    e_phnum,
    e_shentsize: e_shnum === 0 ? 0 : shdr.size,
    e_shnum,
    e_shstrndx: e_shnum === 0 ? 0 : e_shnum - 1,
  };
}

function placePieces(start: number, pieces: readonly Piece[]): PlannedPiece[] {
  let end = start;
  return pieces.map(({ name, size, align, congruentTo = 0n, bytes }) => {
    if (!Number.isInteger(align) || align < 1) throw new Error(`piece ${name}: align ${align} is impossible`);
    if (!Number.isInteger(size) || size < 0) throw new Error(`piece ${name}: size ${size} is impossible`);
    const rest = Number(((congruentTo % BigInt(align)) + BigInt(align)) % BigInt(align));
    const below = end - (end % align) + rest;
    const offset = below < end ? below + align : below;
    end = offset + size;
    return { name, offset, size, bytes };
  });
}

function pieceNamed(byName: ReadonlyMap<string, PlannedPiece>, name: string): PlannedPiece {
  const piece = byName.get(name);
  if (piece === undefined) throw new Error(`there is no piece ${name}`);
  return piece;
}

function partOf(part: FilePart, byName: ReadonlyMap<string, PlannedPiece>): { offset: bigint; size: bigint } {
  if (part.piece === undefined) return { offset: 0n, size: 0n };
  const piece = pieceNamed(byName, part.piece);
  const skip = part.skip ?? 0;
  const size = part.length ?? piece.size - skip;
  if (skip < 0 || size < 0 || skip + size > piece.size) {
    throw new Error(`piece ${part.piece} of ${piece.size} bytes has no ${size} bytes at ${skip}`);
  }
  return { offset: BigInt(piece.offset + skip), size: BigInt(size) };
}

function planSegment(spec: SegmentSpec, byName: ReadonlyMap<string, PlannedPiece>): Phdr {
  const { offset, size } = partOf(spec, byName);
  const { p_type, p_flags, p_vaddr, p_paddr, p_memsz, p_align } = spec;
  const what = `segment at 0x${p_paddr.toString(16)} of ${spec.piece ?? 'no piece'}`;
  if (p_align > 1n && (p_align & (p_align - 1n)) !== 0n) throw new Error(`${what}: p_align is not a power of two`);
  if (p_type === PT_LOAD) {
    if (p_memsz < size) throw new Error(`${what}: p_memsz ${p_memsz} is less than its ${size} file bytes`);
    if (size > 0n && p_align > 1n && (p_vaddr - offset) % p_align !== 0n) {
      throw new Error(`${what}: p_offset 0x${offset.toString(16)} is not congruent to p_vaddr modulo p_align`);
    }
  }
  return { p_type, p_flags, p_offset: offset, p_vaddr, p_paddr, p_filesz: size, p_memsz, p_align };
}

function checkNoOverlap(phdrs: readonly Phdr[]): void {
  const loads = phdrs.filter((p) => p.p_type === PT_LOAD && p.p_memsz > 0n);
  loads.sort((a, b) => (a.p_paddr < b.p_paddr ? -1 : 1));
  let end = 0n;
  for (const { p_paddr, p_memsz } of loads) {
    if (p_paddr < end) throw new Error(`two PT_LOAD segments overlap in memory at 0x${p_paddr.toString(16)}`);
    end = p_paddr + p_memsz;
  }
}

function sectionNameTable(sections: readonly SectionSpec[]): { bytes: Uint8Array; offsets: number[] } {
  const parts = [asciz('')];
  let at = 1;
  const offsets = [...sections.map((s) => s.name), SHSTRTAB].map((name) => {
    const part = asciz(name);
    parts.push(part);
    at += part.length;
    return at - part.length;
  });
  return { bytes: concat(parts), offsets };
}

// prettier-ignore
const NULL_SECTION: Shdr = {
  sh_name: 0, sh_type: SHT_NULL, sh_flags: 0n, sh_addr: 0n, sh_offset: 0n, sh_size: 0n,
  sh_link: 0, sh_info: 0, sh_addralign: 0n, sh_entsize: 0n,
};

function planSections(
  sections: readonly SectionSpec[],
  nameOffsets: readonly number[],
  byName: ReadonlyMap<string, PlannedPiece>,
): Shdr[] {
  const strings: SectionSpec = {
    name: SHSTRTAB,
    sh_type: SHT_STRTAB,
    sh_flags: 0,
    sh_addr: 0n,
    piece: SHSTRTAB,
    sh_addralign: 1n,
  };
  const shdrs = [...sections, strings].map((spec, i): Shdr => {
    const { offset, size } = partOf(spec, byName);
    if (spec.sh_size !== undefined && spec.sh_type !== SHT_NOBITS)
      throw new Error(`${spec.name}: sh_size is not yours`);
    return {
      sh_name: nameOffsets[i] ?? 0,
      sh_type: spec.sh_type,
      sh_flags: BigInt(spec.sh_flags),
      sh_addr: spec.sh_addr,
      sh_offset: offset,
      sh_size: spec.sh_size ?? size,
      sh_link: spec.sh_link ?? 0,
      sh_info: spec.sh_info ?? 0,
      sh_addralign: spec.sh_addralign,
      sh_entsize: spec.sh_entsize ?? 0n,
    };
  });
  return [NULL_SECTION, ...shdrs];
}

function checkFits32(fields: object): void {
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'bigint' && (value < 0n || value > 0xffffffffn)) {
      throw new Error(`${name} 0x${value.toString(16)} does not fit into ELFCLASS32`);
    }
  }
}
