// Writes the decoder's tables from the rows of packages/x86/src/isa, and the interpreter's handlers from the lowerings of the translator. Tests fail
// while they are not those.
import { bundleAndRun } from './bundle-and-run.mjs';

await bundleAndRun('packages/x86/difftest/write-tables.ts');
await bundleAndRun('packages/x86/difftest/write-handlers.ts');
