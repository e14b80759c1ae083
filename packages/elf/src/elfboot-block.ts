/**
 * The block of records that ELFBoot loaders hand to the program they start (Elf_Bhdr): not in a file, but in memory.
 * Source: Etherboot src/include/elf_boot.h, EBN_*; kexec-tools kexec/kexec-elf-boot.c.
 */
import { concat, setU16, struct, u16, u32 } from '@bzelf/bytes';
import { ipChecksum, ipSum } from './checksum.js';
import { fail } from './errors.js';
import { encodeNotes, type RawNote } from './note/nhdr.js';
import { walkNotes } from './note/read.js';

export const ELFBOOT_MAGIC = 0x0e1fb007;

// prettier-ignore
export const ELF_BHDR = struct('Elf_Bhdr', [
  // at  type  name          meaning
  [0x00, u32,  'b_signature', '0x0e1fb007'],
  [0x04, u32,  'b_size',      'bytes of the block, this header included'],
  [0x08, u16,  'b_checksum',  'makes the IP sum of the block 0; 0: not given'],
  [0x0a, u16,  'b_records',   'records that follow, each a note padded to 4'],
]);

/** Records without an owner are generic. */
// prettier-ignore
export const EBN_GENERIC = {
  EBN_FIRMWARE_TYPE: 1, EBN_BOOTLOADER_NAME: 2, EBN_BOOTLOADER_VERSION: 3, EBN_COMMAND_LINE: 4, EBN_NOP: 5,
  EBN_LOADED_IMAGE: 6,
} as const;

/** Records of owner "Etherboot". */
// prettier-ignore
export const EBN_ETHERBOOT = {
  EB_IA64_SYSTAB: 1, EB_IA64_MEMMAP: 2, EB_IA64_FPSWA: 3, EB_IA64_CONINFO: 4, EB_BOOTP_DATA: 5, EB_HEADER: 6,
  EB_IA64_IMAGE_HANDLE: 7, EB_I386_MEMMAP: 8,
} as const;

/** The block with its checksum. */
export function encodeElfBootBlock(records: readonly RawNote[]): Uint8Array {
  const body = encodeNotes(records);
  const b_size = ELF_BHDR.size + body.length;
  const header = ELF_BHDR.encode({ b_signature: ELFBOOT_MAGIC, b_size, b_records: records.length });
  const block = concat([header, body]);
  setU16(block, ELF_BHDR.field('b_checksum').at, ipChecksum(block));
  return block;
}

/** The records of the block that begins `bytes`. Throws elf/bad-boot-block, elf/note-truncated. */
export function decodeElfBootBlock(bytes: Uint8Array): RawNote[] {
  const { b_signature, b_size, b_checksum, b_records } = ELF_BHDR.read(bytes);
  const bad = (name: 'b_signature' | 'b_size' | 'b_checksum' | 'b_records', found: number, expected: string) =>
    fail('elf/bad-boot-block', { offset: ELF_BHDR.field(name).at, field: `Elf_Bhdr.${name}`, found, expected });
  if (b_signature !== ELFBOOT_MAGIC) throw bad('b_signature', b_signature, '0xe1fb007');
  if (b_size < ELF_BHDR.size || b_size > bytes.length) throw bad('b_size', b_size, `12 to ${bytes.length}`);
  const block = bytes.subarray(0, b_size);
  if (b_checksum !== 0 && ipSum(block) !== 0xffff) throw bad('b_checksum', b_checksum, 'an IP sum of 0xffff');
  const { notes, problem } = walkNotes(block.subarray(ELF_BHDR.size), ELF_BHDR.size, 4, b_records);
  if (notes.length < b_records) throw problem ?? bad('b_records', b_records, `${notes.length}, as the block has`);
  return notes.map(({ owner, type, desc }) => ({ owner, type, desc }));
}
