// taken out of Math once: inside jest every look at a global is slow
const { imul } = Math;

/** A small generator with a printed seed: the same code for the same seed on every machine. */
export function generator(seed: number): () => number {
  let state = (seed ^ 0x9e3779b9) | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = imul(state ^ (state >>> 15), state | 1);
    t ^= t + imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
}

const PREFIXES = [0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x40, 0x41, 0x44, 0x48, 0x4f];
const ESCAPES = [[], [], [], [0x0f], [0x0f], [0x0f], [0x0f, 0x38], [0x0f, 0x3a], [0xc4], [0xc5], [0x62], [0x8f]];

/** Bytes that look like code more often than chance: some prefixes, an escape or none, then anything. */
export function randomCode(seed: number): Uint8Array {
  const next = generator(seed);
  const bytes: number[] = [];
  const pick = <T>(list: readonly T[]): T => list[next() % list.length] as T;
  for (let n = next() % 8; n > 4; n--) bytes.push(pick(PREFIXES));
  if (next() % 50 === 0) for (let n = next() % 16; n > 0; n--) bytes.push(pick(PREFIXES));
  bytes.push(...pick(ESCAPES));
  const total = next() % 20 === 0 ? bytes.length + 1 + (next() % 6) : 32;
  while (bytes.length < total) bytes.push(next() & 0xff);
  return Uint8Array.from(bytes);
}
