// npm run bench:decode: instructions a second of the decoder.
import { bundleAndRun } from './bundle-and-run.mjs';

await bundleAndRun('packages/x86/difftest/bench-decode.ts');
