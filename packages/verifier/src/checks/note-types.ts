import { BZELF_OWNER, noteCodec, XEN_OWNER, xenPhys32Entry, type Note } from '@bzelf/elf';
import type { ElfSubject } from '../subject.js';
import { defineElfCheck } from './check.js';

/** Owner and type of notes that a reader takes the first or the last of: two that differ are a contradiction. */
const ONCE: readonly string[] = [
  'bzelf 1',
  'bzelf 3',
  'bzelf 5',
  'bzelf 6',
  'bzelf 7',
  'Xen 18',
  'Xen 19',
  'ELFBoot 3',
];
const ORIGIN = 5;

export const noteTypesCheck = defineElfCheck({
  name: 'note-types',
  doc: 'The notes that a form must have are there, once; nothing else has the type of a PVH entry.',
  // prettier-ignore
  findings: {
    'note-types/foreign-18': {
      severity: 'error', title: 'A note of type 18 is not of owner Xen',
      explanation: 'QEMU compares no owners: it takes any note of type 18 for the PVH entry.', remedy: 'give the note another type',
    },
    'note-types/entry-not-first': {
      severity: 'warning', title: 'The PVH entry is not the first note',
      explanation: 'QEMU compares each note with the size of the whole segment instead of what is left; the first note is the one that it cannot miss.', remedy: 'wrap the bzImage again',
    },
    'note-types/twice': {
      severity: 'error', title: 'A note that may come once is there twice',
      explanation: 'One reader takes the first and another the last.', remedy: 'wrap the bzImage again',
    },
    'note-types/missing': {
      severity: 'error', title: 'A note that this form needs is not there',
      explanation: 'Without ENTRY a loader knows no way in, without PLACEMENT no place, and without ORIGIN nothing gives the bzImage back.', remedy: 'wrap the bzImage again',
    },
  },
  run(subject, report) {
    const { form, notes } = subject;
    const inSegments = notes.map(({ note }) => note).filter(({ container }) => container.kind === 'PT_NOTE');
    for (const note of inSegments)
      if (note.type === xenPhys32Entry.type && note.owner !== XEN_OWNER)
        report('note-types/foreign-18', { ...place(note), found: `owner ${note.owner}`, expected: XEN_OWNER });
    const entry = inSegments.findIndex((note) => note.owner === XEN_OWNER && note.type === xenPhys32Entry.type);
    if (form !== undefined && entry > 0)
      report('note-types/entry-not-first', { ...place(inSegments[entry]), found: `note ${entry}`, expected: 'note 0' });
    const seen = new Set<string>();
    for (const note of inSegments) {
      const key = `${note.owner} ${note.type}`;
      if (seen.has(key) && ONCE.includes(key)) report('note-types/twice', { ...place(note), found: nameOf(note) });
      seen.add(key);
    }
    for (const { owner, type, name } of missing(subject))
      report('note-types/missing', { expected: name ?? `${owner} ${type}` });
  },
});

function missing({
  form,
  notes,
  undecodable,
}: ElfSubject): { owner: string; type: number; name: string | undefined }[] {
  // A damaged note is there.
  if (form === undefined || undecodable.length > 0) return [];
  const types = [2, 6, ...(form === 'vmlinux' ? [] : [ORIGIN])];
  return types
    .filter((type) => !notes.some(({ note }) => note.owner === BZELF_OWNER && note.type === type))
    .map((type) => ({ owner: BZELF_OWNER, type, name: nameOf({ owner: BZELF_OWNER, type, desc: new Uint8Array(0) }) }));
}

const nameOf = (note: Pick<Note, 'owner' | 'type' | 'desc'>): string =>
  noteCodec(note)?.name ?? `${note.owner} ${note.type}`;

const place = (note: Note | undefined) => (note === undefined ? {} : { offset: note.offset, field: 'n_type' });
