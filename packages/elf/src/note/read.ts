import { BzelfError, alignUp, equalBytes, readAsciz } from '@bzelf/bytes';
import { PT_NOTE, SHT_NOTE } from '../constants.js';
import { fail } from '../errors.js';
import { sectionBytes, segmentBytes, type ElfFile } from '../read.js';
import { ELF_NHDR, type RawNote } from './nhdr.js';

export interface Note extends RawNote {
  /** File offset of the note header. */
  readonly offset: number;
  /** File offset of the descriptor. */
  readonly descOffset: number;
  readonly container: NoteContainer;
  readonly align: 4 | 8;
}

export interface NoteContainer {
  readonly kind: 'PT_NOTE' | 'SHT_NOTE';
  /** In the program header or section table. */
  readonly index: number;
  /** Of the section. */
  readonly name?: string;
}

export interface NoteScan {
  readonly notes: readonly Note[];
  /** What kept the scan from seeing more; one for every container that is damaged. */
  readonly problems: readonly BzelfError[];
}

/** Bounds, so that a crafted file ends in an error and not in hours: no kernel has a tenth of either. */
const MAX_NOTES = 0x10000;
/** A note may be in a PT_NOTE, in a PT_GNU_PROPERTY-like second one and in a section; more is a trick. */
const MAX_COVER = 4;
const MAX_PROBLEMS = 100;

/**
 * All notes: those of PT_NOTE segments, then those of SHT_NOTE sections that are not the same bytes or say the same
 * again. Throws the first problem; `scanNotes` returns it beside the notes.
 */
export function readNotes(elf: ElfFile): Note[] {
  const { notes, problems } = scanNotes(elf);
  if (problems[0] !== undefined) throw problems[0];
  return [...notes];
}

/** All notes that can be read, and what is wrong with the rest. Throws nothing for malformed input. */
export function scanNotes(elf: ElfFile): NoteScan {
  const notes: Note[] = [];
  const problems: BzelfError[] = [];
  const seen = new SeenNotes();
  let budget = MAX_COVER * elf.source.size;
  for (const { container, offset, size, align, read } of containers(elf, problems)) {
    if (problems.length >= MAX_PROBLEMS) break;
    if (!seen.isNewRange(offset, size)) continue;
    const bytes = attempt(problems, read);
    if (bytes === undefined) continue;
    budget -= bytes.length;
    if (budget < 0 || notes.length >= MAX_NOTES) {
      problems.push(fail('elf/notes-too-many', { field: `${container.kind} ${container.index}`, found: notes.length }));
      break;
    }
    const walk = walkNotes(bytes, Number(offset), align, MAX_NOTES - notes.length);
    if (walk.problem !== undefined) problems.push(walk.problem);
    notes.push(...seen.keepNew(walk.notes.map((note) => ({ ...note, container, align }))));
  }
  return { notes, problems };
}

interface Container {
  readonly container: NoteContainer;
  readonly offset: bigint;
  readonly size: bigint;
  readonly align: 4 | 8;
  readonly read: () => Uint8Array;
}

/** Segments before sections, one after the other: a damaged section table must not hide what the segments say. */
function* containers(elf: ElfFile, problems: BzelfError[]): Generator<Container> {
  for (const [index, phdr] of elf.segments.entries()) {
    if (phdr.p_type !== PT_NOTE) continue;
    const align = noteAlign(phdr.p_align);
    const read = () => segmentBytes(elf, phdr);
    yield { container: { kind: 'PT_NOTE', index }, offset: phdr.p_offset, size: phdr.p_filesz, align, read };
  }
  for (const section of attempt(problems, () => elf.sections) ?? []) {
    if (section.sh_type !== SHT_NOTE) continue;
    const { index, sh_offset, sh_size, sh_addralign } = section;
    const name = attempt(problems, () => section.name);
    const container: NoteContainer = { kind: 'SHT_NOTE', index, ...(name === undefined ? {} : { name }) };
    const read = () => sectionBytes(elf, section);
    yield { container, offset: sh_offset, size: sh_size, align: noteAlign(sh_addralign), read };
  }
}

function attempt<T>(problems: BzelfError[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof BzelfError)) throw error;
    problems.push(error);
    return undefined;
  }
}

type UnplacedNote = Omit<Note, 'container' | 'align'>;

/** The records of one container, until its end, until `limit`, or until one does not fit. */
export function walkNotes(
  bytes: Uint8Array,
  fileOffset: number,
  align: 4 | 8,
  limit = MAX_NOTES,
): { notes: UnplacedNote[]; problem?: BzelfError } {
  const notes: UnplacedNote[] = [];
  for (let at = 0; at < bytes.length;) {
    const offset = fileOffset + at;
    if (notes.length === limit) return { notes, problem: fail('elf/notes-too-many', { offset, found: notes.length }) };
    if (bytes.length - at < ELF_NHDR.size)
      return { notes, problem: truncated(offset, 'Elf_Nhdr', ELF_NHDR.size, bytes.length - at) };
    const { n_namesz, n_descsz, n_type } = ELF_NHDR.read(bytes, at);
    const left = bytes.length - at;
    const descAt = alignUp(ELF_NHDR.size + n_namesz, align);
    if (ELF_NHDR.size + n_namesz > left) return { notes, problem: truncated(offset, 'n_namesz', n_namesz, left) };
    if (descAt + n_descsz > left && n_descsz > 0)
      return { notes, problem: truncated(offset + 4, 'n_descsz', n_descsz, left) };
    notes.push({
      owner: readAsciz(bytes.subarray(at + ELF_NHDR.size, at + ELF_NHDR.size + n_namesz)),
      type: n_type,
      desc: bytes.subarray(Math.min(at + descAt, bytes.length), at + descAt + n_descsz),
      offset,
      descOffset: fileOffset + at + descAt,
    });
    // The padding of the last record may be missing, as BFD and Linux allow.
    at += alignUp(descAt + n_descsz, align);
  }
  return { notes };
}

function truncated(offset: number, field: string, found: number, left: number): BzelfError {
  return fail('elf/note-truncated', {
    offset,
    field,
    found,
    expected: `a record within the 0x${left.toString(16)} bytes left`,
  });
}

/** Remembers what was seen, so that a section that repeats its segment adds nothing. */
class SeenNotes {
  private readonly ranges = new Set<string>();
  private readonly offsets = new Set<number>();
  private readonly contents = new Map<string, Uint8Array[]>();

  isNewRange(offset: bigint, size: bigint): boolean {
    const key = `${offset} ${size}`;
    const isNew = !this.ranges.has(key);
    this.ranges.add(key);
    return isNew;
  }

  /** The notes of one container that no earlier container had; repeats within it are facts and stay. */
  keepNew(notes: readonly Note[]): Note[] {
    const fresh = notes.filter((note) => !this.offsets.has(note.offset) && !this.hasContent(note));
    for (const note of fresh) {
      this.offsets.add(note.offset);
      const key = contentKey(note);
      const same = this.contents.get(key);
      if (same === undefined) this.contents.set(key, [note.desc]);
      else same.push(note.desc);
    }
    return fresh;
  }

  private hasContent(note: RawNote): boolean {
    return this.contents.get(contentKey(note))?.some((desc) => equalBytes(desc, note.desc)) ?? false;
  }
}

/** Owner, type, length and an FNV-1a hash: equal notes have equal keys, and others seldom do. */
function contentKey({ owner, type, desc }: RawNote): string {
  let hash = 0x811c9dc5;
  for (const byte of desc) hash = Math.imul(hash ^ byte, 0x01000193);
  return `${type} ${desc.length} ${hash} ${owner}`;
}

/** As binutils does: 8 is taken at its word, everything else counts as 4. */
export const noteAlign = (align: bigint): 4 | 8 => (align === 8n ? 8 : 4);
