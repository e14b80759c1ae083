/**
 * Undoes the x86 branch filter of xz in place: absolute targets of E8 and E9 become relative again. Written by hand:
 * the decoder library has no filters. Source: xz file format 5.3.2; lib/xz/xz_dec_bcj.c, bcj_x86, which we follow.
 */
export function undoX86Bcj(bytes: Uint8Array, start = 0): void {
  const end = bytes.length - 4;
  let previousMask = 0;
  let previous = -5;
  const quads = new Int32Array(bytes.buffer, bytes.byteOffset - (bytes.byteOffset % 4), bytes.length >> 2);
  const shift = bytes.byteOffset % 4;
  for (let i = 0; i < end; i++) {
    // Most bytes are no branches: pass over four at a time where the words of the buffer allow it.
    while (((i + shift) & 3) === 0 && (i + shift) >> 2 < quads.length && !hasBranch(quads[(i + shift) >> 2] ?? 0))
      i += 4;
    if (i >= end) return;
    if (((bytes[i] ?? 0) & 0xfe) !== 0xe8) continue;
    const distance = i - previous;
    previous = i;
    // Bits of the mask: which of the three bytes before this opcode were opcodes, too.
    previousMask = distance > 3 ? 0 : (previousMask << (distance - 1)) & 7;
    const blocked =
      previousMask !== 0 &&
      (((1 << previousMask) & ALLOWED) === 0 || isSignByte(bytes[i + 4 - (BIT_NUMBER[previousMask] ?? 0)] ?? 0));
    if (blocked || !isSignByte(bytes[i + 4] ?? 0)) {
      previousMask = (previousMask << 1) | 1;
      continue;
    }
    convert(bytes, i, (start + i + 5) | 0, previousMask);
    i += 4;
    previousMask = 0;
  }
}

/** Is any of the four bytes 0xe8 or 0xe9? The usual test for a zero byte, after both became zero. */
function hasBranch(quad: number): boolean {
  const zeroed = (quad ^ 0xe8e8e8e8) & 0xfefefefe;
  return ((zeroed - 0x01010101) & ~zeroed & 0x80808080) !== 0;
}

/** Masks 0, 1, 2 and 4 may be converted (xz_dec_bcj.c, mask_to_allowed_status). */
const ALLOWED = 0b0001_0111;
const BIT_NUMBER = [0, 1, 2, 2, 3, 3, 3, 3];

/** Only targets within 16 MiB, whose top byte is a sign, were filtered. */
const isSignByte = (byte: number): boolean => byte === 0x00 || byte === 0xff;

function convert(bytes: Uint8Array, i: number, next: number, mask: number): void {
  let source =
    (bytes[i + 1] ?? 0) | ((bytes[i + 2] ?? 0) << 8) | ((bytes[i + 3] ?? 0) << 16) | ((bytes[i + 4] ?? 0) << 24);
  let target: number;
  for (;;) {
    target = (source - next) | 0;
    if (mask === 0) break;
    const shift = (BIT_NUMBER[mask] ?? 0) * 8;
    if (!isSignByte((target >>> (24 - shift)) & 0xff)) break;
    source = target ^ ((1 << (32 - shift)) - 1);
  }
  bytes[i + 1] = target;
  bytes[i + 2] = target >> 8;
  bytes[i + 3] = target >> 16;
  bytes[i + 4] = (target & 0x0100_0000) === 0 ? 0x00 : 0xff;
}
