import { alignUp, asciz, concat, equalBytes } from '@bzelf/bytes';
import {
  ELF_TABLES,
  encodeNotes,
  PF_R,
  PT_NOTE,
  PT_NULL,
  readElf,
  readNotes,
  sealElfBootChecksum,
  SHT_NOTE,
  type ElfFile,
  type Note,
  type Phdr,
  type RawNote,
  type Shdr,
} from '@bzelf/elf';
import { vmlinuxEntries } from '../entries-vmlinux.js';
import { fail } from '../errors.js';
import { bzelfNotes, elfBootNotes } from '../notes.js';
import type { FormContext, WrittenForm } from './context.js';

/** Xen notes by type. Source: Xen public/elfnote.h. */
const XEN_ENTRY = 1;
const XEN_VIRT_BASE = 3;
const XEN_PHYS32_ENTRY = 18;

/**
 * The inner kernel as an ELF of its own: every byte, address and header of it as it was, but for one PT_NOTE that
 * lists the kernel's notes and ours, because loaders look at one PT_NOTE only (which one differs).
 */
export function writeVmlinux(ctx: FormContext, vmlinux: Uint8Array): WrittenForm {
  const elf = readElf(vmlinux);
  const inner = readNotes(elf);
  const has = (type: number) => inner.some((note) => note.owner === 'Xen' && note.type === type);
  if (ctx.target.name === 'xen-pv' && !(has(XEN_ENTRY) && has(XEN_VIRT_BASE))) {
    throw fail('writer/no-xen-pv', {
      found: 'no Xen ENTRY and VIRT_BASE notes',
      expected: 'a kernel built with CONFIG_XEN_PV',
      hint: 'use --target pvh for a hardware-assisted guest',
    });
  }
  const warnings = has(XEN_PHYS32_ENTRY)
    ? []
    : ['the kernel has no PVH entry note (CONFIG_PVH): loaders that take only PVH will refuse this file'];

  const entries = vmlinuxEntries(ctx.bz, elf, inner);
  const own = [
    ...bzelfNotes({ ...ctx, form: 'vmlinux', entries, payloadOffset: 0 }),
    ...elfBootNotes(ctx.bz, { checksum: true }),
  ];
  const bytes = addNotes(elf, vmlinux, inner, own);
  sealElfBootChecksum(bytes);
  return { parts: [bytes], warnings };
}

/** One blob: QEMU wants type 18 before it walks anything else; then ours; then the other notes of the kernel. */
function addNotes(elf: ElfFile, vmlinux: Uint8Array, inner: readonly Note[], own: readonly RawNote[]): Uint8Array {
  const isEntry = (note: Note) => note.owner === 'Xen' && note.type === XEN_PHYS32_ENTRY;
  const first = encodeNotes(inner.filter(isEntry));
  const ours = encodeNotes(own);
  const blob = concat([first, ours, encodeNotes(inner.filter((note) => !isEntry(note)))]);
  const at = alignUp(vmlinux.length, 8);
  const sections = extendSections(elf, { offset: at + first.length, size: ours.length }, at + blob.length);
  const phdrs = onePtNote(elf, at, blob.length);

  const out = new Uint8Array(at + blob.length + sections.bytes.length);
  out.set(vmlinux);
  out.set(blob, at);
  out.set(sections.bytes, at + blob.length);
  const { ehdr, phdr } = ELF_TABLES[elf.class];
  ehdr.write(out, 0, { ...elf.header, ...sections.header, e_phnum: phdrs.length });
  phdrs.forEach((fields, i) => phdr.write(out, Number(elf.header.e_phoff) + i * phdr.size, fields));
  return out;
}

/** The first PT_NOTE shows the blob, others are switched off; a kernel without one gets one behind its phdrs. */
function onePtNote(elf: ElfFile, offset: number, size: number): Phdr[] {
  const note: Phdr = {
    p_type: PT_NOTE,
    p_flags: PF_R,
    p_offset: BigInt(offset),
    p_vaddr: 0n,
    p_paddr: 0n,
    p_filesz: BigInt(size),
    p_memsz: BigInt(size),
    p_align: 4n,
  };
  const at = elf.segments.findIndex(({ p_type }) => p_type === PT_NOTE);
  if (at === -1) {
    requireRoomForPhdr(elf);
    return [...elf.segments, note];
  }
  return elf.segments.map((segment, i) => {
    if (i === at) return note;
    return segment.p_type === PT_NOTE ? { ...segment, p_type: PT_NULL } : segment;
  });
}

function requireRoomForPhdr({ class: elfClass, header, segments, sections, source }: ElfFile): void {
  const { phdr } = ELF_TABLES[elfClass];
  const end = Number(header.e_phoff) + segments.length * phdr.size;
  const used = [...segments.map((s) => [s.p_offset, s.p_filesz]), ...sections.map((s) => [s.sh_offset, s.sh_size])];
  const overlaps = used.some(
    ([from = 0n, size = 0n]) => size > 0n && from >= BigInt(end) && from < BigInt(end + phdr.size),
  );
  const free = end + phdr.size <= source.size && equalBytes(source.read(end, phdr.size), new Uint8Array(phdr.size));
  if (overlaps || !free)
    throw fail('writer/no-room', { offset: end, field: 'e_phnum', expected: `${phdr.size} unused bytes` });
}

/** Section headers move behind everything, with one more: our notes. The old table stays where it was, unreferenced. */
function extendSections(elf: ElfFile, notes: { offset: number; size: number }, end: number) {
  if (elf.sections.length === 0) return { bytes: new Uint8Array(0), header: {} };
  const { shdr } = ELF_TABLES[elf.class];
  const names = elf.sections[elf.header.e_shstrndx];
  if (names === undefined) return { bytes: new Uint8Array(0), header: {} };
  const old = elf.source.read(Number(names.sh_offset), Number(names.sh_size));
  const strings = concat([old, asciz('.note.bzelf')]);
  const added: Shdr = {
    sh_name: old.length,
    sh_type: SHT_NOTE,
    sh_flags: 0n,
    sh_addr: 0n,
    sh_offset: BigInt(notes.offset),
    sh_size: BigInt(notes.size),
    sh_link: 0,
    sh_info: 0,
    sh_addralign: 4n,
    sh_entsize: 0n,
  };
  const table = alignUp(end + strings.length, 8);
  const rows = elf.sections.map((section) =>
    section === names ? { ...section, sh_offset: BigInt(end), sh_size: BigInt(strings.length) } : section,
  );
  const bytes = new Uint8Array(table - end + (rows.length + 1) * shdr.size);
  bytes.set(strings);
  [...rows, added].forEach(
    ({ sh_name, sh_type, sh_flags, sh_addr, sh_offset, sh_size, sh_link, sh_info, sh_addralign, sh_entsize }, i) =>
      shdr.write(bytes, table - end + i * shdr.size, {
        sh_name,
        sh_type,
        sh_flags,
        sh_addr,
        sh_offset,
        sh_size,
        sh_link,
        sh_info,
        sh_addralign,
        sh_entsize,
      }),
  );
  return { bytes, header: { e_shoff: BigInt(table), e_shnum: rows.length + 1 } };
}
