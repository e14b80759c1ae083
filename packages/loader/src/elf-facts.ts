import { phys, type PhysAddr } from '@bzelf/bytes';
import {
  EM_X86_64,
  ET_REL,
  PT_LOAD,
  type DecodedNote,
  type ElfFile,
  type EntryNote,
  type ImageNote,
  type MappingNote,
  type OriginNote,
  type PayloadNote,
  type PlacementNote,
  type SubarchNote,
} from '@bzelf/elf';
import type { BzImageFacts } from './bzimage-facts.js';
import type { KernelEntry, PvhRelocation } from './kernel.js';
import { vmlinuxRanges } from '@bzelf/bzimage';
import { findMultiboot2Header, findMultibootHeader, type MultibootHeader } from '@bzelf/elf';

/** bzelf's own notes of a file; of a type that may come once, the first. */
export interface OwnNotes {
  readonly image?: ImageNote;
  readonly origin?: OriginNote;
  readonly placement?: PlacementNote;
  readonly payload?: PayloadNote;
  readonly subarch?: SubarchNote;
  readonly entries: readonly EntryNote[];
  readonly mappings: readonly MappingNote[];
}

export function notesOf(notes: readonly DecodedNote[]): OwnNotes {
  const first = <K extends DecodedNote['kind']>(kind: K) => valuesOf(notes, kind)[0];
  const image = first('bzelf-image');
  const origin = first('bzelf-origin');
  const placement = first('bzelf-placement');
  const payload = first('bzelf-payload');
  const subarch = first('bzelf-subarch');
  return {
    ...(image === undefined ? {} : { image }),
    ...(origin === undefined ? {} : { origin }),
    ...(placement === undefined ? {} : { placement }),
    ...(payload === undefined ? {} : { payload }),
    ...(subarch === undefined ? {} : { subarch }),
    entries: valuesOf(notes, 'bzelf-entry'),
    mappings: valuesOf(notes, 'bzelf-mapping'),
  };
}

type ValueOf<K> = Extract<DecodedNote, { kind: K }> extends { value: infer V } ? V : never;

export function valuesOf<K extends DecodedNote['kind']>(notes: readonly DecodedNote[], kind: K): ValueOf<K>[] {
  return notes.flatMap((note) => (note.kind === kind && 'value' in note ? [note.value as ValueOf<K>] : []));
}

/** Segments that a loader must bring into memory. */
export const loadSegments = (elf: ElfFile) => elf.segments.filter((s) => s.p_type === PT_LOAD && s.p_memsz > 0n);

/** The physical range from the lowest to the highest segment. */
export function imageSpan(elf: ElfFile): { start: PhysAddr; end: bigint } {
  const loads = loadSegments(elf);
  const start = loads.reduce((low, s) => (s.p_paddr < low ? s.p_paddr : low), loads[0]?.p_paddr ?? 0n);
  const end = loads.reduce((high, s) => (s.p_paddr + s.p_memsz > high ? s.p_paddr + s.p_memsz : high), 0n);
  return { start: phys(start), end: end > start ? end : start };
}

interface ElfFacts extends OwnNotes {
  readonly isLinux: boolean;
  readonly bits: 16 | 32 | 64;
  readonly kernelVersion?: string;
  readonly bootProtocol?: number;
  readonly entries: readonly KernelEntry[];
  readonly multiboot?: MultibootHeader;
  readonly multiboot2?: MultibootHeader;
  readonly pvhRelocation?: PvhRelocation;
}

/** What the notes and headers of an ELF file say. `base`: what its setup_header says, for a file that has both. */
export function elfFacts(elf: ElfFile, notes: readonly DecodedNote[], base?: BzImageFacts): ElfFacts {
  const own = notesOf(notes);
  const isLinux = own.image?.form === 'vmlinux' || looksLikeLinux(elf, notes);
  const multiboot = findMultibootHeader(elf.source);
  const multiboot2 = findMultiboot2Header(elf.source);
  const pvhRelocation = pvhRelocationOf(elf, notes);
  const release = valuesOf(notes, 'linux-build-salt')[0]?.salt;
  const known: KernelEntry[] = own.entries.map((entry) => ({ ...entry, evidence: 'bzelf-note' }));
  const entries = [...known, ...(base === undefined ? [] : missing(known, base.entries))];
  const derived = derivedEntries(elf, notes, { isLinux, multiboot, multiboot2, hasImage: own.image !== undefined });
  const all = [...entries, ...missing(entries, derived)];
  const mappings =
    own.mappings.length > 0 ? own.mappings : base === undefined ? declaredMappings(elf, all) : base.mappings;
  return {
    ...own,
    isLinux,
    bits: own.image?.bits ?? base?.bits ?? (elf.header.e_machine === EM_X86_64 ? 64 : 32),
    ...(release === undefined || release === '' ? {} : { kernelVersion: release }),
    ...(own.image === undefined ? {} : { bootProtocol: own.image.bootProtocol }),
    entries: all,
    mappings,
    ...(multiboot === undefined ? {} : { multiboot }),
    ...(multiboot2 === undefined ? {} : { multiboot2 }),
    ...(pvhRelocation === undefined ? {} : { pvhRelocation }),
  };
}

/** Entries of `more` whose protocol is not yet there, with ids that are free. */
function missing(known: readonly KernelEntry[], more: readonly KernelEntry[]): KernelEntry[] {
  const next = known.reduce((id, entry) => Math.max(id, entry.id + 1), 0);
  return more
    .filter((m) => !known.some((k) => k.protocol === m.protocol))
    .map((entry, i) => ({ ...entry, id: next + i }));
}

/** Linux owns a note, or says so to Xen, or is linked where only Linux links itself. Its modules have its notes, too. */
function looksLikeLinux(elf: ElfFile, notes: readonly DecodedNote[]): boolean {
  if (elf.header.e_type === ET_REL) return false;
  if (notes.some((note) => note.owner === 'Linux')) return true;
  if (valuesOf(notes, 'xen-guest-os').some(({ text }) => text.startsWith('linux'))) return true;
  const first = loadSegments(elf)[0];
  if (first === undefined) return false;
  return elf.class === 64
    ? first.p_vaddr - first.p_paddr === 0xffff_ffff_8000_0000n
    : [0xc000_0000n, 0xb000_0000n, 0x8000_0000n, 0x7800_0000n, 0x4000_0000n].includes(first.p_vaddr - first.p_paddr);
}

/** Source: Xen public/elfnote.h, XEN_ELFNOTE_PHYS32_RELOC: absent alignment is the largest p_align of a page or more, else 2 MiB. */
export function pvhRelocationOf(elf: ElfFile, notes: readonly DecodedNote[]): PvhRelocation | undefined {
  const reloc = valuesOf(notes, 'xen-phys32-reloc')[0];
  if (reloc === undefined) return undefined;
  const largest = loadSegments(elf).reduce((most, s) => (s.p_align > most ? s.p_align : most), 0n);
  const align = BigInt(reloc.align ?? 0);
  return {
    align: align > 0n ? align : largest >= 0x1000n ? largest : 0x200000n,
    min: reloc.min ?? phys(0),
    max: reloc.max ?? phys(0xffff_ffff),
  };
}

interface Findings {
  readonly isLinux: boolean;
  readonly multiboot: MultibootHeader | undefined;
  readonly multiboot2: MultibootHeader | undefined;
  /** The file has our IMAGE note: then its entries are in ENTRY notes and e_entry says nothing new. */
  readonly hasImage: boolean;
}

/** Ways in that other notes and headers offer. */
function derivedEntries(elf: ElfFile, notes: readonly DecodedNote[], found: Findings): KernelEntry[] {
  const { isLinux, multiboot, multiboot2, hasImage } = found;
  const e_entry = phys(elf.header.e_entry);
  const entries: Omit<KernelEntry, 'id'>[] = [];
  const flat = (
    protocol: EntryNote['protocol'],
    address: PhysAddr,
    argument: EntryNote['argument'],
    evidence: KernelEntry['evidence'],
  ) => entries.push({ protocol, mode: 'protected32', address, argument, setupRelative: false, evidence });
  const pvh = valuesOf(notes, 'xen-phys32-entry').at(-1);
  if (pvh !== undefined && pvh.entry !== 0n) flat('pvh', pvh.entry, 'ebx', 'xen-note');
  if (isLinux && !hasImage) {
    if (elf.header.e_machine === EM_X86_64)
      entries.push({
        protocol: 'linux64',
        mode: 'long64',
        address: e_entry,
        argument: 'rsi',
        setupRelative: false,
        evidence: 'e_entry',
      });
    else flat('linux32', e_entry, 'esi', 'e_entry');
  }
  // Without address fields QEMU and kexec refuse the header in a 64-bit file; GRUB enters e_entry in 32-bit mode.
  if (multiboot !== undefined) flat('multiboot', phys(multiboot.entry_addr ?? e_entry), 'eax-ebx', 'multiboot-header');
  if (multiboot2 !== undefined)
    flat('multiboot2', phys(multiboot2.entry_addr ?? e_entry), 'eax-ebx', 'multiboot-header');
  if (notes.some((n) => n.owner === 'ELFBoot') && elf.class === 32) flat('elfboot', e_entry, 'eax-ebx', 'elfboot-note');
  const pv = valuesOf(notes, 'xen-entry')[0];
  const base = valuesOf(notes, 'xen-virt-base')[0];
  if (pv !== undefined && base !== undefined && pv.value >= base.value)
    entries.push({
      protocol: 'xen-pv',
      mode: elf.header.e_machine === EM_X86_64 ? 'long64' : 'pae32',
      address: phys(pv.value - base.value),
      argument: elf.header.e_machine === EM_X86_64 ? 'rsi' : 'esi',
      setupRelative: false,
      evidence: 'xen-note',
    });
  return entries.map((entry, id) => ({ ...entry, id }));
}

function declaredMappings(elf: ElfFile, entries: readonly KernelEntry[]): MappingNote[] {
  const entry = entries.find((e) => e.protocol === 'linux64');
  return entry === undefined ? [] : [{ entryId: entry.id, ranges: vmlinuxRanges(imageSpan(elf)) }];
}
