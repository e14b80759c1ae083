/** Files made by hand for the corners that chance seldom finds; what is expected follows from docs/notes.md. */
import { concat, le, phys, setU16, setU32 } from '@bzelf/bytes';
import { ELF64_EHDR, ELF64_PHDR, PN_XNUM, PT_NOTE, encodeNotes, entryNote, type RawNote } from '@bzelf/elf';

const EHDR = 64;
const PHDR = 56;

interface NoteSegment {
  readonly p_offset: bigint;
  readonly p_filesz: bigint;
}

/** An ELF64 file of note segments; without a list, one that is all the bytes, up to the end of the file. */
function elf64(noteBytes: Uint8Array, segments?: readonly NoteSegment[]): Uint8Array {
  const list = segments ?? [{ p_offset: BigInt(EHDR + PHDR), p_filesz: BigInt(noteBytes.length) }];
  const header = ELF64_EHDR.encode({
    e_ident: Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    e_phoff: BigInt(EHDR),
    e_phentsize: PHDR,
    e_phnum: list.length,
    e_shentsize: 64,
  });
  const phdrs = list.map((segment) => ELF64_PHDR.encode({ p_type: PT_NOTE, p_align: 4n, ...segment }));
  return concat([header, ...phdrs, noteBytes]);
}

const entry = entryNote.encode({
  id: 7,
  protocol: 'linux64',
  mode: 'long64',
  address: phys(0x1000200),
  argument: 'rsi',
  setupRelative: false,
});
const FOUND = 'accepted entry 3,7,4,4,0@1000200';
const bzelf = (type: number, ...parts: Uint8Array[]): RawNote => ({ owner: 'bzelf', type, desc: concat(parts) });
const words16 = (...values: number[]) => concat(values.map((value) => le(value, 2)));
const row = (start: number, purpose = 2) =>
  concat([le(start, 8), le(0x1000, 8), le(0, 8), le(15, 4), words16(purpose, 0)]);
const mapping = (count: number, row_size: number, rows: number, ...rest: Uint8Array[]) =>
  bzelf(4, words16(1, 0), le(7, 4), le(count, 4), words16(row_size, rows), ...rest);

function changed(bytes: Uint8Array, change: (bytes: Uint8Array) => void): Uint8Array {
  change(bytes);
  return bytes;
}

/** Segments that together are five times the file, and then the one with the entry. */
function coveredFiveTimes(): Uint8Array {
  const notes = encodeNotes([entry]);
  const [start, size] = [EHDR + 6 * PHDR, 0x10000];
  const whole = Array.from({ length: 5 }, (_, i) => ({
    p_offset: BigInt(4 * i),
    p_filesz: BigInt(start + notes.length + size - 32),
  }));
  const last = { p_offset: BigInt(start), p_filesz: BigInt(notes.length) };
  return elf64(concat([notes, new Uint8Array(size)]), [...whole, last]);
}

/** Says by PN_XNUM that there are so many program headers, and has them. */
function manySegments(count: number): Uint8Array {
  const bytes = elf64(new Uint8Array(PHDR * count + 64), []);
  const section = bytes.length - 64;
  setU16(bytes, 0x38, PN_XNUM);
  setU32(bytes, 0x28, section); // e_shoff
  setU32(bytes, section + 44, count); // sh_info
  return bytes;
}

const longer = { ...entry, desc: concat([entry.desc, new Uint8Array(8).fill(0xff)]) };

// prettier-ignore
export const CRAFTED: readonly { what: string; bytes: Uint8Array; expected: string }[] = [
  { what: 'an ENTRY with fields of a later writer', bytes: elf64(encodeNotes([longer])), expected: FOUND },
  { what: 'an ENTRY cut by 4 bytes', bytes: elf64(encodeNotes([{ ...entry, desc: entry.desc.subarray(0, 20) }])), expected: 'accepted' },
  { what: 'rows that are longer and begin later', bytes: elf64(encodeNotes([entry, mapping(2, 40, 24, new Uint8Array(8).fill(9), row(0x1000), new Uint8Array(8).fill(9), row(0x3000), new Uint8Array(8))])),
    expected: `${FOUND} mapping 1000+1000@0,f,2 3000+1000@0,f,2` },
  { what: 'a count of rows that is 0 in 32 bits', bytes: elf64(encodeNotes([entry, mapping(0x0800_0000, 32, 16)])), expected: FOUND },
  { what: 'one row more than there are', bytes: elf64(encodeNotes([entry, mapping(2, 32, 16, row(0x1000))])), expected: FOUND },
  { what: 'a row of a purpose that is not known, then a whole MAPPING', bytes: elf64(encodeNotes([entry, mapping(1, 32, 16, row(0x1000, 99)), mapping(1, 32, 16, row(0x2000))])),
    expected: `${FOUND} mapping 2000+1000@0,f,2` },
  { what: 'no rows', bytes: elf64(encodeNotes([entry, mapping(0, 32, 16)])), expected: `${FOUND} mapping` },
  { what: 'a record of 12 zero bytes at the end of the file', bytes: elf64(concat([encodeNotes([entry]), new Uint8Array(12)])), expected: FOUND },
  { what: 'eleven bytes behind the last record', bytes: elf64(concat([encodeNotes([entry]), new Uint8Array(11)])), expected: FOUND },
  { what: 'a last record without its padding', bytes: elf64(concat([encodeNotes([entry]), le(6, 4), le(1, 4), le(99, 4), new TextEncoder().encode('bzelf\0\0\0!')])), expected: FOUND },
  { what: 'a last record that ends with its owner', bytes: elf64(concat([encodeNotes([entry]), le(6, 4), le(0, 4), le(99, 4), new TextEncoder().encode('bzelf\0')])), expected: FOUND },
  { what: 'a last record without its owner', bytes: elf64(concat([encodeNotes([entry]), le(6, 4), le(0, 4), le(99, 4)])), expected: FOUND },
  { what: 'an owner that begins like ours', bytes: elf64(encodeNotes([{ ...entry, owner: 'bzelf2' }])), expected: 'accepted' },
  { what: 'an owner without its NUL', bytes: changed(elf64(encodeNotes([entry])), (bytes) => setU32(bytes, EHDR + PHDR, 5)), expected: 'accepted' },
  { what: 'a segment that wraps around 2^64', bytes: elf64(encodeNotes([entry]), [{ p_offset: BigInt(EHDR), p_filesz: (1n << 64n) - 1n }]), expected: 'accepted' },
  { what: 'a segment that begins at 2^64 - 16', bytes: elf64(encodeNotes([entry]), [{ p_offset: (1n << 64n) - 16n, p_filesz: 64n }]), expected: 'accepted' },
  { what: 'segments that together are five times the file', bytes: coveredFiveTimes(), expected: 'accepted' },
  { what: 'the most segments that are read', bytes: manySegments(0x20000), expected: 'accepted' },
  { what: 'one segment more than that', bytes: manySegments(0x20001), expected: 'refused' },
  { what: 'big-endian', bytes: changed(elf64(encodeNotes([entry])), (bytes) => bytes.fill(2, 5, 6)), expected: 'refused' },
  { what: 'a class of neither', bytes: changed(elf64(encodeNotes([entry])), (bytes) => bytes.fill(3, 4, 5)), expected: 'refused' },
  { what: 'an ELF header that is cut', bytes: elf64(new Uint8Array(0)).subarray(0, 63), expected: 'refused' },
  { what: 'fifteen bytes', bytes: elf64(new Uint8Array(0)).subarray(0, 15), expected: 'refused' },
  { what: 'nothing', bytes: new Uint8Array(0), expected: 'refused' },
];
