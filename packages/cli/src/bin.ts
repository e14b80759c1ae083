import { main } from './main.js';

/** The bundle's entry: runs the command line. */
export const done = main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
