import { hex } from '@bzelf/bytes';
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

/** Source: Intel SDM vol. 3A, table 6-1. */
// prettier-ignore
const EXCEPTIONS = ['#DE', '#DB', 'NMI', '#BP', '#OF', '#BR', '#UD', '#NM', '#DF', '', '#TS', '#NP', '#SS', '#GP', '#PF', '', '#MF', '#AC', '#MC', '#XM'];

const faultText = ({ vector, errorCode }: { vector: number; errorCode?: number }): string =>
  `${EXCEPTIONS[vector] ?? `vector ${vector}`}${errorCode === undefined ? '' : `(${hex(errorCode)})`}`;

/** Why a run ended, in a few words. */
export function endText(end: RunEnd, until: Until): string {
  const at = `at ${hex(end.rip)}`;
  switch (end.reason) {
    case 'until':
      return until === 'banner' ? 'banner reached' : `kernel entered ${at}`;
    case 'halt':
      return `halted ${at}, interrupts ${end.interrupts}`;
    case 'shutdown':
      return `triple fault ${at}: ${end.faults.map(faultText).join(', then ')}`;
    case 'denied':
      return `${end.access.kind} of ${end.access.size} bytes at ${hex(end.access.physical)} denied, ${at}`;
    case 'unimplemented':
      return `no such instruction in the core: ${end.name} ${at}`;
    case 'exit':
      return `exit port, value ${end.value}`;
    case 'reset':
      return `reset by ${end.by}`;
    case 'budget':
      return `as many instructions as asked for, ${at}`;
    default:
      return `${end.reason} ${at}`;
  }
}
