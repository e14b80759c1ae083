// npm run suites -- NAME PATH: test suites of other projects, built outside of this repository, run in the execution core.
import { bundleAndRun } from './bundle-and-run.mjs';

await bundleAndRun('packages/x86/difftest/suites/main.ts');
