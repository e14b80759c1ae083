import { WORKER_WORD } from './dash.js';
import { main } from './main.js';

const words = process.argv.slice(2);

/** The bundle's entry: runs the command line, or what a worker thread is there for. */
export const done =
  words[0] === WORKER_WORD
    ? import('./verify/worker.js').then(({ workOnFile }) => workOnFile())
    : main(words).then((code) => {
        process.exitCode = code;
      });
