/** Numbers by the name of what was measured, in nanoseconds. */
export type Numbers = Readonly<Record<string, number>>;
export interface Reference {
  readonly node: string;
  readonly v8: string;
  readonly cpu: string;
  readonly nanoseconds: Numbers;
}

/** Beyond this, either way, the ground has changed. */
export const NOTABLE = 2;

export const isNotable = (ratio: number): boolean => ratio > NOTABLE || ratio < 1 / NOTABLE;

/** A table, a row for each number; what the reference does not have stands without a ratio. */
export function report(now: Numbers, { node, nanoseconds }: Reference): string {
  const rows = Object.entries(now).map(([what, value]) => {
    const then = nanoseconds[what];
    const ratio = then === undefined ? undefined : value / then;
    const mark = ratio !== undefined && isNotable(ratio) ? (ratio > 1 ? '  slower' : '  faster') : '';
    return [what, time(value), then === undefined ? '-' : time(then), (ratio?.toFixed(2) ?? '-') + mark];
  });
  const head = ['what', `Node ${process.versions.node}`, `Node ${node}`, 'ratio'];
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => (row[column] ?? '').length)));
  return [head, ...rows]
    .map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))))
    .map((row) => row.join('  ').trimEnd())
    .join('\n');
}

export function time(nanoseconds: number): string {
  const [value, unit] = nanoseconds < 1000 ? [nanoseconds, 'ns'] : [nanoseconds / 1000, 'us'];
  return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${unit}`;
}
