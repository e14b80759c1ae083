import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import type { VerifyOptions } from '@bzelf/verifier';
import { verifyOne } from './one.js';

/** What the worker is started with. */
export interface WorkerTask {
  readonly file: string;
  readonly options: VerifyOptions;
}

/** The whole life of a worker: one file. */
export async function workOnFile(): Promise<void> {
  const { file, options } = workerData as WorkerTask;
  (parentPort as MessagePort).postMessage(await verifyOne(file, options));
}
