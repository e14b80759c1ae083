// Before tests that execute whole kernels: the core as one file. What jest makes of its modules asks a getter for every
// constant, and interprets several times as slowly.
import { build } from 'esbuild';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');

export default async function setup() {
  await build({
    entryPoints: [join(ROOT, 'packages/x86/src/index.ts')],
    outfile: join(ROOT, '.cache/bundles/jest-core.cjs'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['iced-x86'],
    // jest knows `require` only
    supported: { 'dynamic-import': false },
    logLevel: 'warning',
  });
}
