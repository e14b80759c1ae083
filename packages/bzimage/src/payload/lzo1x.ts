export interface LzoProblem {
  what: string;
  /** Bytes into the block. */
  at: number;
}

/**
 * Decodes one LZO1X block into exactly `output`; returns what is wrong with it, if anything. Written by hand: no
 * package for Node is fit for it (docs/compressors.md).
 * Source: Documentation/staging/lzo.rst, which names every instruction as below.
 */
export function decodeLzo1x(input: Uint8Array, output: Uint8Array): LzoProblem | undefined {
  const s: LzoState = { input, output, in: 0, out: 0 };
  // Literals copied by the last instruction: 0 to 3, or 4 for "four or more". It changes what 0x00-0x0f mean.
  let state = 0;
  const first = input[0] ?? 0;
  if (first > 17) {
    s.in = 1;
    const count = first - 17;
    if (!copyLiterals(s, count)) return { what: 'literals run past the end', at: s.in };
    state = Math.min(count, 4);
  }
  while (s.in < input.length) {
    const at = s.in;
    const code = input[s.in++] ?? 0;
    if (code < 16 && state === 0) {
      if (!copyLiterals(s, 3 + readLength(s, code, 15))) return { what: 'literals run past the end', at };
      state = 4;
      continue;
    }
    const match = readMatch(s, code, state);
    if (match === undefined) return endOf(s, at);
    if (!copyMatch(s, match.distance, match.length)) return { what: 'a match outside the block', at };
    state = match.literals;
    if (state > 0 && !copyLiterals(s, state)) return { what: 'literals run past the end', at };
  }
  return { what: 'no end mark', at: s.in };
}

interface LzoState {
  readonly input: Uint8Array;
  readonly output: Uint8Array;
  in: number;
  out: number;
}

function endOf(s: LzoState, at: number): LzoProblem | undefined {
  return s.out === s.output.length ? undefined : { what: `${s.out} bytes in place of ${s.output.length}`, at };
}

/** A zero field: 255 for every zero byte that follows, then the first other byte, on top of the field's largest value. */
function readLength(s: LzoState, field: number, largest: number): number {
  if (field !== 0) return field;
  let length = largest;
  while (s.input[s.in] === 0) {
    length += 255;
    s.in++;
  }
  return length + (s.input[s.in++] ?? 0);
}

/** Undefined at the end mark (distance 0x4000 with nothing added). */
function readMatch(s: LzoState, code: number, state: number) {
  if (code >= 64) {
    const length = code >= 128 ? 5 + ((code >> 5) & 3) : 3 + ((code >> 5) & 1);
    const distance = ((s.input[s.in++] ?? 0) << 3) + ((code >> 2) & 7) + 1;
    return { length, distance, literals: code & 3 };
  }
  if (code >= 32) {
    const length = 2 + readLength(s, code & 31, 31);
    const { value, literals } = readDistance(s);
    return { length, distance: value + 1, literals };
  }
  if (code >= 16) {
    const length = 2 + readLength(s, code & 7, 7);
    const { value, literals } = readDistance(s);
    const distance = 0x4000 + ((code & 8) << 11) + value;
    return distance === 0x4000 ? undefined : { length, distance, literals };
  }
  const near = ((s.input[s.in++] ?? 0) << 2) + (code >> 2) + 1;
  return state === 4
    ? { length: 3, distance: near + 2048, literals: code & 3 }
    : { length: 2, distance: near, literals: code & 3 };
}

/** 14 bits of distance and two of literals, little-endian. */
function readDistance(s: LzoState): { value: number; literals: number } {
  const low = s.input[s.in++] ?? 0;
  const high = s.input[s.in++] ?? 0;
  return { value: (high << 6) + (low >> 2), literals: low & 3 };
}

function copyLiterals(s: LzoState, count: number): boolean {
  if (s.in + count > s.input.length || s.out + count > s.output.length) return false;
  const { input, output, in: from, out: to } = s;
  for (let i = 0; i < count; i++) output[to + i] = input[from + i] ?? 0;
  s.in += count;
  s.out += count;
  return true;
}

/** Source and destination may overlap: a distance of 1 repeats one byte. */
function copyMatch(s: LzoState, distance: number, length: number): boolean {
  if (distance > s.out || s.out + length > s.output.length) return false;
  const { output, out: to } = s;
  for (let i = to; i < to + length; i++) output[i] = output[i - distance] ?? 0;
  s.out += length;
  return true;
}
