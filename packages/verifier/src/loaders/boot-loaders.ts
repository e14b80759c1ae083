import { phys } from '@bzelf/bytes';
import { ELF_TABLES, EM_386, EM_X86_64, type MultibootHeader } from '@bzelf/elf';
import { isElfSubject, loadAt, type ElfSubject, type Subject } from '../subject.js';
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
const PAGE = 0x1000n;
const MULTIBOOT_WINDOW = 8192n;
const MULTIBOOT2_WINDOW = 32768n;
/** Of the low 16 bits, those that every Multiboot loader knows. */
const GRUB_FLAGS = 0xfff8;

/** A Multiboot loader that loads by ELF headers, unless the header has addresses. Source: GRUB multiboot_elfxx.c. */
function grubElf(subject: ElfSubject, header: MultibootHeader, window: bigint): Forecast {
  const protocol = header.version === 1 ? 'multiboot' : 'multiboot2';
  const { elf } = subject;
  if (header.address !== undefined) {
    if (header.entry_addr === undefined) return refuses('"load address tag without entry address tag"');
    return enters(protocol, phys(header.entry_addr), 'the addresses of the header');
  }
  const { e_machine, e_phoff, e_phnum, e_shoff, e_entry } = elf.header;
  if (e_machine !== (elf.class === 64 ? EM_X86_64 : EM_386)) return refuses('"invalid arch-dependent ELF magic"');
  if (e_phoff + BigInt(e_phnum * ELF_TABLES[elf.class].phdr.size) > window)
    return refuses('"program header at a too high offset"');
  if (e_shoff === 0n) return refuses('"invalid section header table offset in e_shoff" (2.12)');
  if (subject.loads.some(({ p_paddr, p_memsz }) => p_paddr + p_memsz > FOUR_GIB))
    return refuses('"segment crosses 4 GiB border"');
  const entry = phys(header.entry_addr ?? e_entry);
  if (!hasCodeFor(subject, 'protected32', entry)) return misreads('it enters e_entry in 32-bit mode, also in an ELF64');
  return enters(protocol, entry, 'the header, and the program headers');
}

function grubMultiboot(subject: ElfSubject): Forecast {
  const header = subject.kernel.multiboot;
  if (header === undefined) return refuses('"no multiboot header found"');
  if ((header.flags & GRUB_FLAGS) !== 0) return refuses('"unsupported flag"');
  return grubElf(subject, header, MULTIBOOT_WINDOW);
}

function grubMultiboot2(subject: ElfSubject): Forecast {
  const header = subject.kernel.multiboot2;
  if (header === undefined) return refuses('"no multiboot header found"');
  if (header.unknownTags.length > 0) return refuses('"unsupported tag"');
  return grubElf(subject, header, MULTIBOOT2_WINDOW);
}

const asBzImage = ({ kernel }: Subject): Forecast =>
  kernel.form === 'bzimage' || kernel.form === 'inplace'
    ? enters('linux16', undefined, '"HdrS" is at 0x202')
    : refuses('"invalid magic number": it is no bzImage');

/** Source: iPXE src/arch/x86/image/multiboot.c, src/image/elf.c: Multiboot before ELF before bzImage, BIOS only. */
function ipxe(subject: Subject): Forecast {
  const header = subject.kernel.multiboot;
  if (!isElfSubject(subject)) return asBzImage(subject);
  const { elf, loads } = subject;
  const { e_entry } = elf.header;
  if (header !== undefined) {
    if ((header.flags & GRUB_FLAGS) !== 0) return refuses('"Operation not supported": unknown flags');
    if (elf.class === 32) return enters('multiboot', phys(e_entry), 'a Multiboot header in an ELF32');
    if (header.entry_addr !== undefined)
      return enters('multiboot', phys(header.entry_addr), 'the addresses of the header');
    return refuses('"Exec format error": an ELF64, and a Multiboot header without addresses');
  }
  if (subject.kernel.form === 'inplace') return asBzImage(subject);
  if (elf.class === 64) return refuses('"Exec format error": an ELF64');
  if (loads.some(({ p_vaddr, p_paddr }) => p_vaddr !== p_paddr) || loadAt(loads, e_entry) === undefined)
    return refuses('"Exec format error": p_vaddr is not p_paddr, or e_entry is not loaded');
  return hasCodeFor(subject, 'protected32', e_entry)
    ? enters(undefined, phys(e_entry), 'an ELF32 without arguments', ['initrd', 'command line', 'memory map'])
    : misreads('it enters e_entry in 32-bit mode');
}

/** Source: kexec-tools kexec-x86_64.c: Multiboot 2, elf-x86_64, Multiboot, elf-x86, bzImage; with --args-linux for ELF. */
function kexecElf(subject: ElfSubject): Forecast {
  const { elf, loads, kernel } = subject;
  const { e_entry, e_machine } = elf.header;
  const entry = phys(e_entry);
  const note = subject.view('kexec').failure;
  if (note !== undefined) return refuses(`"${note}", "Cannot determine the file type"`);
  if (loads.some(({ p_paddr }) => p_paddr % PAGE !== 0n)) return refuses('"Base address is not page aligned"');
  if (kernel.multiboot2 !== undefined)
    return hasCodeFor(subject, 'protected32', entry)
      ? enters('multiboot2', entry, 'a Multiboot 2 header comes first; initrd by --module')
      : misreads('a Multiboot 2 header comes first, and it enters e_entry in 32-bit mode');
  if (subject.kernel.form === 'inplace') return misreads(BARE_DECOMPRESSOR);
  if (e_machine === EM_X86_64)
    return hasCodeFor(subject, 'long64', entry)
      ? enters('linux64', entry, 'e_machine 62, with --args-linux')
      : misreads('it enters e_entry in long mode');
  if (kernel.multiboot !== undefined) return enters('multiboot', entry, 'a Multiboot header; initrd by --module');
  return hasCodeFor(subject, 'protected32', entry)
    ? enters('linux32', entry, 'e_machine 3, with --args-linux')
    : misreads('it enters e_entry in 32-bit mode');
}

export const BOOT_LOADERS: readonly Loader[] = [
  {
    name: 'grub-multiboot',
    doc: 'GRUB, command multiboot',
    source: 'GRUB grub-core/loader/i386/multiboot_mbi.c, multiboot_elfxx.c',
    forecast: elfOr(grubMultiboot, () => refuses('"no multiboot header found"')),
  },
  {
    name: 'grub-multiboot2',
    doc: 'GRUB, command multiboot2',
    source: 'GRUB grub-core/loader/multiboot_mbi2.c, multiboot_elfxx.c',
    forecast: elfOr(grubMultiboot2, () => refuses('"no multiboot header found"')),
  },
  { name: 'grub-linux', doc: 'GRUB, command linux', source: 'GRUB grub-core/loader/i386/linux.c', forecast: asBzImage },
  { name: 'ipxe', doc: 'iPXE on BIOS', source: 'iPXE src/arch/x86/image/multiboot.c, src/image/elf.c', forecast: ipxe },
  {
    name: 'kexec',
    doc: 'kexec -l of kexec-tools on x86_64; ELF files with --args-linux',
    source: 'kexec-tools kexec/arch/x86_64/kexec-x86_64.c, kexec-elf-x86_64.c',
    forecast: elfOr(kexecElf, ({ kernel }) =>
      kernel.bits === 16
        ? refuses('it enters no real-mode code')
        : enters(kernel.bits === 64 ? 'linux64' : 'linux32', undefined, 'it is a bzImage'),
    ),
  },
];
