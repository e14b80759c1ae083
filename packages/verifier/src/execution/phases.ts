import type { TouchLog } from '@bzelf/x86';
import type { Phase } from './report.js';

const PAGE = 4096;

export interface PhaseInput {
  readonly touches: TouchLog;
  /** The kernel's image as it was loaded; undefined when the loader enters the kernel itself. */
  readonly image: { readonly start: number; readonly end: number } | undefined;
  /** The entry stub, or setup and all that it uses; they write into their own pages. */
  readonly stub: { readonly start: number; readonly end: number } | undefined;
  /** What of the two it is. */
  readonly before: 'stub' | 'setup';
  /** Instructions at the kernel's entry; undefined when it was not reached. */
  readonly entered: bigint | undefined;
  readonly end: bigint;
}

/**
 * When the phases of a start begin: the kernel's image is fetched from for the first time (before that: the stub), code is fetched that was
 * written before (the decompressor has copied itself), and the kernel is entered.
 */
export function phasesOf({ touches, image, stub, before, entered, end }: PhaseInput): Phase[] {
  const all = [...touches];
  const limit = entered ?? end;
  const fetches = all.filter(({ kind, count }) => kind === 'fetch' && count < limit);
  const written = new Map(all.filter(({ kind }) => kind === 'write').map(({ page, count }) => [page, count]));
  const inside = (page: number, range: PhaseInput['image']) =>
    range !== undefined && page >= Math.floor(range.start / PAGE) && page < Math.ceil(range.end / PAGE);
  const own = fetches.filter(({ page }) => !inside(page, stub));
  const first = earliest(own.filter(({ page }) => inside(page, image)));
  const copy = earliest(own.filter(({ page, count }) => (written.get(page) ?? count) < count));
  const marks: readonly (readonly [Phase['name'], bigint | undefined])[] =
    image === undefined
      ? [
          ['start', 0n],
          ['after jump', entered],
        ]
      : [
          [before, 0n],
          ['before copy', first],
          ['decompression', copy],
          ['after jump', entered],
        ];
  const known = marks.flatMap(([name, from]) => (from === undefined ? [] : [{ name, from }]));
  return known
    .map(({ name, from }, i) => {
      const to = known[i + 1]?.from ?? end;
      const count = (kind: string) => all.filter((t) => t.kind === kind && t.count >= from && t.count < to).length;
      return { name, from, to, fetched: count('fetch'), read: count('read'), written: count('write') };
    })
    .filter(({ from, to }) => to > from);
}

const earliest = (touches: readonly { readonly count: bigint }[]): bigint | undefined =>
  touches.reduce<bigint | undefined>(
    (least, { count }) => (least === undefined || count < least ? count : least),
    undefined,
  );
