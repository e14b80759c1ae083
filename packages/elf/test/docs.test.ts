/** docs/notes.md is the specification; these tests hold its tables, its example and its C code against the codecs. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromHex, toHex } from '@bzelf/bytes';
import {
  BZELF_NOTES,
  ELF_NHDR,
  ENTRY_ARGUMENTS,
  ENTRY_MODES,
  ENTRY_PROTOCOLS,
  IMAGE_FORMS,
  MAPPING_PURPOSES,
  NOTE_CODECS,
  NOTE_COMPRESSORS,
  ORIGIN_SOURCES,
  RANGE_FLAGS,
  SUBARCH_NAMES,
  decodeNote,
  encodeNotes,
  noteCodec,
  readElf,
  readNotes,
} from '../src/index.js';
import * as tables from '../src/note/bzelf-tables.js';
import { hasReadelf, readelfNotes, smallElf, testWith } from './support.js';

const DOC = readFileSync(join(__dirname, '../../../docs/notes.md'), 'utf8');

const cellsOf = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

/** The first table with these columns behind a line that begins with `heading`, as rows of cells. */
function tableAfter(heading: string, columns: string): string[][] {
  const from = DOC.indexOf(`\n${heading}`);
  if (from === -1) throw new Error(`docs/notes.md has no ${heading}`);
  const lines = DOC.slice(from + 1).split('\n');
  const start = lines.findIndex((line) => cellsOf(line).join(' ') === columns);
  if (start === -1) throw new Error(`docs/notes.md has no table of ${columns} behind ${heading}`);
  const rest = lines.slice(start + 2);
  return rest
    .slice(
      0,
      rest.findIndex((line) => !line.startsWith('|')),
    )
    .map(cellsOf);
}

test.each([
  { heading: '## Finding the notes', table: ELF_NHDR },
  { heading: '### Type 1: IMAGE', table: tables.BZELF_IMAGE },
  { heading: '### Type 2: ENTRY', table: tables.BZELF_ENTRY },
  { heading: '### Type 3: SUBARCH', table: tables.BZELF_SUBARCH },
  { heading: '### Type 4: MAPPING', table: tables.BZELF_MAPPING },
  { heading: '#### MAPPING row', table: tables.BZELF_MAPPING_RANGE },
  { heading: '### Type 5: ORIGIN', table: tables.BZELF_ORIGIN },
  { heading: '#### ORIGIN row', table: tables.BZELF_ORIGIN_PIECE },
  { heading: '### Type 6: PLACEMENT', table: tables.BZELF_PLACEMENT },
  { heading: '### Type 7: PAYLOAD', table: tables.BZELF_PAYLOAD },
])('the fields under "$heading" are those that the code reads and writes', ({ heading, table }) => {
  const documented = tableAfter(heading, 'offset size name meaning').map((row) => row.slice(0, 3));
  expect(documented).toEqual(table.fields.map(({ at, type, name }) => [String(at), String(type.size), name]));
});

test.each([
  { heading: 'Values of `form`', values: IMAGE_FORMS },
  { heading: 'Values of `protocol`', values: ENTRY_PROTOCOLS },
  { heading: 'Values of `mode`', values: ENTRY_MODES },
  { heading: 'Values of `argument`', values: ENTRY_ARGUMENTS },
  { heading: 'Values of `subarch`', values: SUBARCH_NAMES },
  { heading: "Bits of a row's `flags`", values: Object.fromEntries(RANGE_FLAGS.map(([bit, name]) => [name, bit])) },
  { heading: 'Values of `purpose`', values: MAPPING_PURPOSES },
  { heading: 'Values of `source`', values: ORIGIN_SOURCES },
  { heading: 'Values of `compressor`', values: NOTE_COMPRESSORS },
])('$heading are those of the code', ({ heading, values }) => {
  const documented = tableAfter(heading, 'value name meaning').map(([value, name]) => [name, Number(value)]);
  expect(documented).toEqual(Object.entries(values));
});

test('every bzelf note has its chapter, by type and name, and there is no other', () => {
  const chapters = [...DOC.matchAll(/^### Type (\d+): (\w+)$/gm)].map(([, type, name]) => [Number(type), name]);
  expect(chapters).toEqual(BZELF_NOTES.map(({ type, name }) => [type, name]));
});

test('the notes of other owners have the names and types of their codecs', () => {
  for (const [owner, type, name] of tableAfter('## Notes of other owners', 'owner type name why')) {
    const codec = NOTE_CODECS.find((c) => c.owner === owner && c.type === Number(type));
    expect([owner, type, codec?.name]).toEqual([owner, type, name]);
  }
});

/** The bytes of the example, each line checked to begin where it says. */
function exampleBytes(): Uint8Array {
  const block = /## An example[\s\S]*?```\n([\s\S]*?)```/.exec(DOC)?.[1] ?? '';
  let hex = '';
  for (const [, at, digits] of block.matchAll(/^([0-9a-f]{4}) {2}((?:[0-9a-f]{2} )+)/gm)) {
    expect(parseInt(at ?? '', 16)).toBe(hex.length / 2);
    hex += (digits ?? '').replaceAll(' ', '');
  }
  return fromHex(hex);
}

test('the example decodes to what is written beside it, and encodes to its bytes again', () => {
  const notes = readNotes(readElf(smallElf({ noteBytes: exampleBytes() })));
  expect(toHex(encodeNotes(notes))).toBe(toHex(exampleBytes()));
  const titles = [...DOC.matchAll(/^# (\w+) (\d+), (\w+)$/gm)].map(([, ...words]) => words);
  expect(notes.map((n) => [n.owner, String(n.type), noteCodec(n)?.name.replace('XEN_ELFNOTE_', '')])).toEqual(titles);
  const values = notes.map((note) => decodeNote(note));
  expect(values).toMatchObject([
    { value: { entry: 0x4f98000n } },
    { value: { form: 'container', bits: 64, bootProtocol: 0x20f, madeBy: 'bzelf 0.1.0' } },
    { value: { id: 0, protocol: 'pvh', mode: 'protected32', argument: 'ebx', address: 0x4f98000n } },
    { value: { id: 1, protocol: 'linux64', mode: 'long64', argument: 'rsi', address: 0x1000200n } },
    {
      value: {
        entryId: 1,
        ranges: [
          { start: 0x1000000n, length: 0x3f98000n, virtOffset: 0n, execute: true, required: true, purpose: 'runtime' },
          { start: 0x90000n, length: 0x1000n, execute: false, placedByLoader: true, purpose: 'boot-params' },
        ],
      },
    },
    { value: { relocatable: true, alignment: 0x200000n, initSize: 0x3f98000n, highest: 0xfc000000n } },
  ]);
  values.slice(1).forEach((value, i) => {
    const codec = NOTE_CODECS.find((c) => c.kind === value.kind) as unknown as {
      encode(v: unknown): { desc: Uint8Array };
    };
    expect(toHex(codec.encode((value as { value: unknown }).value).desc)).toBe(
      toHex(notes[i + 1]?.desc ?? new Uint8Array(0)),
    );
  });
});

testWith(hasReadelf)('readelf walks the example, too', () => {
  expect(
    readelfNotes(smallElf({ noteBytes: exampleBytes() })).map(({ owner, descsz }) => `${owner} ${descsz}`),
  ).toEqual(['Xen 8', 'bzelf 28', 'bzelf 24', 'bzelf 24', 'bzelf 80', 'bzelf 48']);
});

const MAIN = `
#include <stdio.h>
int main(void)
{
	static uint8_t notes[65536];
	size_t size = fread(notes, 1, sizeof(notes), stdin);
	struct bzelf_entry entry;
	for (unsigned protocol = 0; protocol < 12; protocol++)
		if (!bzelf_find_entry(notes, size, protocol, &entry))
			printf("%u %u %u %llx\\n", protocol, entry.mode, entry.argument, (unsigned long long)entry.address);
	return 0;
}
`;

const hasGcc = spawnSync('gcc', ['--version']).status === 0;

testWith(hasGcc)('the C code compiles without a warning and finds the entries of the example', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bzelf-test-'));
  try {
    const code = /```c\n([\s\S]*?)```/.exec(DOC)?.[1] ?? '';
    writeFileSync(join(folder, 'notes.c'), code + MAIN);
    const flags = ['-std=c99', '-Wall', '-Wextra', '-Werror', '-fsanitize=undefined', '-o', 'notes', 'notes.c'];
    const compiled = spawnSync('gcc', flags, { cwd: folder, encoding: 'utf8' });
    expect(compiled.stderr).toBe('');
    const run = (input: Uint8Array) => spawnSync(join(folder, 'notes'), { input, encoding: 'utf8' });
    expect(run(exampleBytes())).toMatchObject({ status: 0, stderr: '', stdout: '3 4 4 1000200\n4 2 2 4f98000\n' });
    const cut = exampleBytes();
    expect(run(cut.subarray(0, 0x80))).toMatchObject({ status: 0, stderr: '', stdout: '4 2 2 4f98000\n' });
    expect(run(cut.fill(0xff, 0x74, 0x78))).toMatchObject({ status: 0, stderr: '', stdout: '4 2 2 4f98000\n' });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
