// Makes dist/bzelf.cjs, the command line tool in one file, and bzelf-run.cjs, which does without the other commands and
// starts sooner. What has machine code in it stays outside.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { build } from 'esbuild';

const here = import.meta.dirname;
const packages = join(here, '..');

/** The library sources are bundled as they are, so that no build of theirs has to come first. */
const sources = {
  name: 'bzelf-sources',
  setup(bundle) {
    bundle.onResolve({ filter: /^@bzelf\// }, ({ path }) => {
      const [, name, file = 'index'] = path.split('/');
      return { path: join(packages, name, 'src', `${file}.ts`) };
    });
  },
};

/** Leaves out the work of all commands but one, and of verify's worker. */
const only = (command) => ({
  name: 'bzelf-only',
  setup(bundle) {
    bundle.onResolve({ filter: /^(\.\.\/run|\.\/verify)\// }, ({ path }) =>
      path === `../run/${command}.js` ? undefined : { path, namespace: 'nothing' },
    );
    bundle.onLoad({ filter: /./, namespace: 'nothing' }, () => ({ contents: 'export {};' }));
  },
});

/** The interpreter's handlers, unpacked in a file of their own: reading it is faster than loading what unpacks them. */
const unpacked = {
  name: 'bzelf-unpacked',
  setup(bundle) {
    bundle.onLoad({ filter: /x86.src.handlers.packed\.ts$/ }, () => ({
      contents: `import { readFileSync } from 'node:fs';
        export const handlerBytes = () => new Uint8Array(readFileSync(new URL('handlers.bin', import.meta.url)));`,
    }));
  },
};

function writeHandlers() {
  const generated = readFileSync(join(packages, 'x86/src/handlers/handlers.generated.ts'), 'latin1');
  const packed = [...generated.matchAll(/^ {2}'(.*)',$/gm)].map(([, line]) => line).join('');
  writeFileSync(join(here, 'dist/handlers.bin'), inflateRawSync(Buffer.from(packed, 'base64')));
}

const hookText = (name) => readFileSync(join(here, 'hooks', name), 'utf8');
const manifest = (name) => JSON.parse(readFileSync(join(packages, name, 'package.json'), 'utf8'));

const options = {
  entryPoints: [join(here, 'src/bin.ts')],
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  // import() inside vm.Script is experimental in Node 20 and says so; the packages outside can be required, too.
  supported: { 'dynamic-import': false },
  minify: true,
  legalComments: 'none',
  // The decoders load their native parts from their own folders.
  // iced-x86 makes traces readable where somebody has installed it.
  external: [
    ...Object.keys(manifest('bzimage').dependencies).filter((name) => !name.startsWith('@bzelf/')),
    'iced-x86',
  ],
  alias: {
    // yargs measures Unicode with Intl.Segmenter, which takes 20 ms to start. Our help is ASCII.
    'string-width': join(here, 'src/bundle/string-width.ts'),
    // yargs takes two functions of it; the module of Node takes 3 ms to load.
    assert: join(here, 'src/bundle/assert.ts'),
    'node:zlib': join(here, 'src/bundle/zlib.ts'),
  },
  inject: [join(here, 'src/bundle/performance.ts')],
  banner: { js: 'const __bundleUrl=require("node:url").pathToFileURL(__filename).href;' },
  define: {
    'import.meta.url': '__bundleUrl',
    // yargs asks when it is loaded, and opening process.stdout takes 2 ms; main.ts sets the width when help is wanted.
    'process.stdout.columns': 'undefined',
    __HOOKS__: JSON.stringify({ hook: hookText('bzelf-hook'), config: hookText('bzelf.conf') }),
    __VERSION__: JSON.stringify(manifest('cli').version),
  },
};
await build({ ...options, outfile: join(here, 'dist/bzelf.cjs'), plugins: [unpacked, sources] });
await build({ ...options, outfile: join(here, 'dist/bzelf-run.cjs'), plugins: [only('run'), unpacked, sources] });
writeHandlers();

for (const name of readdirSync(join(here, 'dist'))) {
  if (name.endsWith('.cache')) rmSync(join(here, 'dist', name));
}
const work = mkdtempSync(join(tmpdir(), 'bzelf-build-'));
try {
  const image = join(packages, '../test-images/61-64-gzip.bzImage');
  const file = join(work, 'kernel.elf');
  const commands = [['wrap', image, '-o', file, '--quiet'], ['notes', file], ['info', file], ['--help']];
  // far enough for a run to have seen hot code
  const run = ['run', image, '--instructions', '40000000', '--cmdline', 'nokaslr'];
  for (const [bundle, warmUp] of [
    ['bzelf.cjs', commands],
    ['bzelf-run.cjs', [run]],
  ])
    execFileSync(process.execPath, [join(here, 'build-cache.cjs'), bundle, JSON.stringify(warmUp)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
} finally {
  rmSync(work, { recursive: true });
}
