import type { VerifyOptions } from '@bzelf/verifier';
import { writeStderr } from '../terminal.js';
import { verifyFleet } from './fleet.js';
import { fleetProgress, type FleetProgress } from './fleet-progress.js';
import type { Outcome } from './outcome.js';

/** Many files, with a line on the terminal that says how far they are. */
export async function runFleet(
  files: readonly string[],
  options: VerifyOptions,
  jobs: number,
  take: (outcome: Outcome) => void,
): Promise<void> {
  const progress = fleetProgress(files);
  let done = 0;
  const stop = endOnSignal(progress, () => `${done} of ${files.length} files were verified`);
  try {
    await verifyFleet(files, options, {
      jobs,
      onOutcome(outcome) {
        progress.hide();
        take(outcome);
      },
      onDone(index, outcome) {
        done++;
        progress.done(index, outcome);
      },
    });
  } finally {
    stop();
    progress.close();
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The process ends by the signal as it always does, and its workers with it; the terminal is left tidy, and no report is begun. */
function endOnSignal(progress: FleetProgress, text: () => string): () => void {
  const handlers = SIGNALS.map((signal) => {
    const handler = () => {
      stop();
      progress.close();
      writeStderr(`bzelf: interrupted: ${text()}\n`);
      process.kill(process.pid, signal);
    };
    process.on(signal, handler);
    return { signal, handler };
  });
  const stop = () => handlers.forEach(({ signal, handler }) => process.off(signal, handler));
  return stop;
}
