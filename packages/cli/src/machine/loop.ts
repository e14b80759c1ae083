import type { Machine, RunOptions } from '@bzelf/x86';
import type { RunEnd } from './end.js';

/** The machine pauses so often, milliseconds, for keys and signals. */
const SLICE = 20;

export interface LoopOptions {
  readonly until: RunOptions['until'];
  /** Whether the machine has arrived when `until` ends a slice. */
  readonly isArrived: () => boolean;
  /** Instructions, in all. */
  readonly budget: bigint | undefined;
  readonly isInterrupted: () => boolean;
  /** Called whenever the machine pauses. */
  readonly onPause: () => void;
}

/** Runs in slices, so that this process lives beside the machine. */
export async function runInSlices(machine: Machine, options: LoopOptions): Promise<RunEnd> {
  const { until, budget, isArrived, isInterrupted, onPause } = options;
  for (;;) {
    const left = budget === undefined ? {} : { budget: budget - machine.count };
    const exit = machine.run({ deadline: SLICE, ...left, ...(until === undefined ? {} : { until }) });
    onPause();
    if (exit.reason === 'until' ? isArrived() : exit.reason !== 'deadline') return exit;
    await new Promise((resolve) => setImmediate(resolve));
    if (isInterrupted()) return { reason: 'interrupted', rip: exit.rip, count: exit.count } satisfies RunEnd;
  }
}
