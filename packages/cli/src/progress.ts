import { stderrIsTerminal, writeStderr } from './terminal.js';

const CLEAR_LINE = '\r\u001b[K';

/**
 * Shows on a terminal, from the second second on, that there is work going on. Decoders keep the main thread busy, so
 * another one does the telling.
 */
export async function withProgress<T>(what: string, work: () => Promise<T>): Promise<T> {
  if (!stderrIsTerminal()) return work();
  const { Worker } = await import('node:worker_threads');
  const shown = new SharedArrayBuffer(4);
  const teller = new Worker(TELLER, { eval: true, workerData: { what, shown } });
  teller.unref();
  try {
    return await work();
  } finally {
    await teller.terminate();
    if (new Int32Array(shown)[0] === 1) writeStderr(CLEAR_LINE);
  }
}

const TELLER = `
const { writeSync } = require('node:fs');
const { workerData } = require('node:worker_threads');
const started = Date.now();
setInterval(() => {
  new Int32Array(workerData.shown)[0] = 1;
  writeSync(2, '\\r\\u001b[Kbzelf: ' + workerData.what + ' … ' + Math.round((Date.now() - started) / 1000) + ' s');
}, 1000);
`;
