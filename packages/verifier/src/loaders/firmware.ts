import { phys } from '@bzelf/bytes';
import { ELF_TABLES, elfBootChecksum, EM_386, ET_DYN, ET_EXEC } from '@bzelf/elf';
import { notesOf, type ElfSubject, type Subject } from '../subject.js';
import {
  BARE_DECOMPRESSOR,
  elfOr,
  enters,
  hasCodeFor,
  misreads,
  refuses,
  type Forecast,
  type Loader,
} from './loader.js';

const FOUR_GIB = 0x1_0000_0000n;
/** What Etherboot downloads first, and looks for the program headers in. */
const FIRST_BLOCK = 512;

/** Enters e_entry in 32-bit mode; a stub asks who called. */
function entry32(subject: ElfSubject, protocol: 'coreboot' | 'elfboot', loses: Forecast['loses']): Forecast {
  const { e_entry } = subject.elf.header;
  if (subject.kernel.form === 'inplace') return misreads(BARE_DECOMPRESSOR);
  const asks = subject.kernel.entries.some((entry) => entry.protocol === protocol);
  if (!asks || !hasCodeFor(subject, 'protected32', e_entry))
    return misreads(`it enters e_entry in 32-bit mode, and there is no ${protocol} entry`);
  return enters(protocol, phys(e_entry), 'e_entry', loses);
}

/** Source: coreboot util/cbfstool/cbfs-mkpayload.c, parse_elf_to_payload; src/lib/selfboot.c. */
function coreboot(subject: ElfSubject): Forecast {
  if (subject.elf.header.e_entry >= FOUR_GIB) return refuses('the entry is above 4 GiB');
  return entry32(subject, 'coreboot', ['initrd', 'command line']);
}

/** Source: FILO main/elfload.c. */
function filo(subject: ElfSubject): Forecast {
  const { elf } = subject;
  if (elf.class !== 32 || elf.header.e_machine !== EM_386) return refuses('it takes ELF32 for the 386 only');
  if (elf.header.e_type !== ET_EXEC) return refuses('it takes ET_EXEC only');
  const [checksum] = notesOf(subject, 'elfboot-checksum');
  if (checksum !== undefined && checksum.value.checksum !== elfBootChecksum(elf)) return refuses('"Verify FAILED"');
  return entry32(subject, 'elfboot', ['initrd']);
}

/** Source: Etherboot src/core/elf_loader.c, src/arch/i386/core/elf.c; a build without long mode. */
function etherboot(subject: ElfSubject): Forecast {
  const { elf } = subject;
  const { e_type, e_machine, e_phoff } = elf.header;
  if (elf.class !== 32 || e_machine !== EM_386) return refuses('only a build with long mode takes it');
  if (e_type !== ET_EXEC && e_type !== ET_DYN) return refuses('it takes ET_EXEC and ET_DYN only');
  if (e_phoff + BigInt(elf.segments.length * ELF_TABLES[elf.class].phdr.size) > FIRST_BLOCK)
    return refuses('"ELF header outside first block"');
  return entry32(subject, 'elfboot', ['initrd', 'command line']);
}

/** Source: U-Boot cmd/elf.c, lib/elf.c; sections are the default, and a build for i386. */
function uboot(subject: ElfSubject): Forecast {
  const { elf } = subject;
  if (elf.header.e_type !== ET_EXEC) return refuses('"Not a 32-bit elf image"');
  if (elf.header.e_shoff === 0n) return misreads('it loads by sections, of which there are none, and jumps to e_entry');
  if (!hasCodeFor(subject, 'protected32', elf.header.e_entry) || subject.kernel.form === 'inplace')
    return misreads('it enters e_entry in 32-bit mode, as a function with argc and argv');
  return enters(undefined, phys(elf.header.e_entry), 'e_entry, with argc and argv', [
    'initrd',
    'command line',
    'memory map',
  ]);
}

const bzImage = ({ kernel }: Subject): Forecast =>
  kernel.bits === 16 ? refuses('it enters no real-mode code') : enters('linux32', undefined, 'it is a bzImage');
const noElf = (): Forecast => refuses('it is no ELF file');

export const FIRMWARE: readonly Loader[] = [
  {
    name: 'coreboot',
    doc: 'coreboot and SeaBIOS, a payload by cbfstool',
    source: 'coreboot util/cbfstool/cbfs-mkpayload.c; src/lib/selfboot.c',
    forecast: elfOr(coreboot, bzImage),
  },
  { name: 'filo', doc: 'FILO', source: 'FILO main/elfload.c', forecast: elfOr(filo, bzImage) },
  {
    name: 'etherboot',
    doc: 'Etherboot 5',
    source: 'Etherboot src/core/elf_loader.c',
    forecast: elfOr(etherboot, noElf),
  },
  { name: 'uboot', doc: 'U-Boot bootelf', source: 'U-Boot cmd/elf.c, lib/elf.c', forecast: elfOr(uboot, noElf) },
];
