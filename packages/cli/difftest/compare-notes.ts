/** The notes of many ELF files, as we read them and as `readelf -n` and `eu-readelf -n` do. */
import { toHex } from '@bzelf/bytes';
import { SHT_NOTE, readElf, type ElfFile } from '@bzelf/elf';
import { collectNotes, type ReadNote } from '../src/notes/collect.js';

/** One note as a judge prints it. */
export interface JudgedNote {
  readonly owner: string;
  readonly size: number;
  /** The type in the judge's words. */
  readonly type: string;
  /** The descriptor in hexadecimal, where the judge prints it. */
  readonly desc?: string;
}

export interface Judge {
  readonly name: 'readelf' | 'eu-readelf';
  readonly words: readonly string[];
  /** The name that it prints for a file when it is given several. */
  readonly fileLine: RegExp;
  readonly note: RegExp;
}

/** The first group of `note` is the owner, the second the size, the third the type, the fourth what follows. */
export const JUDGES: readonly Judge[] = [
  {
    name: 'readelf',
    words: ['-nW'],
    fileLine: /^File: (.*)$/,
    note: /^ {2}(.+?) +0x([0-9a-f]{8})\t([^\t]*)(.*)$/,
  },
  { name: 'eu-readelf', words: ['-n'], fileLine: /^(\/.*):$/, note: /^ {2}(\S.*?)? +(\d+) {2}(\S.*)()$/ },
];

/** What a judge says of several files, by their paths. */
export function parseJudge({ name, fileLine, note }: Judge, text: string): Map<string, JudgedNote[]> {
  const files = new Map<string, JudgedNote[]>();
  let notes: JudgedNote[] = [];
  for (const line of text.split('\n')) {
    const file = fileLine.exec(line)?.[1];
    if (file !== undefined) files.set(file, (notes = []));
    const [, owner = '', size, type = '', rest = ''] = note.exec(line) ?? [];
    if (size === undefined) continue;
    const digits = /(?:Build ID: |description data: )([0-9a-f ]*)/.exec(rest)?.[1]?.replaceAll(' ', '');
    notes.push({
      owner,
      size: parseInt(size, name === 'readelf' ? 16 : 10),
      type: type.trim(),
      ...(digits === undefined ? {} : { desc: digits }),
    });
  }
  return files;
}

/** Why a judge shows something else, and is not contradicted by that. */
export const EXPLANATIONS = {
  'known by owner': 'the judge has no name for this type of this owner; we have',
  'type of another owner': 'the judge names the type by its number alone, as if it were of another owner',
  'shown once': 'the same note again, in a second section or in a segment and a section: we show it once',
  'segment only': 'a note in a segment and in no section: the judge looks at sections only',
  'build attribute': 'the attribute is the name of the note: the judge tells its meaning in its place',
  'segments first': 'we go by segments, then sections, and the judge by sections: the same notes in another order',
} as const;
export type Explanation = keyof typeof EXPLANATIONS;

export interface Comparison {
  readonly notes: number;
  readonly explained: readonly Explanation[];
  readonly unexplained: readonly string[];
}

/** Our notes of a file against those of a judge. Throws what reading the file throws. */
export function compareNotes(bytes: Uint8Array, judge: Judge, judged: readonly JudgedNote[]): Comparison {
  const elf = readElf(bytes);
  const { notes, problems } = collectNotes(elf, 'file');
  const explained: Explanation[] = [];
  const unexplained = problems.map((problem) => `we stop: ${problem.code} ${problem.message}`);
  const ours = inSectionOrder(elf, notes, judged.length, explained);
  const copies = notes.filter((read) => !ours.includes(read));
  let at = 0;
  for (const [index, theirs] of judged.entries()) {
    const mine = ours[at];
    if (mine !== undefined && isSame(mine, theirs)) {
      at++;
      const why = compareType(judge, mine, theirs);
      if (why === 'wrong') unexplained.push(`${mine.note.owner}: ${mine.name ?? mine.note.type}, ${theirs.type}`);
      else if (why !== undefined) explained.push(why);
    } else if (
      judged.some((other, i) => i !== index && sameText(other, theirs)) ||
      copies.some((copy) => isSame(copy, theirs))
    )
      explained.push('shown once');
    else unexplained.push(`${judge.name} has ${theirs.owner} ${theirs.type}, ${theirs.size} bytes`);
  }
  for (const { note } of ours.slice(at)) unexplained.push(`${judge.name} lacks ${note.owner} ${note.type}`);
  return { notes: notes.length, explained, unexplained };
}

const sameText = (a: JudgedNote, b: JudgedNote): boolean =>
  a.owner === b.owner && a.size === b.size && a.type === b.type && a.desc === b.desc;

/** Both judges go by the section table where there is one. */
function inSectionOrder(
  elf: ElfFile,
  notes: readonly ReadNote[],
  judged: number,
  explained: Explanation[],
): ReadNote[] {
  const sections = elf.sections.filter(({ sh_type }) => sh_type === SHT_NOTE);
  if (sections.length === 0) {
    if (judged > 0 || elf.sections.length === 0) return [...notes];
    explained.push(...notes.map((): Explanation => 'segment only'));
    return [];
  }
  const placed = notes.flatMap((read) => {
    const at = BigInt(read.note.offset);
    const section = sections.find(({ sh_offset, sh_size }) => at >= sh_offset && at < sh_offset + sh_size);
    if (section === undefined) explained.push('segment only');
    return section === undefined ? [] : [{ read, index: section.index }];
  });
  const sorted = placed.toSorted((a, b) => a.index - b.index || a.read.note.offset - b.read.note.offset);
  if (sorted.some((item, i) => item !== placed[i])) explained.push('segments first');
  return sorted.map(({ read }) => read);
}

function isSame({ note }: ReadNote, theirs: JudgedNote): boolean {
  return (
    isOwner(note.owner, theirs.owner) &&
    note.desc.length === theirs.size &&
    (theirs.desc === undefined || theirs.desc === toHex(note.desc))
  );
}

/** In a build attribute the owner is GA, the attribute and its value in bytes; eu-readelf keeps them apart, readelf tells the meaning. */
const isBuildAttribute = (owner: string): boolean => /^GA[$*+!]/.test(owner);

// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f]/g;
/** As readelf shows a control character. */
const caret = (control: string): string => `^${String.fromCharCode(control.charCodeAt(0) + 0x40)}`;

function isOwner(ours: string, theirs: string): boolean {
  if (ours === '') return theirs === '' || theirs === '(NONE)';
  if (!isBuildAttribute(ours)) return theirs === ours.replaceAll(CONTROL, caret);
  const words = ours.replaceAll(CONTROL, '');
  return theirs === 'GA' || theirs.replace(/<.*?>/, '').startsWith(words);
}

/** Names that a judge spells in its own way. */
const SPELLINGS: Readonly<Record<string, readonly string[]>> = {
  ELF_NOTE_GOBUILDID_TAG: ['GO BUILDID'],
  NT_STAPSDT: ['Version: 3'],
};

const BUILD_ATTRIBUTE_WORDS: Readonly<Record<string, string>> = {
  OPEN: 'NT_GNU_BUILD_ATTRIBUTE_OPEN',
  func: 'NT_GNU_BUILD_ATTRIBUTE_FUNC',
  'GNU Build Attribute OPEN': 'NT_GNU_BUILD_ATTRIBUTE_OPEN',
  'GNU Build Attribute FUNC': 'NT_GNU_BUILD_ATTRIBUTE_FUNC',
};

function compareType(judge: Judge, { name, note }: ReadNote, { type }: JudgedNote): Explanation | 'wrong' | undefined {
  const unknown = /^(?:Unknown note type: \(0x([0-9a-f]+)\)|<unknown>: (\d+))/.exec(type);
  if (unknown !== null) {
    const [, hexadecimal, decimal] = unknown;
    const number = hexadecimal === undefined ? Number(decimal) : parseInt(hexadecimal, 16);
    if (number !== note.type) return 'wrong';
    return name === undefined ? undefined : 'known by owner';
  }
  if (isBuildAttribute(note.owner)) return BUILD_ATTRIBUTE_WORDS[type] === name ? 'build attribute' : 'wrong';
  const [word = ''] = type.split(' (');
  const spelled = judge.name === 'eu-readelf' ? [`NT_${word}`, word] : [word, `NT_${word}`];
  if (name !== undefined && [name, ...(SPELLINGS[name] ?? [])].some((one) => spelled.includes(one))) return undefined;
  return note.owner === 'GNU' ? 'wrong' : 'type of another owner';
}
