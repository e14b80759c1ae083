/** Wrong bytes: the payload of each compressor, the kernel in it, its relocation table, and files that end too early. */
import { readBzImage } from '@bzelf/bzimage';
import { PT_LOAD } from '@bzelf/elf';
import type { BaseName } from './bases';
import { elf, flip, flipPayload, header, sealed } from './edits';
import type { FileMutation } from './mutation';

/** lz4 as the kernel has it has no checksum: another byte is another kernel, and only the CRC around it knows. */
const CHECKED: readonly BaseName[] = ['bzImage', 'bzImage 32', 'bzip2', 'lzma', 'lzo', 'zstd', 'xz', 'xz 32'];
const COMPRESSED: readonly BaseName[] = [...CHECKED, 'lz4'];
const PARTS = [0.02, 0.5, 0.97];

const word = (table: Uint8Array, at: number, value: number): Uint8Array => {
  new DataView(table.buffer, table.byteOffset).setUint32(at < 0 ? table.length + at : at, value, true);
  return table;
};
const cut = (length: number) => (bytes: Uint8Array) => bytes.slice(0, length);
const shortBy = (by: number) => (bytes: Uint8Array) => bytes.slice(0, bytes.length - by);

const firstInstruction = elf((file) => {
  flip(Number(file.elf.segments.find(({ p_type }) => p_type === PT_LOAD)?.p_offset))(file.bytes);
  file.checksum();
});

// prettier-ignore
export const CONTENTS: readonly FileMutation[] = [
  ...CHECKED.flatMap((base) => PARTS.map((part): FileMutation =>
    ({ name: `a byte at ${part * 100} % of the payload`, base, change: flipPayload(part), code: 'inner/corrupt' }))),
  ...COMPRESSED.map((base): FileMutation =>
    ({ name: 'a payload_length of 100 bytes', base, change: header({ payload_length: 100 }), code: 'inner/corrupt' })),
  { name: 'a byte of the payload, CRC as it was',  base: 'lz4',        change: (b) => flip((readBzImage(b.slice()).payload?.offset ?? 0) + 0x800)(b), code: 'crc/bad' },
  { name: 'a byte of the payload, CRC as it was',  base: 'bzImage',    change: flip(0x4800), code: 'inner/corrupt' },
  { name: 'a byte of the payload',                 base: 'container',  change: flip(0x6800), code: 'inner/corrupt' },
  { name: 'a byte of the payload',                 base: 'inplace',    change: flip(0x4800), code: 'inner/corrupt' },
  { name: 'a relocation table without its first word',  base: 'bzImage', inside: { relocations: (table) => table.slice(4) }, code: 'inner/relocations' },
  { name: 'a relocation table without its last byte',   base: 'bzImage', inside: { relocations: shortBy(1) }, code: 'inner/relocations' },
  { name: 'a relocation table cut in the middle',       base: 'bzImage', inside: { relocations: (table) => table.slice(0, 8) }, code: 'inner/relocations' },
  { name: 'a relocation far outside the kernel',        base: 'bzImage', inside: { relocations: (table) => word(table, -4, 0xfffffff0) }, code: 'inner/relocations' },
  { name: 'a relocation between two segments',          base: 'bzImage 32', inside: { relocations: (table) => word(table, -4, 0xcfffffff) }, code: 'inner/relocations' },
  { name: 'a relocation table without its first word',  base: 'bzImage 32', inside: { relocations: (table) => table.slice(4) }, code: 'inner/relocations' },
  { name: 'a relocation table without its last byte',   base: 'xz',      inside: { relocations: shortBy(1) }, code: 'inner/relocations' },
  { name: 'a relocation table cut in the middle',       base: 'zstd',    inside: { relocations: (table) => table.slice(0, 8) }, code: 'inner/relocations' },
  { name: 'a vmlinux without its magic number',         base: 'bzImage', inside: { vmlinux: flip(1) }, code: 'inner/vmlinux' },
  { name: 'a vmlinux without program headers',          base: 'bzImage', inside: { vmlinux: (b) => b.fill(0, 0x38, 0x3a) }, code: 'inner/relocations' },
  { name: 'a vmlinux that is entered elsewhere',        base: 'bzImage', inside: { vmlinux: flip(0x1b, 0x40) }, code: 'inner/vmlinux' },
  { name: 'a vmlinux that needs more than init_size',   base: 'bzImage', inside: { vmlinux: flip(0x40 + 0x2b, 0x20) }, code: 'inner/init-size' },
  { name: 'a vmlinux at an odd address',                base: 'bzImage', inside: { vmlinux: flip(0x40 + 0x19, 0x10) }, code: 'image/differs' },
  { name: 'p_align of the vmlinux to 4 KiB',            base: 'bzImage', inside: { vmlinux: (b) => b.set([0, 0x10, 0, 0], 0x40 + 0x30) }, code: 'run/halt' },
  { name: 'a file that ends in its setup',         base: 'bzImage',    change: cut(0x1000), code: 'file/malformed' },
  { name: 'a file without its last page',          base: 'bzImage',    change: shortBy(0x1000), code: 'setup-header/cut-short' },
  { name: 'a file without its last byte',          base: 'bzImage 32', change: shortBy(1), code: 'setup-header/cut-short' },
  { name: 'a file that ends in its payload',       base: 'lzo',        change: cut(0x5000), code: 'file/malformed' },
  { name: 'a file without its last page',          base: 'lz4',        change: shortBy(0x1000), code: 'setup-header/cut-short' },
  { name: 'a file without its last page',          base: 'container',  change: shortBy(0x1000), code: 'segments/past-eof' },
  { name: 'a file without its stub',               base: 'container',  change: cut(0x182000), code: 'segments/past-eof' },
  { name: 'a file that ends in its notes',         base: 'container',  change: cut(0x400), code: 'segments/past-eof' },
  { name: 'a file that ends in its headers',       base: 'container',  change: cut(0x60), code: 'file/malformed' },
  { name: 'a file without its last byte',          base: 'inplace',    change: shortBy(1), code: 'file/malformed' },
  { name: 'a file without its last page',          base: 'multiboot',  change: shortBy(0x1000), code: 'segments/past-eof' },
  { name: 'a file without its last half',          base: 'vmlinux',    change: (b) => b.slice(0, b.length >> 1), code: 'segments/past-eof' },
  { name: 'a file without its last half',          base: 'vmlinux 32', change: (b) => b.slice(0, b.length >> 1), code: 'segments/past-eof' },
  { name: 'the first instruction of the kernel',   base: 'vmlinux',    change: firstInstruction, code: 'run/fault' },
  { name: 'the first instruction of the kernel',   base: 'vmlinux 32', change: firstInstruction, code: 'run/fault' },
  { name: 'nothing but zeros for a decompressor',  base: 'bzImage',    change: sealed((b) => b.fill(0, 0x4200, 0x42c0)), code: 'run/fault' },
];
