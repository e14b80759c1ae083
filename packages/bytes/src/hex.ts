import { fail } from './errors.js';

/** `0x` and at least `width` lower-case digits. */
export function hex(value: number | bigint, width = 1): string {
  const isNegative = value < 0;
  return `${isNegative ? '-' : ''}0x${(isNegative ? -value : value).toString(16).padStart(width, '0')}`;
}

/** A count for people: 82,727,516. */
export const thousands = (count: number | bigint): string => String(count).replace(/\B(?=(\d{3})+$)/g, ',');

/** Two lower-case digits a byte, no separators: the way a build-id or a SHA-256 is written. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

/** The bytes of a string of digit pairs; white space between pairs is allowed. Throws bytes/bad-hex. */
export function fromHex(text: string): Uint8Array {
  const digits = text.replaceAll(/\s+/g, '');
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(digits)) throw fail('bytes/bad-hex', { found: text.slice(0, 40) });
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}
