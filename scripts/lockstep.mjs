// npm run lockstep -- IMAGE: the execution core beside QEMU, instruction by instruction. Wants qemu-system-x86_64.
import { bundleAndRun } from './bundle-and-run.mjs';

await bundleAndRun('packages/x86/difftest/lockstep/main.ts');
