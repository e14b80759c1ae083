import { hex, toHex } from '@bzelf/bytes';

/** 64-bit values become hexadecimal strings, bytes a string of digit pairs. Source: docs/json.md. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(plain(value), undefined, 2)}\n`;
}

/** The same value in nothing but what JSON has. */
export function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return hex(value);
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
  }
  return value;
}
