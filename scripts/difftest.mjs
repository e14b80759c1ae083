// npm run difftest -- --count N --seed S: the interpreter against this machine's processor. Wants Linux on x86-64 and gcc.
import { bundleAndRun } from './bundle-and-run.mjs';

await bundleAndRun('packages/x86/difftest/main.ts');
