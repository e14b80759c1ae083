/** What a value of a JSON document has to be. */
import { BzelfError, hex } from '@bzelf/bytes';

/** Gives what the value stands for; `path` says where it is. Throws cli/not-a-report when it is something else. */
export type Shape = (value: unknown, path: string) => unknown;

export const text: Shape = (value, path) => (typeof value === 'string' ? value : wrong(path, value, 'a string'));
export const flag: Shape = (value, path) => (typeof value === 'boolean' ? value : wrong(path, value, 'a boolean'));
export const natural: Shape = (value, path) =>
  Number.isSafeInteger(value) && Number(value) >= 0 ? value : wrong(path, value, 'a whole number');
export const seconds: Shape = (value, path) =>
  typeof value === 'number' && value >= 0 ? value : wrong(path, value, 'a number');

/** Instructions: numbers in JSON, because they fit, and big integers inside. */
export const instructions: Shape = (value, path) => BigInt(natural(value, path) as number);

const ADDRESS = /^0x[0-9a-f]{1,16}$/;
export const address: Shape = (value, path) =>
  ADDRESS.test(text(value, path) as string) ? BigInt(value as string) : wrong(path, value, 'a hexadecimal number');
/** How far something was moved: either way. */
export const distance: Shape = (value, path) =>
  (text(value, path) as string).startsWith('-0x')
    ? -(address((value as string).slice(1), path) as bigint)
    : address(value, path);

/** One of a few words. */
export const oneOf =
  (...words: readonly string[]): Shape =>
  (value, path) =>
    words.includes(value as string) ? value : wrong(path, value, words.join(', '));

export const listOf =
  (shape: Shape): Shape =>
  (value, path) =>
    Array.isArray(value) ? value.map((item, i) => shape(item, `${path}[${i}]`)) : wrong(path, value, 'an array');

/** With these fields; what ends in `?` may be absent. Fields of other names stay as they are: later versions may have more. */
export function object(fields: Readonly<Record<string, Shape>>): Shape {
  const rows = Object.entries(fields).map(([key, shape]) => {
    const isOptional = key.endsWith('?');
    return { name: isOptional ? key.slice(0, -1) : key, shape, isOptional };
  });
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong(path, value, 'an object');
    const read = new Map<string, unknown>(Object.entries(value));
    for (const { name, shape, isOptional } of rows) {
      if (isOptional && !read.has(name)) continue;
      read.set(name, shape(read.get(name), path === '' ? name : `${path}.${name}`));
    }
    return Object.fromEntries(read);
  };
}

/** Longer ones are told by their beginning. */
const MOST_SHOWN = 80;

/** Throws cli/not-a-report. */
export function wrong(path: string, found: unknown, expected: string): never {
  throw new BzelfError('cli/not-a-report', 'This is no report of `bzelf verify --json`', {
    field: path === '' ? 'document' : path,
    found: shown(found),
    expected,
  });
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return value.length > MOST_SHOWN ? `${value.slice(0, MOST_SHOWN)}…` : value;
  if (typeof value === 'bigint') return hex(value);
  return typeof value === 'object'
    ? value === null
      ? 'null'
      : Array.isArray(value)
        ? 'array'
        : 'object'
    : String(value);
}
