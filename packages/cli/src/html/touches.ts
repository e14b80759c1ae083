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

interface Box {
  readonly from: number;
  readonly full: number;
  readonly top: number;
  bottom: number;
}

/** The areas of each kind as paths. What is closer than the eye can tell becomes one, so that a path is short, however many pages there are. */
export const touchPaths = (touches: readonly TouchView[], frame: Frame): TouchPath[] =>
  KINDS.map(({ kind }) => {
    const boxes = merged(touches.filter((touch) => touch.kind === kind).map((touch) => box(touch, frame)));
    const fading = boxes.filter(({ from, full }) => full > from);
    const standing = boxes.filter(({ full }) => full < frame.right);
    return {
      kind,
      fade: fading.map(({ from, full, top, bottom }) => area(from, top, full, bottom)).join(''),
      solid: standing.map(({ full, top, bottom }) => area(full, top, frame.right, bottom)).join(''),
    };
  }).filter(({ fade, solid }) => fade !== '' || solid !== '');

function box({ start, length, first, last }: TouchView, { x, y, right }: Frame): Box {
  const bottom = y(BigInt(start));
  const top = Math.min(y(BigInt(start) + BigInt(length)), bottom - 1);
  const from = Math.min(x(Number(first)), right - 1);
  return { from, full: Math.max(from, Math.min(x(Number(last)), right - 1)), top, bottom };
}

/** Boxes of the same time that touch each other are one. */
function merged(boxes: readonly Box[]): Box[] {
  const sorted = [...boxes].sort((a, b) => a.from - b.from || a.full - b.full || a.top - b.top);
  const all: Box[] = [];
  for (const own of sorted) {
    const last = all.at(-1);
    if (last?.from === own.from && last.full === own.full && own.top <= last.bottom)
      last.bottom = Math.max(last.bottom, own.bottom);
    else all.push({ ...own });
  }
  return all;
}

const area = (left: number, top: number, right: number, bottom: number): string =>
  `M${left} ${top}H${right}V${bottom}H${left}z`;
