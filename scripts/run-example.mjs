// node scripts/run-example.mjs NAME WORDS…: runs docs/examples/NAME.ts from the sources, so that nothing has to be built.
import { resolve } from 'node:path';
import { existsSync } from 'node:fs';
import { bundleAndRun } from './bundle-and-run.mjs';

const [name] = process.argv.splice(2, 1);
// The bundle runs in the root of the repository; names of files are meant from here.
process.argv = process.argv.map((word, i) => (i >= 2 && existsSync(word) ? resolve(word) : word));
await bundleAndRun(`docs/examples/${name}.ts`);
