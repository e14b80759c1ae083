import { hex } from '@bzelf/bytes';
import { stopText } from '@bzelf/verifier/run-end';
import type { MachineExit } from '@bzelf/x86';

/** How a run ended; `interrupted` is the person at the terminal. */
export type RunEnd = MachineExit | { readonly reason: 'interrupted'; readonly rip: bigint; readonly count: bigint };

/** What was asked for with --until. */
export type Until = 'entry' | 'banner' | undefined;

/** What a guest may end by without anything being wrong. */
const CALM: readonly RunEnd['reason'][] = ['halt', 'exit', 'reset', 'interrupted', 'budget'];

/** What was asked for is reached; or nothing was, and the machine ended by itself, by the person, or by the limit that was set. */
export const isGood = ({ reason }: RunEnd, until: Until): boolean =>
  until === undefined ? CALM.includes(reason) : reason === 'until';

/** Why a run ended, in a few words. */
export function endText(end: RunEnd, until: Until): string {
  const at = `at ${hex(end.rip)}`;
  if (end.reason === 'interrupted') return `interrupted ${at}`;
  if (end.reason !== 'until') return stopText(end, at);
  return until === 'banner' ? 'banner reached' : `kernel entered ${at}`;
}
