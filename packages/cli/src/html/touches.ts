import type { TouchView } from './document.js';

/** In the order in which they are drawn: what is executed lies on top. */
export const KINDS = [
  { kind: 'read', word: 'read' },
  { kind: 'write', word: 'written' },
  { kind: 'walk', word: 'walked as page tables' },
  { kind: 'fetch', word: 'executed' },
] as const satisfies readonly { kind: TouchView['kind']; word: string }[];

/** Where the picture is. */
export interface Frame {
  /** Pixels, whole ones. */
  x(count: number): number;
  /** Pixels, in halves. */
  y(address: bigint): number;
  /** The right edge: what was touched stays so. */
  readonly right: number;
}

export interface TouchPath {
  readonly kind: TouchView['kind'];
  /** From the first touch of a stretch to its last, when not all of it is touched yet. */
  readonly fade: string;
  readonly solid: string;
}

/** What is seen of one kind in a row of half a pixel: touched in parts from `from` on, and wholly from `full` on. */
interface Row {
  from: number;
  full: number;
}

/** The areas of each kind as paths: outlines of what is touched, so that a path is short, however many pages there are. */
export const touchPaths = (touches: readonly TouchView[], frame: Frame): TouchPath[] =>
  KINDS.map(({ kind }) => {
    const rows = rowsOf(
      touches.filter((touch) => touch.kind === kind),
      frame,
    );
    return {
      kind,
      fade: outlines(rows, ({ from, full }) => (full > from ? [from, full] : undefined)),
      solid: outlines(rows, ({ full }) => (full < frame.right ? [full, frame.right] : undefined)),
    };
  }).filter(({ fade, solid }) => fade !== '' || solid !== '');

/** By the row's number; the lower the address, the higher the number. */
function rowsOf(touches: readonly TouchView[], { x, y, right }: Frame): (Row | undefined)[] {
  const rows: (Row | undefined)[] = [];
  for (const { start, length, first, last } of touches) {
    const bottom = y(BigInt(start));
    const top = Math.min(y(BigInt(start) + BigInt(length)), bottom - 1);
    const from = Math.min(x(Number(first)), right - 1);
    const full = Math.max(from, Math.min(x(Number(last)), right - 1));
    for (let row = Math.round(top * 2); row < Math.round(bottom * 2); row++) {
      const known = rows[row];
      if (known === undefined) rows[row] = { from, full };
      else Object.assign(known, { from: Math.min(known.from, from), full: Math.min(known.full, full) });
    }
  }
  return rows;
}

type Edges = readonly [left: number, right: number];

interface Strip {
  readonly top: number;
  bottom: number;
  readonly edges: Edges;
}

/** Rows of the same edges are a strip; strips without a gap have one outline: down at their left edges, and up again at the right ones. */
function outlines(rows: readonly (Row | undefined)[], edgesOf: (row: Row) => Edges | undefined): string {
  const shapes: Strip[][] = [];
  let shape: Strip[] = [];
  for (let at = 0; at <= rows.length; at++) {
    const row = rows[at];
    const edges = row === undefined ? undefined : edgesOf(row);
    const last = shape.at(-1);
    if (edges === undefined) {
      if (last !== undefined) shapes.push(shape);
      if (last !== undefined) shape = [];
    } else if (last !== undefined && isSame(last.edges, edges)) last.bottom = at + 1;
    else shape.push({ top: at, bottom: at + 1, edges });
  }
  return shapes.map(outline).join('');
}

const isSame = ([a, b]: Edges, [c, d]: Edges): boolean => a === c && b === d;

function outline(strips: readonly Strip[]): string {
  const [first] = strips;
  if (first === undefined) return '';
  const corners = [
    ...strips.flatMap(({ top, bottom, edges: [left] }) => [[left, top] as const, [left, bottom] as const]),
    ...strips
      .toReversed()
      .flatMap(({ top, bottom, edges: [, right] }) => [[right, bottom] as const, [right, top] as const]),
  ];
  let [x, y, down] = [first.edges[0], first.top, 0];
  let path = `M${x} ${short(y)}`;
  const turn = () => {
    if (down !== 0) path += `v${short(down)}`;
    down = 0;
  };
  for (const [toX, toY] of corners) {
    if (toX !== x) {
      turn();
      path += `h${toX - x}`;
    }
    down += toY - y;
    [x, y] = [toX, toY];
  }
  turn();
  return `${path}z`;
}

/** Half pixels as pixels: `.5`. */
const short = (rows: number): string => String(rows / 2).replace(/^(-?)0\./, '$1.');
