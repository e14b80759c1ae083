// node scripts/verdicts.mjs [--check | --missing | --page] [--form F] [--profile P] [KERNEL…]: verifies real kernels in every form by every
// profile and renews docs/verdicts.csv and docs/verdicts.md, line by line: a run that is ended keeps what it has, and --missing goes on. --check
// writes nothing, prints what has changed or fails, and ends with 1; --page runs nothing. All kernels take more than an hour of one processor.
import { bundleAndRun } from './bundle-and-run.mjs';

await bundleAndRun('packages/verifier/test-kernels/verdicts/run.ts');
