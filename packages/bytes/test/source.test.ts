import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFileSource } from '../src/file.js';
import { memorySource, readAsciz, readInto, subSource, type ByteSource } from '../src/index.js';

describe('memorySource', () => {
  test('reads views, plain ones even of a Buffer, so that slice() copies', () => {
    const buffer = Buffer.from([1, 2, 3, 4]).subarray(1);
    const bytes = memorySource(buffer).read(0, 2);
    expect(Buffer.isBuffer(bytes)).toBe(false);
    expect([...bytes]).toEqual([2, 3]);
    bytes.slice().fill(0);
    expect([...buffer]).toEqual([2, 3, 4]);
  });

  test.each([
    { title: 'past the end', offset: 3, length: 2 },
    { title: 'before the start', offset: -1, length: 1 },
    { title: 'of a negative length', offset: 0, length: -1 },
  ])('a read $title throws bytes/past-end', ({ offset, length }) => {
    expect(() => memorySource(new Uint8Array(4)).read(offset, length)).toThrow(
      expect.objectContaining({ code: 'bytes/past-end', offset }),
    );
  });
});

test('subSource is a file of its own and does not reach beyond its window', () => {
  const source = subSource(memorySource(Uint8Array.of(1, 2, 3, 4, 5)), 1, 3);
  expect(source.size).toBe(3);
  expect([...source.read(1, 2)]).toEqual([3, 4]);
  expect(() => source.read(2, 2)).toThrow(expect.objectContaining({ code: 'bytes/past-end' }));
});

describe('readInto', () => {
  const content = Uint8Array.from({ length: 10_000 }, (_, i) => (i * 7) & 0xff);
  const folder = mkdtempSync(join(tmpdir(), 'bzelf-source-'));
  const path = join(folder, 'file');
  writeFileSync(path, content);
  const file = openFileSource(path);
  afterAll(() => {
    file.close();
    rmSync(folder, { recursive: true });
  });

  test.each<{ of: string; source: ByteSource; start: number }>([
    { of: 'memory', source: memorySource(content), start: 0 },
    { of: 'a file', source: file, start: 0 },
    { of: 'a window of a file', source: subSource(file, 100, 9_000), start: 100 },
    { of: 'a window of memory', source: subSource(memorySource(content), 100, 9_000), start: 100 },
  ])('fills a place with bytes of $of, and nothing beside it', ({ source, start }) => {
    const place = new Uint8Array(6_002);
    readInto(source, 1_000, place.subarray(1, 6_001));
    expect([place[0], place[6_001]]).toEqual([0, 0]);
    expect(Buffer.compare(place.subarray(1, 6_001), content.subarray(start + 1_000, start + 7_000))).toBe(0);
    expect(() => readInto(source, source.size - 5_999, place.subarray(2))).toThrow(
      expect.objectContaining({ code: 'bytes/past-end' }),
    );
  });
});

test('a byte order mark in a string is kept: it does not make two owners of notes equal', () => {
  expect(readAsciz(Uint8Array.of(0xef, 0xbb, 0xbf, 0x62, 0))).not.toBe('b');
});
