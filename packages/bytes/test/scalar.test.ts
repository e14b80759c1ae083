import { equalBytes } from '../src/scalar';

/** The same bytes at another place in memory. */
const placed = (bytes: Uint8Array, at: number): Uint8Array => {
  const memory = new Uint8Array(bytes.length + at).fill(0xee);
  memory.set(bytes, at);
  return memory.subarray(at);
};

const LENGTHS = [0, 1, 3, 63, 64, 65, 66, 67, 130];

test.each(LENGTHS)('%i bytes are equal wherever they lie, until one of them is another', (length) => {
  const bytes = Uint8Array.from({ length }, (_, i) => i * 7 + 1);
  for (const [from, to] of [[0, 0], [1, 1], [3, 3], [1, 5], [0, 1], [2, 3], [4, 7]] as const) {
    const [a, b] = [placed(bytes, from), placed(bytes, to)];
    expect(equalBytes(a, b)).toBe(true);
    expect(equalBytes(a, placed(Uint8Array.of(...bytes, 0), to))).toBe(false);
    for (let i = 0; i < length; i++) {
      b[i] = (b[i] ?? 0) ^ 0x80;
      expect(equalBytes(a, b)).toBe(false);
      b[i] = (b[i] ?? 0) ^ 0x80;
    }
  }
}); // prettier-ignore
