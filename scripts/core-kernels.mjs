// node scripts/core-kernels.mjs [--interpreter] [NAME…]: real kernels in the execution core beside QEMU, as a table.
import { bundleAndRun } from './bundle-and-run.mjs';

await bundleAndRun('packages/verifier/test-kernels/table.ts');
