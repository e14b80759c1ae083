/**
 * The packets of gdb's remote protocol: `$data#checksum`, acknowledged with `+`. Source: "Remote Protocol", Overview, in the gdb manual.
 */
const DOLLAR = 0x24;
const HASH = 0x23;
const ESCAPE = 0x7d;
const INTERRUPT = 3;
/** Longer packets than we have announced are dropped. */
export const PACKET_SIZE = 0x4000;

export type GdbInput =
  { readonly kind: 'packet'; readonly data: Uint8Array } | { readonly kind: 'interrupt' } | { readonly kind: 'bad' };

/** Takes bytes as they come and gives whole packets. */
export class PacketReader {
  private data: number[] | undefined;
  private checksum: number[] = [];
  private atChecksum = false;

  *push(bytes: Iterable<number>): Generator<GdbInput> {
    for (const byte of bytes) {
      const input = this.byte(byte);
      if (input !== undefined) yield input;
    }
  }

  private byte(byte: number): GdbInput | undefined {
    const { data } = this;
    if (data === undefined) {
      if (byte === DOLLAR) this.data = [];
      return byte === INTERRUPT ? { kind: 'interrupt' } : undefined;
    }
    if (this.atChecksum) return this.checksumByte(byte, data);
    if (byte === HASH) this.atChecksum = true;
    else if (byte === DOLLAR) this.data = [];
    else if (data.length < PACKET_SIZE) data.push(byte);
    return undefined;
  }

  private checksumByte(byte: number, data: readonly number[]): GdbInput | undefined {
    this.checksum.push(byte);
    if (this.checksum.length < 2) return undefined;
    const wanted = Number.parseInt(String.fromCharCode(...this.checksum), 16);
    this.data = undefined;
    this.checksum = [];
    this.atChecksum = false;
    if (wanted !== sumOf(data)) return { kind: 'bad' };
    return { kind: 'packet', data: unescape(data) };
  }
}

const sumOf = (data: Iterable<number>): number => {
  let sum = 0;
  for (const byte of data) sum = (sum + byte) & 0xff;
  return sum;
};

/** `}` says that the next byte comes with bit 5 flipped. */
function unescape(data: readonly number[]): Uint8Array {
  const bytes: number[] = [];
  for (let at = 0; at < data.length; at++) {
    const byte = data[at] as number;
    bytes.push(byte === ESCAPE ? ((data[++at] ?? 0) ^ 0x20) & 0xff : byte);
  }
  return Uint8Array.from(bytes);
}

/** A packet with an answer. Answers are ASCII; the bytes that would need an escape are escaped. */
export function packet(text: string): string {
  const escaped = text.replace(/[#$}*]/g, (letter) => `}${String.fromCharCode(letter.charCodeAt(0) ^ 0x20)}`);
  const sum = sumOf([...escaped].map((letter) => letter.charCodeAt(0)));
  return `$${escaped}#${hexByte(sum)}`;
}

export const hexByte = (byte: number): string => byte.toString(16).padStart(2, '0');
export const hexOf = (bytes: Iterable<number>): string => Array.from(bytes, hexByte).join('');

/** Undefined unless it is pairs of digits. */
export function bytesOfHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(text)) return undefined;
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}
