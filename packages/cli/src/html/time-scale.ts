/** Horizontal positions for instruction counts: linear inside a phase, and a short phase gets the width that its name needs. */

export interface Span {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly x: number;
  readonly width: number;
}

export interface TimeScale {
  readonly spans: readonly Span[];
  /** Distance of an instruction count from the left. */
  x(count: number): number;
}

/** Pixels: `decompression`, or a count of nine digits below a boundary. */
const LEAST_WIDTH = 92;

/** The phases ascend and follow each other without gaps. */
export function timeScale(
  phases: readonly { readonly name: string; readonly from: string | number; readonly to: string | number }[],
  width: number,
): TimeScale {
  const lengths = phases.map(({ from, to }) => Number(to) - Number(from));
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const least = Math.min(LEAST_WIDTH, width / Math.max(1, phases.length));
  const free = width - least * phases.length;
  let left = 0;
  const spans = phases.map(({ name, from, to }, i) => {
    const own = least + (total === 0 ? 0 : (free * (lengths[i] ?? 0)) / total);
    const span = { name, from: Number(from), to: Number(to), x: left, width: own };
    left += own;
    return span;
  });
  return { spans, x: (count) => position(spans, count) };
}

function position(spans: readonly Span[], count: number): number {
  const span = spans.find(({ to }) => count < to) ?? spans.at(-1);
  if (span === undefined) return 0;
  const share = span.to === span.from ? 0 : (count - span.from) / (span.to - span.from);
  return span.x + span.width * Math.min(1, Math.max(0, share));
}
