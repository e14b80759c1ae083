import type { Touch, TouchLog } from '@bzelf/x86';
import type { Phase, PhaseName, TouchRun } from './report.js';

const PAGE = 4096;
/** Rows of a report, or a few more. */
const MOST_RUNS = 2000;

/** The phase in which an instruction was executed; of one that was not finished, the last. */
export const phaseAt = (phases: readonly Phase[], count: bigint): PhaseName =>
  phases.findLast(({ from }) => from <= count)?.name ?? phases[0]?.name ?? 'start';

/** A run of pages has been touched within this part of the whole time: what is filled page by page is a staircase in a picture, not a block. */
const STEPS = 100n;

/** First touches, page by page, as runs of pages. Where they are too many, gaps of 1, 3, 7… pages are closed, and steps get longer. */
export function touchRuns(touches: TouchLog, phases: readonly Phase[]): TouchRun[] {
  const all = [...touches].map((touch) => ({ ...touch, phase: phaseAt(phases, touch.count) }));
  const step = all.reduce((latest, { count }) => (count > latest ? count : latest), 0n) / STEPS;
  let runs: TouchRun[] = [];
  for (let gap = 0; gap < 0x10_0000; gap = 2 * gap + 1) {
    runs = joined(all, gap, step * BigInt(gap + 1));
    if (runs.length <= MOST_RUNS) break;
  }
  return runs.sort((a, b) => Number(a.start - b.start));
}

interface Draft {
  readonly page: number;
  end: number;
  readonly kind: Touch['kind'];
  readonly phase: PhaseName;
  first: bigint;
  last: bigint;
  pages: number;
}

function joined(touches: readonly (Touch & { readonly phase: PhaseName })[], gap: number, step: bigint): TouchRun[] {
  const drafts: Draft[] = [];
  const open = new Map<string, Draft>();
  for (const { page, kind, phase, count } of touches) {
    const key = `${kind} ${phase}`;
    const draft = open.get(key);
    if (draft === undefined || page > draft.end + gap || count - draft.first > step || draft.last - count > step) {
      const next = { page, end: page + 1, kind, phase, first: count, last: count, pages: 1 };
      drafts.push(next);
      open.set(key, next);
      continue;
    }
    draft.end = page + 1;
    draft.pages++;
    if (count < draft.first) draft.first = count;
    if (count > draft.last) draft.last = count;
  }
  return drafts.map(({ page, end, ...rest }) => ({
    start: BigInt(page * PAGE),
    length: BigInt((end - page) * PAGE),
    ...rest,
  }));
}
