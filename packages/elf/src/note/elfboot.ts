/** Image notes of owner "ELFBoot". Source: Etherboot src/include/elf_boot.h, EIN_*; mkelfImage. */
import { fromLe, le } from '@bzelf/bytes';
import { badSize, defineNote, textNote } from './codec.js';

export const ELFBOOT_OWNER = 'ELFBoot';

export const elfbootProgramName = textNote({
  kind: 'elfboot-program-name',
  owner: ELFBOOT_OWNER,
  type: 1,
  name: 'EIN_PROGRAM_NAME',
  doc: 'program in this file',
});

export const elfbootProgramVersion = textNote({
  kind: 'elfboot-program-version',
  owner: ELFBOOT_OWNER,
  type: 2,
  name: 'EIN_PROGRAM_VERSION',
  doc: 'version of the program',
});

export const elfbootChecksum = defineNote({
  kind: 'elfboot-checksum',
  owner: ELFBOOT_OWNER,
  type: 3,
  name: 'EIN_PROGRAM_CHECKSUM',
  doc: 'IP checksum over the ELF header, the program headers and the memory of every PT_LOAD',
  encodeDesc: ({ checksum }: { readonly checksum: number }) => le(checksum, 2),
  decodeDesc(desc) {
    if (desc.length !== 2) throw badSize('EIN_PROGRAM_CHECKSUM', desc, '2');
    return { checksum: Number(fromLe(desc)) };
  },
});

/** "Linux" in the kernel patches of 2006: boot_params in esi. */
export const elfbootArgumentStyle = textNote({
  kind: 'elfboot-argument-style',
  owner: ELFBOOT_OWNER,
  type: 4,
  name: 'EIN_ARGUMENT_STYLE',
  doc: 'how the program wants its arguments',
});

export const ELFBOOT_NOTES = [
  elfbootProgramName,
  elfbootProgramVersion,
  elfbootChecksum,
  elfbootArgumentStyle,
] as const;
