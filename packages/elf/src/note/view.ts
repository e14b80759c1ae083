/**
 * What other programs see in a file's notes. Each walks them by its own rule, so one file can have one entry for QEMU
 * and none for Firecracker. Each reader here repeats the walk of the program it is named after, faults included.
 */
import { alignUp, fromLe, phys, readAsciz, type PhysAddr } from '@bzelf/bytes';
import { ET_CORE, PT_NOTE, SHT_NOTE } from '../constants.js';
import { ELF64_EHDR } from '../ehdr.js';
import { ELF64_PHDR } from '../phdr.js';
import type { Phdr } from '../phdr.js';
import type { ElfFile, Section } from '../read.js';
import { ELF_NHDR, type RawNote } from './nhdr.js';
import { XEN_OWNER, xenPhys32Entry } from './xen.js';

export interface ViewedNote extends RawNote {
  /** File offset of the note header as this reader finds it. */
  readonly offset: number;
}

export interface NoteView {
  readonly reader: NoteReader;
  /** The notes that it looks at, in its order; it may stop at the first that it wants. */
  readonly notes: readonly ViewedNote[];
  /** The PVH entry that it would use. binutils, kexec and Linux have no use for one. */
  readonly entry?: PhysAddr;
  /** Why it refuses the file or dies, in its own words where it has any. */
  readonly failure?: string;
}

type Seen = Omit<NoteView, 'reader'>;

const PHYS32_ENTRY = xenPhys32Entry.type;
/** More steps than any kernel has notes: a walk over a file of zeros must end. */
const MAX_STEPS = 0x10000;

/** An owner is shown up to here; a crafted one may be as long as the file. */
const MAX_OWNER = 256;

/** From the note header, in bytes: where the descriptor is, and where the next note. */
interface Stride {
  desc(namesz: number): number;
  next(namesz: number, descsz: number): number;
}

/** Header and name are rounded together, as the gABI and binutils do. */
const roundTogether = (align: number): Stride => {
  const desc = (namesz: number) => alignUp(ELF_NHDR.size + namesz, align);
  return { desc, next: (namesz, descsz) => alignUp(desc(namesz) + descsz, align) };
};

/** Name and descriptor are rounded each on its own; with 8 that is another place, because the header has 12 bytes. */
const roundApart = (align: number): Stride => ({
  desc: (namesz) => ELF_NHDR.size + alignUp(namesz, align),
  next: (namesz, descsz) => ELF_NHDR.size + alignUp(namesz, align) + alignUp(descsz, align),
});

const STRIDE_4 = roundTogether(4);

/** The note at a file offset with the distance to the next; undefined when its header is not in the file. */
function stepAt({ source }: ElfFile, offset: number, stride: Stride): { note: ViewedNote; next: number } | undefined {
  if (offset + ELF_NHDR.size > source.size) return undefined;
  const { n_namesz, n_descsz, n_type } = ELF_NHDR.read(source.read(offset, ELF_NHDR.size));
  const note = {
    owner: readAsciz(upToEof(source, offset + ELF_NHDR.size, Math.min(n_namesz, MAX_OWNER))),
    type: n_type,
    desc: upToEof(source, offset + stride.desc(n_namesz), n_descsz),
    offset,
  };
  return { note, next: stride.next(n_namesz, n_descsz) };
}

function upToEof(source: ElfFile['source'], offset: number, length: number): Uint8Array {
  if (offset >= source.size) return new Uint8Array(0);
  return source.read(offset, Math.min(length, source.size - offset));
}

/** More containers than any kernel has: a crafted table of overlapping ones must end, too. */
const MAX_CONTAINERS = 64;
const noteSegments = (elf: ElfFile): Phdr[] =>
  elf.segments.filter((phdr) => phdr.p_type === PT_NOTE).slice(0, MAX_CONTAINERS);
const noteSections = (elf: ElfFile): Section[] =>
  elf.sections.filter((section) => section.sh_type === SHT_NOTE).slice(0, MAX_CONTAINERS);

interface Range {
  readonly from: bigint;
  readonly size: bigint;
  readonly align: bigint;
}

const ofSegment = ({ p_offset, p_filesz, p_align }: Phdr): Range => ({
  from: p_offset,
  size: p_filesz,
  align: p_align,
});
const ofSection = ({ sh_offset, sh_size, sh_addralign }: Section): Range => ({
  from: sh_offset,
  size: sh_size,
  align: sh_addralign,
});

interface Walk {
  readonly notes: ViewedNote[];
  /** Does it stop exactly at the end of the range? */
  readonly exact: boolean;
  /** Does it leave the file? */
  readonly lost: boolean;
}

/** The notes of each range, up to MAX_STEPS in all. */
function walkRanges(
  elf: ElfFile,
  ranges: readonly Range[],
  strideOf: (range: Range) => Stride = () => STRIDE_4,
): Walk[] {
  let budget = MAX_STEPS;
  return ranges.map((range) => {
    const { from, size } = range;
    const stride = strideOf(range);
    const notes: ViewedNote[] = [];
    let at = from;
    while (at < from + size && notes.length < budget) {
      const step = at > elf.source.size ? undefined : stepAt(elf, Number(at), stride);
      if (step === undefined) return { notes, exact: false, lost: true };
      notes.push(step.note);
      at += BigInt(step.next);
    }
    budget -= notes.length;
    return { notes, exact: at === from + size, lost: false };
  });
}

/** readelf: sections if there is one with notes, else segments; a record must fit with its padding. */
function viewAsBinutils(elf: ElfFile): Seen {
  const sections = elf.header.e_type === ET_CORE ? [] : noteSections(elf);
  const ranges = sections.length > 0 ? sections.map(ofSection) : noteSegments(elf).map(ofSegment);
  const legal = ranges.filter(({ align }) => align <= 4n || align === 8n);
  const walks = walkRanges(elf, legal, ({ align }) => roundTogether(align === 8n ? 8 : 4));
  const notes = walks.flatMap((walk) => (walk.exact ? walk.notes : walk.notes.slice(0, -1)));
  const odd = ranges.find((range) => !legal.includes(range));
  if (odd !== undefined) return { notes, failure: `Corrupt note: alignment ${odd.align}, expecting 4 or 8` };
  if (walks.every((walk) => walk.exact)) return { notes };
  return { notes, failure: 'note with invalid namesz and/or descsz found' };
}

/**
 * QEMU `-kernel`: the last PT_NOTE that has a note of type 18 decides, whoever owns it. A single record is compared
 * with the size of the whole segment, so a walk without a find goes on behind the segment's end. ELF64 reads 8 bytes
 * of descriptor, ELF32 4. Source: QEMU include/hw/elf_ops.h.inc, get_elf_note_type; hw/i386/x86-common.c.
 */
function viewAsQemu(elf: ElfFile): Seen {
  const notes: ViewedNote[] = [];
  let entry = 0n;
  const { e_flags } = elf.header;
  if (e_flags & 0x10004) return { notes, failure: `elfboot unsupported flags = ${e_flags.toString(16)}` };
  for (const { p_offset, p_filesz, p_align } of noteSegments(elf)) {
    if (p_filesz === 0n) continue;
    if (p_offset + p_filesz > BigInt(elf.source.size)) return { notes, failure: 'Error while loading elf kernel' };
    if (p_align === 0n) return { notes, failure: 'divide error (SIGFPE), because p_align of a PT_NOTE is 0' };
    const stride = roundApart(Number(p_align));
    for (let at = Number(p_offset); ;) {
      const step = notes.length < MAX_STEPS ? stepAt(elf, at, stride) : undefined;
      if (step === undefined) {
        return { notes, failure: 'reads past the end of the file, because a PT_NOTE has no note of type 18' };
      }
      notes.push(step.note);
      if (step.note.type === PHYS32_ENTRY) {
        entry = entryAt(elf, at, stride, elf.class / 8);
        break;
      }
      if (step.next > p_filesz) break;
      at += step.next;
    }
  }
  if (entry === 0n) return { notes, failure: 'Error loading uncompressed kernel without PVH ELF Note' };
  return { notes, entry: phys(BigInt.asUintN(32, entry)) };
}

function entryAt({ source }: ElfFile, at: number, stride: Stride, size: number): bigint {
  const namesz = ELF_NHDR.read(source.read(at, ELF_NHDR.size)).n_namesz;
  return fromLe(upToEof(source, at + stride.desc(namesz), size));
}

/**
 * rust-vmm linux-loader from 0.9.0 (Firecracker, cloud-hypervisor): 4-byte steps whatever p_align says; every PT_NOTE
 * overwrites the result of the one before. Source: linux-loader src/loader/elf/mod.rs, parse_elf_note.
 */
function viewAsLinuxLoader(elf: ElfFile): Seen {
  const notes: ViewedNote[] = [];
  if (elf.header.e_phentsize !== ELF64_PHDR.size) return { notes, failure: 'Invalid program header size' };
  if (elf.header.e_phoff < ELF64_EHDR.size) return { notes, failure: 'Invalid program header offset' };
  let found: ViewedNote | undefined;
  for (const { p_offset, p_filesz } of noteSegments(elf)) {
    found = undefined;
    for (let read = 0; read < p_filesz && found === undefined;) {
      const step = p_offset > elf.source.size ? undefined : stepAt(elf, Number(p_offset) + read, STRIDE_4);
      if (step === undefined || notes.length === MAX_STEPS) return { notes, failure: 'Unable to read note header' };
      notes.push(step.note);
      if (step.note.type === PHYS32_ENTRY && isXen(elf, step.note)) found = step.note;
      else read += step.next;
    }
    if (found !== undefined && found.desc.length < 4) return { notes, failure: 'Invalid PVH note header' };
  }
  return found === undefined ? { notes } : { notes, entry: phys(fromLe(found.desc.subarray(0, 4))) };
}

/** n_namesz must be 4 too, so `Xen` without its NUL is not enough. */
function isXen({ source }: ElfFile, { owner, offset }: ViewedNote): boolean {
  return owner === XEN_OWNER && ELF_NHDR.read(source.read(offset, ELF_NHDR.size)).n_namesz === 4;
}

/**
 * Xen's libelf, hypervisor and toolstack: PT_NOTEs but one with p_offset 0; SHT_NOTE sections only when those had
 * nothing of owner "Xen"; numbers of a size other than 1, 2, 4, 8 are 0. Source: Xen libelf-dominfo.c, libelf-tools.c.
 */
function viewAsXen(elf: ElfFile): Seen {
  const segments = noteSegments(elf).filter((phdr) => phdr.p_offset !== 0n);
  const fromSegments = walkRanges(elf, segments.map(ofSegment));
  const walks = fromSegments.some((walk) => xenOnly(walk.notes).length > 0)
    ? fromSegments
    : walkRanges(elf, noteSections(elf).map(ofSection));
  const notes = xenOnly(walks.flatMap((walk) => walk.notes));
  if (walks.some((walk) => walk.lost)) return { notes, failure: 'ELF is broken: out of range access' };
  if (notes.length === 0) {
    const hasGuest = elf.sections.some((section) => section.name === '__xen_guest');
    const failure = "Not a Xen-ELF image: No ELF notes or '__xen_guest' section found";
    return hasGuest ? { notes } : { notes, failure };
  }
  const phys32 = notes.findLast((note) => note.type === PHYS32_ENTRY);
  if (phys32 !== undefined) return { notes, entry: phys(xenNumeric(phys32.desc)) };
  return xenPv(notes);
}

const xenOnly = (notes: readonly ViewedNote[]): ViewedNote[] => notes.filter((note) => note.owner === XEN_OWNER);
const xenNumeric = (desc: Uint8Array): bigint =>
  [1, 2, 4, 8].includes(desc.length) ? BigInt.asUintN(32, fromLe(desc)) : 0n;

/** Without a PVH entry the notes must be those of a PV kernel. */
function xenPv(notes: readonly ViewedNote[]): Seen {
  const text = (type: number) => readAsciz(notes.findLast((note) => note.type === type)?.desc ?? new Uint8Array(0));
  const [xenVersion, guestOs, loader] = [text(5), text(6), text(8)];
  if (!loader.startsWith('generic') && !guestOs.startsWith('linux')) {
    const found = `(Not '${loader}' and '${guestOs}')`;
    return {
      notes,
      failure: `Will only load images built for the generic loader or Linux images ${found} or with PHYS32_ENTRY set`,
    };
  }
  if (!xenVersion.startsWith('xen-3.0')) {
    return { notes, failure: `Xen will only load images built for Xen v3.0 (Not '${xenVersion}')` };
  }
  return { notes };
}

/**
 * kexec-tools: the first PT_NOTE with a p_offset, else the first SHT_NOTE; the walk must end exactly at its end.
 * Source: kexec-tools kexec/kexec-elf.c, build_mem_notes.
 */
function viewAsKexec(elf: ElfFile): Seen {
  const segment = noteSegments(elf).find((phdr) => phdr.p_offset > 0n);
  const section = segment === undefined ? noteSections(elf)[0] : undefined;
  const range = (segment && ofSegment(segment)) ?? (section && ofSection(section));
  const [walk] = range === undefined ? [] : walkRanges(elf, [range]);
  if (walk === undefined) return { notes: [] };
  return walk.exact ? { notes: walk.notes } : { notes: walk.notes, failure: 'ELF Note corrupted !' };
}

/** The kernel's own reader of build IDs: PT_NOTEs in 4-byte steps. Source: Linux lib/buildid.c. */
function viewAsLinux(elf: ElfFile): Seen {
  return { notes: walkRanges(elf, noteSegments(elf).map(ofSegment)).flatMap((walk) => walk.notes) };
}

const READERS = {
  binutils: viewAsBinutils,
  qemu: viewAsQemu,
  'linux-loader': viewAsLinuxLoader,
  xen: viewAsXen,
  kexec: viewAsKexec,
  linux: viewAsLinux,
} as const;

export type NoteReader = keyof typeof READERS;
export const NOTE_READERS = Object.keys(READERS) as readonly NoteReader[];

/** What a program sees in the notes of a file, and what it makes of them. */
export function viewNotesAs(elf: ElfFile, reader: NoteReader): NoteView {
  return { reader, ...READERS[reader](elf) };
}
