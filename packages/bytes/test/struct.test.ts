import { BzelfError, raw, struct, u16, u32, u64, u8 } from '../src/index.js';

const S = struct('sample', [
  [0, u8, 'a', 'first'],
  [2, u16, 'b', 'after a hole', 0x0200],
  [4, u32, 'c', 'a word', 0x0204],
  [8, u64, 'd', 'a long word', 0x0208],
  [16, raw(3), 'e', 'three bytes', 0x0208],
]);

const bytes = Uint8Array.from([1, 0xee, 2, 3, 4, 5, 6, 0x87, 8, 9, 10, 11, 12, 13, 14, 0xff, 0xa, 0xb, 0xc]);
const values = { a: 1, b: 0x0302, c: 0x87060504, d: 0xff0e0d0c0b0a0908n, e: Uint8Array.of(0xa, 0xb, 0xc) };

test('a struct reads little-endian fields where its rows say', () => {
  expect(S.read(bytes)).toEqual(values);
});

test('a struct reads at an offset, also in a view of a larger buffer', () => {
  const padded = new Uint8Array(40);
  padded.set(bytes, 7);
  expect(S.read(padded, 7)).toEqual(values);
  expect(S.read(padded.subarray(3), 4)).toEqual(values);
});

test('encode puts zero in every hole and in every field that is not given', () => {
  expect([...S.encode({ b: 0xabcd })]).toEqual([0, 0, 0xcd, 0xab, ...new Array<number>(15).fill(0)]);
  expect(S.size).toBe(19);
});

test('write leaves other fields as they were', () => {
  const copy = bytes.slice();
  S.write(copy, 0, { c: 0 });
  expect(S.read(copy)).toEqual({ ...values, c: 0 });
});

test('readSome keeps only what it is asked for, so that fields after the end of a header are absent', () => {
  expect(S.readSome(bytes.subarray(0, 8), 0, (f) => f.since < 0x0208)).toEqual({ a: 1, b: 0x0302, c: 0x87060504 });
});

test.each([0, 1, 7, 18])('a struct cut to %i bytes throws bytes/past-end with the field', (length) => {
  const read = () => S.read(bytes.subarray(0, length));
  expect(read).toThrow(BzelfError);
  expect(read).toThrow(expect.objectContaining({ code: 'bytes/past-end', field: expect.stringMatching(/^sample\./) }));
});
