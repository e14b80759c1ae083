import { errorFactory } from '@bzelf/bytes';

export const WRITER_ERRORS = {
  'writer/efi-loss': 'An ELF header in the place of "MZ" ends EFI loading and Secure Boot of this image',
  'writer/target-form': 'This target does not apply to this form',
  'writer/unknown-target': 'There is no target of this name',
  'writer/no-room': 'The ELF header and program headers do not fit in front of the setup_header',
  'writer/no-payload': 'This image carries no compressed vmlinux',
  'writer/payload-not-elf': 'The decompressed payload is not an ELF file',
  'writer/no-xen-pv': 'The kernel inside has no Xen PV entry notes',
  'writer/no-origin': 'This file has no ORIGIN note, so it does not tell which bzImage it came from',
  'writer/origin-mismatch': 'What ORIGIN describes is not what the file holds',
  'writer/cmdline-too-long': 'The built-in command line is longer than the kernel accepts',
  'writer/does-not-fit': 'The image does not fit below 4 GiB, where its entry has to be',
  'writer/note-type': 'A note of type 18 would be taken for a PVH entry',
  'writer/no-mapping': 'This file has no MAPPING notes',
  'writer/mapping-size': 'The MAPPING note has another size than the one in the file',
  'writer/already-elf': 'This bzImage already carries an ELF header',
} as const;

export const fail = errorFactory(WRITER_ERRORS);
