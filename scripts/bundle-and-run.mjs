// Runs a TypeScript program of the repository from its sources, so that nothing has to be built first.
import { build } from 'esbuild';
import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = join(import.meta.dirname, '..');

export async function bundleAndRun(entry) {
  const outfile = join(ROOT, '.cache', 'bundles', `${basename(entry, '.ts')}-${process.pid}.mjs`);
  mkdirSync(join(outfile, '..'), { recursive: true });
  await build({
    entryPoints: [join(ROOT, entry)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['iced-x86'],
    logLevel: 'warning',
  });
  process.chdir(ROOT);
  await import(pathToFileURL(outfile));
}
