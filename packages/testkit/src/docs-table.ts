import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from './paths.js';

/**
 * Holds a table against the one that stands in a page between `<!-- NAME: … -->` and `<!-- end of NAME -->`; the first row is its head.
 * `UPDATE_GOLDEN=1` writes it there.
 */
export function expectTable(page: string, name: string, rows: readonly (readonly string[])[]): void {
  const { path, wanted } = pageWith(page, name, rows);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, wanted);
  expect(readFileSync(path, 'utf8')).toBe(wanted);
}

/** Writes the table there. */
export function writeTable(page: string, name: string, rows: readonly (readonly string[])[]): void {
  const { path, wanted } = pageWith(page, name, rows);
  writeFileSync(path, wanted);
}

/** What stands there now is replaced. */
function pageWith(page: string, name: string, rows: readonly (readonly string[])[]) {
  const path = join(repositoryRoot(), page);
  const text = readFileSync(path, 'utf8');
  const [, before, , after] =
    new RegExp(`^([^]*<!-- ${name}: [^>]*-->\n)([^]*)(<!-- end of ${name} -->[^]*)$`).exec(text) ?? [];
  if (before === undefined || after === undefined) throw new Error(`${page} has no place for ${name}`);
  return { path, wanted: `${before}\n${tableText(rows)}\n${after}` };
}

/** As prettier has it. */
function tableText([head = [], ...body]: readonly (readonly string[])[]): string {
  const all = [head, ...body];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |\n`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('');
}
