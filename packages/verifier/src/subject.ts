import { BzelfError, type ByteSource } from '@bzelf/bytes';
import type { BzImage } from '@bzelf/bzimage';
import {
  decodeNote,
  ELF_TABLES,
  PT_LOAD,
  scanNotes,
  viewNotesAs,
  type DecodedNote,
  type Ehdr,
  type ElfFile,
  type ImageForm,
  type Note,
  type NoteReader,
  type NoteScan,
  type NoteView,
  type Phdr,
} from '@bzelf/elf';
import { openKernel, type KernelImage } from '@bzelf/loader';
import type { Where } from './finding.js';

/** A segment with its place in the program header table. */
export interface Load extends Phdr {
  readonly index: number;
}

export interface PlacedNote {
  readonly note: Note;
  readonly decoded: DecodedNote;
}

/** What the checks look at, read once. */
export interface Subject {
  readonly source: ByteSource;
  readonly kernel: KernelImage;
  /** The bzImage that the file is, or that it carries. */
  readonly bz?: BzImage;
}

export interface ElfSubject extends Subject {
  readonly elf: ElfFile;
  /** By the IMAGE note; undefined for an ELF file that is not bzelf's. */
  readonly form?: ImageForm;
  readonly loads: readonly Load[];
  readonly scan: NoteScan;
  readonly notes: readonly PlacedNote[];
  /** Why other notes have no meaning. */
  readonly undecodable: readonly BzelfError[];
  /** What a loader sees in the notes; walked once, because a walk over damaged ones is long. */
  readonly view: (reader: NoteReader) => NoteView;
}

export const isElfSubject = (subject: Subject): subject is ElfSubject => 'elf' in subject;

/** Throws what openKernel throws. */
export function openSubject(source: ByteSource): Subject | ElfSubject {
  const kernel = openKernel(source);
  const subject: Subject = { source, kernel, ...(kernel.bzImage === undefined ? {} : { bz: kernel.bzImage }) };
  if (!('elf' in kernel)) return subject;
  const { elf, image } = kernel;
  const scan = scanNotes(elf);
  return {
    ...subject,
    elf,
    ...(image === undefined ? {} : { form: image.form }),
    loads: elf.segments.map((phdr, index) => ({ ...phdr, index })).filter(({ p_type }) => p_type === PT_LOAD),
    scan,
    view: viewsOf(elf),
    ...decoded(elf, scan),
  };
}

function viewsOf(elf: ElfFile): ElfSubject['view'] {
  const views = new Map<NoteReader, NoteView>();
  return (reader) => {
    const view = views.get(reader) ?? viewNotesAs(elf, reader);
    views.set(reader, view);
    return view;
  };
}

function decoded(elf: ElfFile, { notes: all }: NoteScan): Pick<ElfSubject, 'notes' | 'undecodable'> {
  const notes: PlacedNote[] = [];
  const undecodable: BzelfError[] = [];
  for (const note of all) {
    try {
      notes.push({ note, decoded: decodeNote(note, { class: elf.class, e_type: elf.header.e_type }) });
    } catch (error) {
      if (!(error instanceof BzelfError)) throw error;
      undecodable.push(error);
    }
  }
  return { notes, undecodable };
}

type Kind = Exclude<DecodedNote['kind'], 'unknown'>;
type ValueOf<K extends Kind> = Extract<DecodedNote, { kind: K }>['value'];

/** The notes of one kind, with their values. */
export function notesOf<K extends Kind>({ notes }: ElfSubject, kind: K): { note: Note; value: ValueOf<K> }[] {
  return notes.flatMap(({ note, decoded }) =>
    decoded.kind === kind && 'value' in decoded ? [{ note, value: decoded.value as ValueOf<K> }] : [],
  );
}

/** A field of the ELF header, for a finding. */
export function ehdrField(elf: ElfFile, field: keyof Ehdr & string, expected?: Where['expected']): Where {
  const found = elf.header[field];
  return {
    offset: ELF_TABLES[elf.class].ehdr.field(field).at,
    field,
    ...(found instanceof Uint8Array ? {} : { found }),
    ...(expected === undefined ? {} : { expected }),
  };
}

/** A field of a program header, for a finding. */
export function phdrField(
  elf: ElfFile,
  index: number,
  field: keyof Phdr & string,
  expected?: Where['expected'],
): Where {
  const table = ELF_TABLES[elf.class].phdr;
  const found = elf.segments[index]?.[field];
  return {
    offset: Number(elf.header.e_phoff) + index * table.size + table.field(field).at,
    field: `segment ${index}.${field}`,
    ...(found === undefined ? {} : { found }),
    ...(expected === undefined ? {} : { expected }),
  };
}

/** The PT_LOAD whose file bytes hold a physical address. */
export const loadAt = (loads: readonly Load[], address: bigint): Load | undefined =>
  loads.find(({ p_paddr, p_filesz }) => address >= p_paddr && address < p_paddr + p_filesz);

/** Where the protected-mode kernel is in the file: behind what a container puts before it. */
export function kernelFileOffset({ kernel, bz }: Subject): number | undefined {
  if (bz === undefined) return undefined;
  const piece = kernel.origin?.pieces.find(
    (p) => p.from === 'file' && p.at <= bz.protectedMode.offset && bz.protectedMode.offset < p.at + p.length,
  );
  if (kernel.form !== 'container') return bz.protectedMode.offset;
  return piece?.from === 'file' ? piece.fileOffset + bz.protectedMode.offset - piece.at : undefined;
}

/** The PT_LOAD with the protected-mode kernel's first byte, and the address that this byte gets. */
export function kernelLoad(subject: ElfSubject): { load: Load; start: bigint } | undefined {
  const at = kernelFileOffset(subject);
  if (at === undefined) return undefined;
  const load = subject.loads.find(
    ({ p_offset, p_filesz }) => BigInt(at) >= p_offset && BigInt(at) < p_offset + p_filesz,
  );
  return load === undefined ? undefined : { load, start: load.p_paddr + BigInt(at) - load.p_offset };
}
