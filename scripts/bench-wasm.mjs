// npm run bench:wasm: what modules, calls, checks and loops cost in this Node, beside recorded numbers.
import { bundleAndRun } from './bundle-and-run.mjs';

await bundleAndRun('packages/x86/difftest/bench-wasm/main.ts');
