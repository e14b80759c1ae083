/** MAPPING notes are changed in place: nothing else of the file is. */
import { readFileSync } from 'node:fs';
import { elfBootChecksum, mappingNote, readElf, readNotes, type MappingNote } from '@bzelf/elf';
import { testImage } from '@bzelf/testkit';
import { rewriteMappings } from '../src/rewrite-mappings';
import { unwrap } from '../src/unwrap';
import { wrap } from '../src/wrap';

const input = readFileSync(testImage('61-64-gzip.bzImage'));

const mappingsOf = (file: Uint8Array): MappingNote[] =>
  readNotes(readElf(file))
    .filter(({ owner, type }) => owner === mappingNote.owner && type === mappingNote.type)
    .map(({ desc }) => mappingNote.decode(desc));

const shorter = ({ entryId, ranges }: MappingNote): MappingNote => ({
  entryId,
  ranges: ranges.map((range) => ({ ...range, length: range.length / 2n, evidence: 'measured' })),
});

test.each([
  { form: 'container', target: 'universal' },
  { form: 'container', target: 'elfboot32' },
  { form: 'inplace', target: undefined },
] as const)('$form $target: other ranges, the same file around them, and the input is still in it', async (row) => {
  const { form, target } = row;
  const options = { form, allowEfiLoss: true, ...(target === undefined ? {} : { target }) };
  const { bytes } = await wrap(input, options);
  const wanted = mappingsOf(bytes).map(shorter);
  const file = rewriteMappings(bytes, wanted);
  expect(mappingsOf(file)).toEqual(wanted);
  expect(Buffer.compare(unwrap(file), input)).toBe(0);

  const changed = new Set<string>();
  const others = readNotes(readElf(file)).map(({ desc, ...note }) => ({
    ...note,
    desc: Buffer.from(desc).toString('hex'),
  }));
  readNotes(readElf(bytes)).forEach(({ owner, type, desc }, i) => {
    if (Buffer.from(desc).toString('hex') !== others[i]?.desc) changed.add(`${owner} ${type}`);
  });
  const sum = readNotes(readElf(file)).find(({ owner, type }) => owner === 'ELFBoot' && type === 3);
  expect([...changed].filter((name) => name !== 'ELFBoot 3')).toEqual(['bzelf 4']);
  if (sum !== undefined) expect(Buffer.from(sum.desc).readUInt16LE(0)).toBe(elfBootChecksum(readElf(file)));
  expect(sum === undefined).toBe(target === 'universal');
});

test('entries that are not named keep their note, and the input is not written to', async () => {
  const { bytes } = await wrap(input);
  const before = Buffer.from(bytes);
  expect(Buffer.compare(rewriteMappings(bytes, []), before)).toBe(0);
  rewriteMappings(bytes, mappingsOf(bytes).map(shorter));
  expect(Buffer.compare(bytes, before)).toBe(0);
});

test('a note of another size, and a file without such notes, are refused', async () => {
  const { bytes } = await wrap(input);
  const [first] = mappingsOf(bytes);
  const less = { entryId: first?.entryId ?? 0, ranges: first?.ranges.slice(1) ?? [] };
  expect(() => rewriteMappings(bytes, [less])).toThrow(expect.objectContaining({ code: 'writer/mapping-size' }));
  const plain = readFileSync(process.execPath);
  expect(() => rewriteMappings(plain, [])).toThrow(expect.objectContaining({ code: 'writer/no-mapping' }));
  expect(() => rewriteMappings(input, [])).toThrow(expect.objectContaining({ code: 'elf/bad-magic' }));
});
