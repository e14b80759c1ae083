import type { ByteSource } from '@bzelf/bytes';
import { PARTS, type ImageFacts, type Part } from './facts.js';

export interface Difference {
  readonly part: Part;
  readonly name: string;
  /** Absent where that image has nothing of this name. */
  readonly a?: string;
  readonly b?: string;
}

/** In the order of the parts; within one in the order of `a`, then what only `b` has. */
export function compareFacts(a: ImageFacts, b: ImageFacts): Difference[] {
  return PARTS.flatMap((part) => {
    const names = new Set([...a[part].keys(), ...b[part].keys()]);
    return [...names].flatMap((name): Difference[] => {
      const [left, right] = [a[part].get(name), b[part].get(name)];
      if (left === right) return [];
      return [{ part, name, ...(left === undefined ? {} : { a: left }), ...(right === undefined ? {} : { b: right }) }];
    });
  });
}

const CHUNK = 1 << 20;

/** The offset of the first byte that differs, as cmp(1) finds it; undefined when the files are the same. */
export function firstDifference(a: ByteSource, b: ByteSource): number | undefined {
  const common = Math.min(a.size, b.size);
  for (let at = 0; at < common; at += CHUNK) {
    const length = Math.min(CHUNK, common - at);
    const [left, right] = [a.read(at, length), b.read(at, length)];
    if (Buffer.compare(left, right) === 0) continue;
    return at + left.findIndex((byte, i) => byte !== right[i]);
  }
  return a.size === b.size ? undefined : common;
}
