// Writes the decoder's tables from the rows of packages/x86/src/isa. A test fails while they are not those of the rows.
import { bundleAndRun } from './bundle-and-run.mjs';

await bundleAndRun('packages/x86/difftest/write-tables.ts');
