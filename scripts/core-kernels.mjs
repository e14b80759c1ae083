// node scripts/core-kernels.mjs [--interpreter] [--times] [NAME…]: real kernels in the execution core beside QEMU, as a table.
import { bundleAndRun } from './bundle-and-run.mjs';

await bundleAndRun('packages/verifier/test-kernels/table.ts');
