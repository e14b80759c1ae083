export interface TableOptions {
  /** Spaces in front of every line. */
  readonly indent?: number;
  /** Columns whose numbers stand under each other, counted from 0. */
  readonly right?: readonly number[];
}

// eslint-disable-next-line no-control-regex
const ESCAPES = /\u001b\[[0-9;]*m/g;
const width = (text: string): number => text.replaceAll(ESCAPES, '').length;

/** Rows in columns two spaces apart; the last column is as long as it likes. Every line ends in a newline. */
export function table(rows: readonly (readonly string[])[], { indent = 0, right = [] }: TableOptions = {}): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, width(cell))));
  const line = (row: readonly string[]) => {
    const cells = row.flatMap((cell, i) => {
      if (widths[i] === 0) return []; // a column of blanks
      const fill = ' '.repeat((widths[i] ?? 0) - width(cell));
      return right.includes(i) ? fill + cell : cell + fill;
    });
    return `${' '.repeat(indent)}${cells.join('  ')}`.trimEnd();
  };
  return rows.map((row) => `${line(row)}\n`).join('');
}
