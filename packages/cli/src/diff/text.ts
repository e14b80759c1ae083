import { hex } from '@bzelf/bytes';
import { count } from '../print/note-value.js';
import type { Paint } from '../print/paint.js';
import { printable } from '../print/printable.js';
import type { Difference } from './compare.js';
import { PARTS } from './facts.js';

export interface DiffResult {
  readonly a: string;
  readonly b: string;
  /** Offset of the first byte that differs. */
  readonly firstByte: number | undefined;
  readonly differences: readonly Difference[];
}

/** Lines as of diff(1): `-` is a, `+` is b. Nothing when the files are the same. */
export function diffText({ a, b, firstByte, differences }: DiffResult, paint: Paint): string {
  if (firstByte === undefined) return '';
  const head = `${paint.red(`--- ${printable(a)}`)}\n${paint.green(`+++ ${printable(b)}`)}\n`;
  const tail =
    differences.length === 0
      ? `only bytes differ that say nothing of the image, the first at ${hex(firstByte)}\n`
      : `${count(differences.length, 'difference')}; the first byte that differs is at ${hex(firstByte)}\n`;
  const parts = PARTS.map((part) => {
    const own = differences.filter((difference) => difference.part === part);
    const width = own.reduce((most, { name }) => Math.max(most, name.length), 0);
    const line = (sign: string, name: string, value: string) =>
      `${sign} ${printable(name).padEnd(width)}  ${printable(value)}`;
    const lines = own.flatMap(({ name, a: left, b: right }) => [
      ...(left === undefined ? [] : [`${paint.red(line('-', name, left))}\n`]),
      ...(right === undefined ? [] : [`${paint.green(line('+', name, right))}\n`]),
    ]);
    return own.length === 0 ? '' : `${paint.bold(part)}\n${lines.join('')}`;
  });
  return `${head}${parts.join('')}${tail}`;
}
