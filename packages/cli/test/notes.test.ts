/** What `notes` prints, against readelf and against a golden text. */
import { XMLParser } from 'fast-xml-parser';
import { readElf } from '@bzelf/elf';
import { expectGolden, testWith } from '@bzelf/testkit';
import { collectNotes } from '../src/notes/collect';
import { notesDocument } from '../src/notes/document';
import { noteListText } from '../src/notes/text';
import { notesXml } from '../src/notes/xml';
import { plain } from '../src/print/json';
import { PLAIN } from '../src/print/paint';
import { notesElf } from './support';

test('the text has a line for each note, tables for ENTRY and MAPPING, and no control characters', () => {
  const text = noteListText([collectNotes(readElf(notesElf()), 'file')], {
    file: 'k.elf',
    raw: false,
    paint: PLAIN,
  });
  expect(text).not.toContain('\u001b');
  expectGolden('notes.txt', text);
});

test('--raw adds the bytes with their file offsets', () => {
  const bytes = notesElf();
  const list = collectNotes(readElf(bytes), 'file');
  const text = noteListText([list], { file: 'k.elf', raw: true, paint: PLAIN });
  const [, offset = '', digits = ''] = /^ +(0x[0-9a-f]{8}) {2}((?:[0-9a-f]{2} )+) *\.\.\.$/m.exec(text) ?? [];
  expect(digits).toBe('01 02 03 ');
  expect([...bytes.subarray(Number(offset), Number(offset) + 3)]).toEqual([1, 2, 3]);
});

testWith(['readelf'], 'owners, sizes and order are those that readelf sees', (readelf) => {
  const bytes = notesElf();
  const { notes } = collectNotes(readElf(bytes), 'file');
  const text = readelf.textOf(bytes, ['-nW']);
  const seen = [...text.matchAll(/^ {2}(.+?) +0x([0-9a-f]{8})\t/gm)].map(([, owner, size]) => [
    owner?.trim(),
    parseInt(size ?? '', 16),
  ]);
  const owners = (owner: string) => owner.replaceAll('\u001b', '^[');
  expect(notes.map(({ note }) => [owners(note.owner), note.desc.length])).toEqual(seen);
});

test('a note that cannot be decoded keeps its bytes and says why', () => {
  const { notes, problems } = collectNotes(readElf(notesElf()), 'file');
  const last = notes.at(-1);
  expect(last?.problem?.code).toBe('elf/note-bad-desc');
  expect(problems).toEqual([last?.problem]);
  const document = notesDocument('k.elf', [collectNotes(readElf(notesElf()), 'file')], false);
  const shown = ('notes' in document ? document.notes : []).at(-1);
  expect(shown).toMatchObject({ raw: '09', problem: { code: 'elf/note-bad-desc' } });
});

test('the XML says what the JSON says', () => {
  const document = notesDocument('k.elf', [collectNotes(readElf(notesElf()), 'file')], false);
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '',
    parseAttributeValue: false,
    parseTagValue: false,
    isArray: (name) => name === 'note' || name === 'range',
  });
  const { notes } = parser.parse(notesXml(document)) as {
    notes: Record<string, unknown> & { note: Record<string, string>[] };
  };
  const json = plain(document) as {
    notes: { owner: string; type: number; offset: number; kind: string; value?: Record<string, unknown> }[];
  };
  expect(notes['schema']).toBe('bzelf.notes/1');
  expect(notes.note.map(({ type, offset, kind }) => ({ type, offset, kind }))).toEqual(
    json.notes.map(({ type, offset, kind }) => ({ type: String(type), offset: String(offset), kind })),
  );
  const mapping = notes.note.find(({ kind }) => kind === 'bzelf-mapping') as unknown as {
    value: { ranges: { range: { start: string }[] } };
  };
  const same = json.notes.find(({ kind }) => kind === 'bzelf-mapping')?.value as { ranges: { start: string }[] };
  expect(mapping.value.ranges.range.map(({ start }) => start)).toEqual(same.ranges.map(({ start }) => start));
});
