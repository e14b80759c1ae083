// Makes dist/bzelf.cjs, the command line tool in one file. What has machine code in it stays outside.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
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

const manifest = (name) => JSON.parse(readFileSync(join(packages, name, 'package.json'), 'utf8'));

await build({
  entryPoints: [join(here, 'src/bin.ts')],
  outfile: join(here, 'dist/bzelf.cjs'),
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  plugins: [sources],
  // The decoders load their native parts from their own folders.
  external: Object.keys(manifest('bzimage').dependencies).filter((name) => !name.startsWith('@bzelf/')),
  alias: {
    // yargs measures Unicode with Intl.Segmenter, which takes 20 ms to start. Our help is ASCII.
    'string-width': join(here, 'src/print/string-width.ts'),
  },
  banner: { js: 'const __bundleUrl=require("node:url").pathToFileURL(__filename).href;' },
  define: {
    'import.meta.url': '__bundleUrl',
    // yargs asks when it is loaded, and opening process.stdout takes 2 ms; main.ts sets the width when help is wanted.
    'process.stdout.columns': 'undefined',
    __VERSION__: JSON.stringify(manifest('cli').version),
  },
});
