/**
 * A real bzImage with less inside: its own setup, decompressor and header around the first pages of each segment, compressed again. What takes a
 * hundred million instructions takes a few hundred thousand, so that hundreds of broken files can run.
 */
import { gzipSync } from 'node:zlib';
import { concat, le, setU32 } from '@bzelf/bytes';
import {
  extractPayload,
  fixCrc,
  placeVmlinux,
  readBzImage,
  SETUP_HEADER,
  splitVmlinux,
  type BzImage,
  type CompressorName,
  type Relocations,
} from '@bzelf/bzimage';
import { ELF_TABLES, PT_LOAD, readElf, type ElfFile } from '@bzelf/elf';
import { judge } from '@bzelf/testkit';

/** Of each segment. */
const KEPT = 0x3000;

/** As the kernel's build compresses. Source: scripts/Makefile.lib. */
// prettier-ignore
const COMPRESS: Partial<Record<CompressorName, readonly string[]>> = {
  bzip2: ['bzip2', '-9'],
  lzma:  ['xz', '--format=lzma', '-9'],
  xz:    ['xz', '--check=crc32', '--x86', '--lzma2=dict=1MiB'],
  lzo:   ['lzop', '-9'],
  lz4:   ['lz4', '-l', '-9'],
  zstd:  ['zstd', '-19'],
};

/** What a change may do to the vmlinux and to the relocation table before they are compressed. */
export interface Inside {
  readonly vmlinux?: (elf: Uint8Array) => void;
  readonly relocations?: (table: Uint8Array) => Uint8Array;
}

/** Which programs compress as this kernel wants it: none for gzip. */
export const compressorProgram = (name: CompressorName): string | undefined => COMPRESS[name]?.[0];

/** A bzImage that unpacks in no time, CRC and lengths right. */
export async function smallKernel(image: Uint8Array, inside: Inside = {}): Promise<Uint8Array> {
  const bz = readBzImage(image);
  const { payload } = bz;
  if (payload?.compressor === undefined) throw new Error('no payload');
  const whole = await extractPayload(bz);
  const less = lessInside(whole, inside);
  const stream = compress(payload.compressor, less);
  const before = bz.header.payload_length ?? 0;
  if (stream.length > before) throw new Error(`${stream.length} bytes of payload do not fit into ${before}`);
  const bytes = image.slice();
  bytes.fill(0, payload.offset, payload.offset + before);
  bytes.set(stream, payload.offset);
  setLengths(bytes, bz, [before, whole.length], [stream.length, less.length]);
  SETUP_HEADER.write(bytes, 0, { payload_length: stream.length });
  if (bz.crc.stored !== undefined) fixCrc(bytes, bz.protectedMode.offset + bz.protectedMode.size);
  return bytes;
}

/** gzip has the length at its end; behind the others it is appended. */
function compress(name: CompressorName, bytes: Uint8Array): Uint8Array {
  if (name === 'gzip') return new Uint8Array(gzipSync(bytes, { level: 9 }));
  const [program = '', ...words] = COMPRESS[name] ?? [];
  const stream = judge(program)?.bytes([...words, '-c'], { input: bytes });
  if (stream === undefined) throw new Error(`no ${program} here`);
  return concat([stream, le(bytes.length, 4)]);
}

/** `input_len` and `output_len` of the decompressor stand side by side. Source: arch/x86/boot/compressed/mkpiggy.c. */
function setLengths(bytes: Uint8Array, { protectedMode }: BzImage, before: number[], after: number[]): void {
  const wanted = Buffer.concat(before.map((value) => le(value, 4)));
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(wanted, protectedMode.offset);
  if (at < 0) throw new Error('the decompressor has no lengths');
  after.forEach((value, i) => setU32(bytes, at + 4 * i, value));
}

function lessInside(whole: Uint8Array, { vmlinux, relocations: change }: Inside): Uint8Array {
  const { elf, relocations } = splitVmlinux(whole);
  const file = readElf(elf);
  const { bytes, kept } = lessElf(file, elf);
  vmlinux?.(bytes);
  if (relocations === undefined) return bytes;
  const table = tableOf(relocations, file, (address) => isKept(kept, elf, address));
  return concat([bytes, change === undefined ? table : change(table)]);
}

interface Kept {
  readonly paddr: bigint;
  readonly length: bigint;
}

/** Program headers as they were, but for what is in the file of each segment; no sections. */
function lessElf(file: ElfFile, whole: Uint8Array) {
  const { ehdr, phdr } = ELF_TABLES[file.class];
  const start = Number(file.header.e_phoff) + phdr.size * file.segments.length;
  const pieces = [whole.slice(0, start)];
  const kept: Kept[] = [];
  let end = start;
  const [head = new Uint8Array(0)] = pieces;
  file.segments.forEach((segment, i) => {
    const { p_offset, p_filesz, p_paddr, p_type } = segment;
    const at = Number(file.header.e_phoff) + i * phdr.size;
    const length = p_type === PT_LOAD ? Math.min(Number(p_filesz), KEPT) : 0;
    const values = { p_offset: BigInt(end), p_filesz: BigInt(length) };
    (phdr as { write(b: Uint8Array, at: number, v: object): void }).write(head, at, values);
    pieces.push(whole.slice(Number(p_offset), Number(p_offset) + length));
    if (length > 0) kept.push({ paddr: p_paddr, length: BigInt(length) });
    end += length;
  });
  (ehdr as { write(b: Uint8Array, at: number, v: object): void }).write(head, 0, {
    e_shoff: 0n,
    e_shnum: 0,
    e_shstrndx: 0,
  });
  return { bytes: concat(pieces), kept };
}

function isKept(kept: readonly Kept[], elf: Uint8Array, address: number): boolean {
  const { linkBase, virtualBase } = placeVmlinux(elf);
  const low = Number(BigInt.asUintN(32, virtualBase + linkBase));
  const paddr = linkBase + BigInt((address - low) >>> 0);
  return kept.some((piece) => paddr >= piece.paddr && paddr + 8n <= piece.paddr + piece.length);
}

/** As the kernel's build lays it out. Source: arch/x86/tools/relocs.c, emit_relocs. */
function tableOf(
  { abs32, inverse32, abs64 }: Relocations,
  file: ElfFile,
  wanted: (address: number) => boolean,
): Uint8Array {
  const lists = file.class === 64 ? [abs64, inverse32, abs32] : [abs32];
  return concat(lists.flatMap((list) => [le(0, 4), ...[...list].filter(wanted).map((word) => le(word, 4))]));
}
