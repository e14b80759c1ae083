// npm run difftest:c-reader -- --count N --seed S: docs/c/bzelf_read.c against our reader over N mutated files.
import { bundleAndRun } from './bundle-and-run.mjs';

await bundleAndRun('packages/cli/difftest/c-reader-main.ts');
