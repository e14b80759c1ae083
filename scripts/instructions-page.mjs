// Writes docs/instructions.md from the instruction table of packages/x86. A test fails while the page is not that of the table.
import { bundleAndRun } from './bundle-and-run.mjs';

await bundleAndRun('packages/x86/difftest/write-page.ts');
