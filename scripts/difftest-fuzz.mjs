// npm run fuzz:core -- --count N --seed S: random machines in the execution core, interpreted and translated.
import { bundleAndRun } from './bundle-and-run.mjs';

await bundleAndRun('packages/x86/difftest/fuzz/main.ts');
