import { getU32, hex } from '@bzelf/bytes';
import { HDRS } from '@bzelf/bzimage';
import { EM_X86_64, findBootHeaders, type MultibootHeader } from '@bzelf/elf';
import { ehdrField, notesOf, type ElfSubject } from '../subject.js';
import { defineElfCheck, type Report } from './check.js';

const HDRS_AT = 0x202;
/** The last header that QEMU finds in the first 8192 bytes. Source: QEMU hw/i386/multiboot.c; docs/loaders.md. */
const QEMU_LAST = 8140;
/** GRUB refuses a header with others of the low 16 bits, iPXE and crosvm with others at all. */
const KNOWN_FLAGS = 0x1_0007;

// prettier-ignore
const FINDINGS = {
  'boot-headers/hdrs': {
    severity: 'error', title: '"HdrS" is at 0x202 of a file that is no bzImage',
    explanation: 'QEMU and GRUB `linux` look there first and take the file for a bzImage.', remedy: 'wrap the bzImage again',
  },
  'boot-headers/accidental': {
    severity: 'error', title: 'There is a boot header that the file does not declare',
    explanation: 'A loader that searches the first bytes of a file finds its magic and a checksum that fits, and takes what follows at its word.', remedy: 'wrap the bzImage again: the writer moves such bytes out of sight',
  },
  'boot-headers/missing': {
    severity: 'error', title: 'An ENTRY note speaks of a Multiboot header that is not there',
    explanation: 'No loader finds the entry: magic, checksum and place of the header are what it is known by.', remedy: 'wrap the bzImage again',
  },
  'boot-headers/late': {
    severity: 'error', title: 'The Multiboot header is behind what QEMU searches',
    explanation: 'QEMU stops at 8140, GRUB and iPXE a little later.', remedy: 'wrap the bzImage again',
  },
  'boot-headers/machine': {
    severity: 'error', title: 'A Multiboot header without addresses is in an ELF file for x86-64',
    explanation: 'QEMU says "Cannot load x86-64 image, give a 32bit one." and ends, also where there is a PVH entry.', remedy: 'wrap for `multiboot` (an ELF32) or `universal`',
  },
  'boot-headers/flags': {
    severity: 'warning', title: 'The Multiboot header asks for what loaders do not know',
    explanation: 'GRUB says "unsupported flag"; crosvm and iPXE refuse others, too.', remedy: 'wrap the bzImage again',
  },
  'boot-headers/addresses': {
    severity: 'error', title: 'The addresses of the Multiboot header load the file elsewhere than its PT_LOADs',
    explanation: 'Loaders go by the one or by the other.', remedy: 'wrap the bzImage again',
  },
  'boot-headers/entry': {
    severity: 'error', title: 'The entry of the Multiboot header is not that of its ENTRY note',
    explanation: 'Loaders read the one or the other.', remedy: 'wrap the bzImage again',
  },
} as const;
type Reporter = Report<typeof FINDINGS>;

export const bootHeadersCheck = defineElfCheck({
  name: 'boot-headers',
  doc: 'Multiboot headers that are meant fit the file, and no others are found, nor "HdrS".',
  findings: FINDINGS,
  run(subject, report) {
    const { source, kernel } = subject;
    if (kernel.form !== 'inplace' && source.size >= HDRS_AT + 4 && getU32(source.read(HDRS_AT, 4)) === HDRS)
      report('boot-headers/hdrs', { offset: HDRS_AT, found: 'HdrS' });
    checkAccidental(subject, report);
    checkHeader(subject, 'multiboot', kernel.multiboot, report);
    checkHeader(subject, 'multiboot2', kernel.multiboot2, report);
  },
});

/** More headers than ENTRY notes say. In an ELF file that is not bzelf's, a Multiboot header is meant. */
function checkAccidental(subject: ElfSubject, report: Reporter): void {
  const declared = new Set(notesOf(subject, 'bzelf-entry').map(({ value }) => value.protocol));
  const isMeant = {
    Multiboot: subject.form === undefined || declared.has('multiboot'),
    'Multiboot 2': subject.form === undefined || declared.has('multiboot2'),
    'Xen binary': false,
  };
  const seen = new Set<string>();
  for (const { name, offset } of findBootHeaders(subject.source)) {
    if (seen.has(name) || !isMeant[name]) report('boot-headers/accidental', { offset, found: `${name} header` });
    seen.add(name);
  }
}

function checkHeader(
  subject: ElfSubject,
  protocol: 'multiboot' | 'multiboot2',
  header: MultibootHeader | undefined,
  report: Reporter,
): void {
  const entry = notesOf(subject, 'bzelf-entry').find(({ value }) => value.protocol === protocol)?.value;
  if (header === undefined) {
    if (entry !== undefined) report('boot-headers/missing', { found: protocol });
    return;
  }
  const { elf } = subject;
  const { offset, flags, address, unknownTags } = header;
  if (protocol === 'multiboot') {
    if (offset > QEMU_LAST) report('boot-headers/late', { offset, expected: `at most ${hex(QEMU_LAST)}` });
    if ((flags & ~KNOWN_FLAGS) !== 0)
      report('boot-headers/flags', { offset: offset + 4, field: 'flags', found: flags });
    if (address === undefined && elf.header.e_machine === EM_X86_64)
      report('boot-headers/machine', ehdrField(elf, 'e_machine'));
  }
  if (unknownTags.length > 0) report('boot-headers/flags', { offset, field: 'tags', found: unknownTags.join(', ') });
  if (address !== undefined) checkAddresses(subject, header, address, report);
  const found = header.entry_addr ?? Number(elf.header.e_entry);
  // Without an entry field of its own a header means e_entry, which the entry check looks at.
  if (entry !== undefined && header.entry_addr !== undefined && BigInt(found) !== entry.address)
    report('boot-headers/entry', { offset, field: 'entry_addr', found, expected: entry.address });
}

/** A raw load puts file offset `offset - (header_addr - load_addr)` at load_addr; PT_LOADs must get the same places. */
function checkAddresses(
  { loads }: ElfSubject,
  { offset, entry_addr }: MultibootHeader,
  { header_addr, load_addr, load_end_addr, bss_end_addr }: NonNullable<MultibootHeader['address']>,
  report: Reporter,
): void {
  const wrong = (field: string, found: number, expected: string) =>
    report('boot-headers/addresses', { offset, field, found, expected });
  const from = offset - (header_addr - load_addr);
  if (from < 0) return wrong('load_addr', load_addr, 'the address of a byte of the file');
  if (load_end_addr !== 0 && load_end_addr < load_addr)
    return wrong('load_end_addr', load_end_addr, 'load_addr or more');
  if (entry_addr !== undefined && (entry_addr < load_addr || (load_end_addr !== 0 && entry_addr >= load_end_addr)))
    return wrong('entry_addr', entry_addr, 'an address that is loaded');
  for (const { p_paddr, p_offset, p_filesz, p_memsz } of loads) {
    const moved = BigInt(load_addr) + p_offset - BigInt(from);
    if (p_filesz > 0n && moved !== p_paddr)
      return wrong('load_addr', load_addr, `${hex(p_paddr)} for ${hex(p_offset)}`);
    if (load_end_addr !== 0 && p_paddr + p_filesz > BigInt(load_end_addr))
      return wrong('load_end_addr', load_end_addr, `${hex(p_paddr + p_filesz)} or more`);
    if (bss_end_addr !== 0 && p_paddr + p_memsz > BigInt(bss_end_addr))
      return wrong('bss_end_addr', bss_end_addr, `${hex(p_paddr + p_memsz)} or more`);
  }
}
