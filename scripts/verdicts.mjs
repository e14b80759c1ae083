// node scripts/verdicts.mjs [--check] [KERNEL…]: verifies real kernels in every form by execution and writes docs/verdicts.md; with --check it
// writes nothing and ends with 1 when a verdict is another one. All kernels take an hour of one processor; naming some renews their rows.
import { bundleAndRun } from './bundle-and-run.mjs';

await bundleAndRun('packages/verifier/test-kernels/verdicts.ts');
