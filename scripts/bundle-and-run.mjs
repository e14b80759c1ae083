// Runs a TypeScript program of the repository from its sources, so that nothing has to be built first.
import { build } from 'esbuild';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
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
    external: ['iced-x86', ...decompressors()],
    logLevel: 'warning',
    plugins: [sources],
  });
  process.on('exit', () => rmSync(outfile, { force: true }));
  process.chdir(ROOT);
  await import(pathToFileURL(outfile));
}

/** Other people's modules that @bzelf/bzimage uses; some are native and cannot be bundled. */
function decompressors() {
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'packages/bzimage/package.json'), 'utf8'));
  return Object.keys(dependencies).filter((name) => !name.startsWith('@bzelf/'));
}

const sources = {
  name: 'sources',
  setup({ onResolve }) {
    onResolve({ filter: /^@bzelf\// }, ({ path }) => {
      const [, name, file = 'index'] = path.split('/');
      return { path: join(ROOT, 'packages', name, 'src', `${file}.ts`) };
    });
  },
};
