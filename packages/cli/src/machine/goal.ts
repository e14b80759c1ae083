import type { KernelImage } from '@bzelf/loader';
import { BANNER } from '@bzelf/verifier/run-end';
import type { Machine } from '@bzelf/x86';
import type { RunArgs } from '../commands/run.js';
import { UsageError } from '../exit.js';
import { withProgress } from '../progress.js';

/** When a run is over, other than by the machine itself. */
export interface Goal {
  readonly until?: readonly bigint[];
  /** What a line of the serial port has in it. */
  readonly text?: string;
  /** Whether the machine has arrived when `until` ends a run. */
  readonly isArrived: (machine: Machine) => boolean;
}

/** Throws UsageError, and what decompressing throws. */
export async function goalOf({ until, direct, cmdline }: RunArgs, kernel: KernelImage, memory: bigint): Promise<Goal> {
  if (until === undefined) return { isArrived: () => true };
  if (until === 'banner') return { text: BANNER, isArrived: () => true };
  const { entryCandidates, findKernelEntry, isAtEntry } = await import('@bzelf/verifier/kernel-entry');
  const point = direct ? undefined : await withProgress('decompressing', () => findKernelEntry(kernel));
  if (point === undefined)
    throw new UsageError('--until entry: this starts at the entry; nothing is decompressed before it');
  const isFixed = /(^| )nokaslr( |$)/.test(cmdline);
  return {
    until: entryCandidates(point, memory, !isFixed),
    isArrived: (machine) => isAtEntry(machine, point),
  };
}
