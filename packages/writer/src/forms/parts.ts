import { addBytes, phys, type PhysAddr } from '@bzelf/bytes';
import {
  PF_R,
  PF_W,
  PT_LOAD,
  PT_NOTE,
  SHF_ALLOC,
  SHF_EXECINSTR,
  SHF_WRITE,
  SHT_NOBITS,
  SHT_NOTE,
  SHT_PROGBITS,
  type Piece,
  type SectionSpec,
  type SegmentSpec,
} from '@bzelf/elf';

export const PAGE = 0x1000;

/** A loaded part of the file: its bytes, its PT_LOAD, and the sections that mirror it (U-Boot loads by sections). */
export interface Part {
  readonly piece: Piece;
  readonly segment: SegmentSpec;
  readonly sections: readonly SectionSpec[];
}

/**
 * A PT_LOAD of a part of a piece. p_vaddr = p_paddr: iPXE loads by the one and compares it with the other. p_align 0,
 * "none" by the gABI: rust-vmm's linux-loader refuses every other value that is no multiple of 2 MiB.
 */
export function loadSegment(
  piece: string,
  { offset: skip, size: length }: { offset: number; size: number },
  address: PhysAddr,
  p_memsz: bigint,
  p_flags: number,
): LoadedBytes {
  return {
    p_type: PT_LOAD,
    p_flags,
    p_vaddr: address,
    p_paddr: address,
    p_memsz,
    p_align: 0n,
    piece,
    skip,
    length,
  };
}

/** p_align 4 and no tail: the only form that every reader walks alike. Source: docs/notes.md, Emission rules. */
export const noteSegment = ({ name, size }: Piece): SegmentSpec => ({
  p_type: PT_NOTE,
  p_flags: PF_R,
  p_vaddr: 0n,
  p_paddr: 0n,
  p_memsz: BigInt(size),
  p_align: 4n,
  piece: name,
});

export const noteSection = (piece: string): SectionSpec => ({
  name: '.note.bzelf',
  sh_type: SHT_NOTE,
  sh_flags: 0,
  sh_addr: 0n,
  piece,
  sh_addralign: 4n,
});

/**
 * Sections for a PT_LOAD: file bytes and bss. A section that is writable and executable is taken for a mistake
 * (eu-elflint), so such a segment is mirrored as code, the first `code` bytes of it, and data.
 */
export function mirrored(name: string, segment: LoadedBytes, code = 0): SectionSpec[] {
  const { skip, length, p_memsz, p_flags } = segment;
  const write = p_flags & PF_W ? SHF_WRITE : 0;
  const at = (from: number, to: number, suffix: string, sh_flags: number): SectionSpec => ({
    name: `${name}${suffix}`,
    sh_type: SHT_PROGBITS,
    sh_flags: SHF_ALLOC | sh_flags,
    sh_addr: addBytes(phys(segment.p_paddr), from),
    piece: segment.piece,
    skip: skip + from,
    length: to - from,
    sh_addralign: 1n,
  });
  const bss = p_memsz - BigInt(length);
  const file =
    code > 0 ? [at(0, code, '', SHF_EXECINSTR), at(code, length, '.data', write)] : [at(0, length, '', write)];
  if (bss <= 0n) return file;
  return [...file, { ...at(length, length, '.bss', write), sh_type: SHT_NOBITS, sh_size: bss }];
}

/** A PT_LOAD whose file bytes are known to be part of a piece. */
export type LoadedBytes = SegmentSpec & Required<Pick<SegmentSpec, 'piece' | 'skip' | 'length'>>;

/** A section over bytes that are kept in the file and never loaded; none for no bytes. */
export function kept(name: string, piece: string, skip: number, length: number): SectionSpec[] {
  if (length <= 0) return [];
  return [{ name, sh_type: SHT_PROGBITS, sh_flags: 0, sh_addr: 0n, piece, skip, length, sh_addralign: 1n }];
}
