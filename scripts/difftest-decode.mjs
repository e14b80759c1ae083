// npm run difftest:decode -- COUNT SEED: the decoder against iced-x86 over kernels and COUNT random instructions a mode.
import { bundleAndRun } from './bundle-and-run.mjs';

await bundleAndRun('packages/x86/difftest/decode.ts');
