/** The C reader of docs/c against ours: what both say of a file, in the words of c-reader-host.c. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { concat, getU32, isBzelfError, le } from '@bzelf/bytes';
import {
  BZELF_OWNER,
  ENTRY_ARGUMENTS,
  ENTRY_MODES,
  ENTRY_PROTOCOLS,
  MAPPING_PURPOSES,
  PT_NOTE,
  RANGE_FLAGS,
  decodeNote,
  readElf,
  scanNotes,
  segmentBytes,
  walkNotes,
  type DecodedNote,
  type ElfFile,
  type EntryNote,
  type MappingNote,
  type MappingRange,
  type PlacementNote,
  type SubarchNote,
} from '@bzelf/elf';

export const C_FLAGS = ['-std=c11', '-ffreestanding', '-Wall', '-Wextra', '-Wconversion', '-pedantic', '-Werror'];

/** Compiles reader and host with sanitizers; returns the path of the program. Throws what gcc said. */
export function compileHost(root: string, folder: string): string {
  const host = join(folder, 'c-reader-host');
  const files = ['docs/c/bzelf_read.c', 'packages/cli/difftest/c-reader-host.c'];
  const flags = ['-g', '-O1', '-std=c11', '-Wall', '-Wextra', '-Werror', '-fsanitize=address,undefined'];
  const words = [...flags, '-fno-sanitize-recover=all', '-Idocs/c', '-o', host, ...files];
  const gcc = spawnSync('gcc', words, { cwd: root, encoding: 'utf8' });
  if (gcc.status !== 0) throw new Error(`gcc: ${gcc.stderr}`);
  return host;
}

/** What the C reader says, one line a file. Throws what a sanitizer said. */
export function askHost(host: string, mode: string, files: readonly Uint8Array[]): string[] {
  const input = concat(files.flatMap((bytes) => [le(bytes.length, 4), bytes]));
  const { status, signal, stdout, stderr } = spawnSync(host, [mode], { input, maxBuffer: 2 ** 30, encoding: 'utf8' });
  if (status !== 0 || stderr !== '') throw new Error(`C reader (${mode}) ended with ${status ?? signal}: ${stderr}`);
  return stdout.split('\n').slice(0, -1);
}

/** What a loader may use, from bzelf's notes alone. */
export interface Facts {
  readonly entries: readonly EntryNote[];
  readonly mappings: readonly MappingNote[];
  readonly placement?: PlacementNote | undefined;
  readonly subarch?: SubarchNote | undefined;
}

/** The answer of our reader. */
export function ourAnswer(bytes: Uint8Array): string {
  const elf = orUndefined(() => readElf(bytes));
  return elf === undefined ? 'refused' : answer(factsOf(bytes, elf));
}

/** The notes of owner bzelf that our reader walks over, of one segment after the other. */
export function ourList(bytes: Uint8Array): string {
  const elf = orUndefined(() => readElf(bytes));
  if (elf === undefined) return 'refused';
  const words = ['accepted'];
  let budget = 4 * bytes.length;
  for (const phdr of elf.segments.filter(({ p_type }) => p_type === PT_NOTE)) {
    const segment = orUndefined(() => segmentBytes(elf, phdr));
    if (segment === undefined) continue;
    budget -= segment.length;
    if (budget < 0) break;
    for (const { owner, type, desc, offset, descOffset } of walkNotes(segment, Number(phdr.p_offset), 4).notes)
      if (isOurs(bytes, owner, offset)) words.push(`${type},${desc.length}@${descOffset.toString(16)}`);
  }
  return words.join(' ');
}

/** Undefined where the file is malformed. */
function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isBzelfError(error)) return undefined;
    throw error;
  }
}

const isOurs = (bytes: Uint8Array, owner: string, offset: number): boolean =>
  owner === BZELF_OWNER && getU32(bytes, offset) === 6;

/**
 * docs/notes.md asks three things of a reader of bzelf's notes that ours, which reads the notes of anybody, does not do:
 * look into PT_NOTE only, step by 4 whatever p_align says, and compare all 6 bytes of the owner.
 */
function factsOf(bytes: Uint8Array, elf: ElfFile): Facts {
  const segments = elf.segments.map((phdr) => (phdr.p_type === PT_NOTE ? { ...phdr, p_align: 4n } : phdr));
  const { source, header, class: elfClass } = elf;
  const { notes } = scanNotes({ source, header, class: elfClass, segments, sections: [] });
  const own = notes.filter(({ owner, offset }) => isOurs(bytes, owner, offset));
  const decoded = own.flatMap((note) => orUndefined(() => decodeNote(note, { class: elf.class })) ?? []);
  const of = <K extends DecodedNote['kind']>(kind: K) =>
    decoded.filter((note): note is Extract<DecodedNote, { kind: K }> => note.kind === kind);
  return {
    entries: of('bzelf-entry').map(({ value }) => value),
    mappings: of('bzelf-mapping').map(({ value }) => value),
    placement: of('bzelf-placement')[0]?.value,
    subarch: of('bzelf-subarch')[0]?.value,
  };
}

const hex = (value: bigint) => value.toString(16);

export function answer({ entries, mappings, placement, subarch }: Facts): string {
  const words = ['accepted'];
  for (const [name, protocol] of Object.entries(ENTRY_PROTOCOLS)) {
    const entry = entries.find((e) => e.protocol === name);
    if (entry === undefined) continue;
    const { id, mode, argument, setupRelative, address } = entry;
    const numbers = [protocol, id, ENTRY_MODES[mode], ENTRY_ARGUMENTS[argument], Number(setupRelative)];
    words.push('entry', `${numbers.join()}@${hex(address)}`);
    const mapping = mappings.find(({ entryId }) => entryId === id);
    if (mapping !== undefined) words.push('mapping', ...mapping.ranges.map(rangeText));
  }
  if (placement !== undefined) {
    const { relocatable, alignment, preferred, initSize, lowest, highest } = placement;
    words.push(
      'placement',
      [Number(relocatable), ...[alignment, preferred, initSize, lowest, highest].map(hex)].join(),
    );
  }
  if (subarch !== undefined) words.push('subarch', `${subarch.subarch},${hex(subarch.data)}`);
  return words.join(' ');
}

function rangeText(range: MappingRange): string {
  const has = { ...range, measured: range.evidence === 'measured' };
  const flags = RANGE_FLAGS.reduce((sum, [bit, name]) => sum + (has[name] ? bit : 0), 0);
  const where = `${hex(range.start)}+${hex(range.length)}@${hex(range.virtOffset)}`;
  return `${where},${flags.toString(16)},${MAPPING_PURPOSES[range.purpose]}`;
}
