/** The 16-bit ones' complement sum that IP headers, ELFBoot and coreboot tables use. Source: RFC 1071. */
import { getU32, setU16 } from '@bzelf/bytes';
import { ELF_TABLES } from './class.js';
import { PT_LOAD } from './constants.js';
import { fail } from './errors.js';
import { elfbootChecksum, ELFBOOT_OWNER } from './note/elfboot.js';
import { readNotes } from './note/read.js';
import { readElf, segmentBytes, type ElfFile } from './read.js';

/** Words added before the sum is folded; 2^16 words of 32 bits stay exact in a double. */
const FOLD_WORDS = 0x10000;

/** Folds to 16 bits. Adding 32-bit words instead of 16-bit ones changes nothing, because 2^16 = 1 modulo 0xffff. */
const fold = (sum: number): number => (sum === 0 ? 0 : ((sum - 1) % 0xffff) + 1);

/** The folded sum, not complemented: 0 only if every byte is 0. An odd last byte counts as the low half of a word. */
export function ipSum(bytes: Uint8Array): number {
  // a Buffer's own slice() would not copy
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, Math.floor(aligned.length / 4));
  let sum = 0;
  for (let from = 0; from < words.length; from += FOLD_WORDS) {
    const to = Math.min(from + FOLD_WORDS, words.length);
    for (let i = from; i < to; i++) sum += words[i] ?? 0;
    sum = fold(sum);
  }
  const tail = new Uint8Array(4);
  tail.set(aligned.subarray(words.length * 4));
  return fold(sum + getU32(tail));
}

/**
 * Adds the sum of a part that begins at `offset` of a stream to the sum of what is before it. At an odd offset the
 * halves of its words are the other way round.
 */
export function ipCombine(sum: number, offset: number, part: number): number {
  return fold(sum + swapAtOdd(offset, part));
}

const swapAtOdd = (offset: number, word: number): number =>
  offset % 2 === 0 ? word : ((word & 0xff) << 8) | (word >>> 8);

/** The checksum of bytes whose checksum field is 0. It is never 0 itself: 0 is stored as 0xffff. */
export const ipChecksum = (...parts: readonly Uint8Array[]): number => {
  let sum = 0;
  let offset = 0;
  for (const part of parts) {
    sum = ipCombine(sum, offset, ipSum(part));
    offset += part.length;
  }
  return complement(sum);
};

const complement = (sum: number): number => (sum === 0xffff ? 0xffff : ~sum & 0xffff);

interface ChecksumField {
  /** File offset of the two bytes. */
  readonly offset: number;
  readonly stored: number;
}

/** The checksum field of a file's ELFBoot note. Throws elf/no-checksum-note. */
export function elfBootChecksumField(elf: ElfFile): ChecksumField {
  const note = readNotes(elf).find(({ owner, type }) => owner === ELFBOOT_OWNER && type === elfbootChecksum.type);
  if (note === undefined || note.desc.length !== 2)
    throw fail('elf/no-checksum-note', { ...(note && { offset: note.offset }) });
  return { offset: note.descOffset, stored: elfbootChecksum.decode(note.desc).checksum };
}

/**
 * What the ELFBoot checksum note of a file must hold: the sum over ELF header, program headers and the memory image
 * of every PT_LOAD (file bytes, then zeros to p_memsz), with the note's field as zero should a PT_LOAD contain it.
 * Then the field counts in the consumer's sum, which must come to 0xffff; at an odd offset it is stored turned.
 * Source: Etherboot elf_loader.c; mkelfImage 2.5 and later.
 */
export function elfBootChecksum(elf: ElfFile): number {
  const field = elfBootChecksumField(elf);
  const { ehdr, phdr } = ELF_TABLES[elf.class];
  const phdrBytes = elf.segments.length * phdr.size;
  const phoff = elf.segments.length === 0 ? 0 : Number(elf.header.e_phoff);
  let sum = ipCombine(ipSum(elf.source.read(0, ehdr.size)), ehdr.size, ipSum(elf.source.read(phoff, phdrBytes)));
  let offset = BigInt(ehdr.size + phdrBytes);
  let turned = 0;
  for (const segment of elf.segments) {
    if (segment.p_type !== PT_LOAD) continue;
    const bytes = segmentBytes(elf, segment);
    const parity = Number(offset & 1n);
    sum = ipCombine(sum, parity, ipSum(bytes));
    const fieldAt = field.offset - Number(segment.p_offset);
    if (fieldAt >= 0 && fieldAt + 2 <= bytes.length) {
      turned = (parity + fieldAt) % 2;
      sum = withoutField(sum, turned, field.stored);
    }
    offset += segment.p_memsz;
  }
  return swapAtOdd(turned, complement(sum));
}

/** Takes a stored field out of a sum again: adding the complement subtracts. */
function withoutField(sum: number, parity: number, stored: number): number {
  return ipCombine(sum, parity, ~stored & 0xffff);
}

/** Computes the ELFBoot checksum of a finished file, stores it in its note and returns it. */
export function sealElfBootChecksum(bytes: Uint8Array): number {
  const elf = readElf(bytes);
  const { offset } = elfBootChecksumField(elf);
  const checksum = elfBootChecksum(elf);
  setU16(bytes, offset, checksum);
  return checksum;
}
