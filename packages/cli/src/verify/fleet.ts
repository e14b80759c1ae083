import { Worker } from 'node:worker_threads';
import type { VerifyOptions } from '@bzelf/verifier';
import { WORKER_WORD } from '../dash.js';
import { EXIT } from '../exit.js';
import type { Outcome } from './outcome.js';
import type { WorkerTask } from './worker.js';

export interface FleetOptions {
  /** Files that are verified at the same time. */
  readonly jobs: number;
  /** Called in the order of the files. */
  readonly onOutcome: (outcome: Outcome) => void;
  /** Called when a file is done, with its place among the files. */
  readonly onDone: (index: number, outcome: Outcome) => void;
}

/**
 * Verifies each file in a worker of its own, so that it leaves no memory behind and takes nobody with it when it dies. Throws what the callbacks
 * throw; no worker is left then.
 */
export async function verifyFleet(
  files: readonly string[],
  options: VerifyOptions,
  { jobs, onOutcome, onDone }: FleetOptions,
): Promise<void> {
  const workers = new Set<Worker>();
  const outcomes = new Map<number, Outcome>();
  let [next, told] = [0, 0];
  const lane = async () => {
    for (let index = next++; index < files.length; index = next++) {
      const outcome = await verifyInWorker({ file: files[index] ?? '', options }, workers);
      onDone(index, outcome);
      outcomes.set(index, outcome);
      for (let ready = outcomes.get(told); ready !== undefined; ready = outcomes.get(told)) {
        outcomes.delete(told++);
        onOutcome(ready);
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(jobs, files.length) }, lane));
  } finally {
    next = files.length;
    for (const worker of workers) void worker.terminate();
  }
}

/** It starts the bundle, which does a worker's work when it is called by the worker's word. */
const STARTER = '../bin/bzelf.cjs';

async function verifyInWorker(task: WorkerTask, workers: Set<Worker>): Promise<Outcome> {
  const worker = new Worker(new URL(STARTER, import.meta.url), { argv: [WORKER_WORD], workerData: task });
  workers.add(worker);
  try {
    return await new Promise((resolve) => {
      worker.on('message', resolve);
      worker.on('error', ({ message }: Error) => resolve(died(task.file, message)));
      // behind a message or an error this comes too late to count
      worker.on('exit', (code) => resolve(died(task.file, `exit code ${code}`)));
    });
  } finally {
    workers.delete(worker);
    await worker.terminate();
  }
}

/** Out of memory, most often. */
const died = (file: string, found: string): Outcome => ({
  file,
  error: {
    exit: EXIT.BUG,
    code: 'cli/worker-died',
    message: 'the thread that verified this file has died',
    found,
    hint: 'verify the file alone, or fewer at the same time (--jobs)',
  },
});
