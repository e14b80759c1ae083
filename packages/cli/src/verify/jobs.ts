import { availableParallelism } from 'node:os';
import { UsageError } from '../exit.js';

/** What a worker has besides the RAM of its machine: the kernel, compressed and not, and the core's code. */
const WORKER_BYTES = 300 << 20;

/** As many as there are processors and memory for, unless it is said. Throws UsageError. */
export function jobsOf(text: string | undefined, ram: number): number {
  if (text === undefined) {
    const fitting = Math.floor(process.availableMemory() / (ram + WORKER_BYTES));
    return Math.max(1, Math.min(availableParallelism(), fitting));
  }
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new UsageError(`--jobs ${text}: not a number from 1 to 9999`);
  return Number(text);
}
