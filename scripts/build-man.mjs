#!/usr/bin/env node
// Writes packages/cli/man/*.1 from the definitions of the commands.
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build } from 'esbuild';

const CLI = join(import.meta.dirname, '..', 'packages', 'cli');
const MAN = join(CLI, 'man');

const { outputFiles } = await build({
  stdin: {
    contents: `export { COMMANDS } from './src/commands/index.ts'; export { manPages } from './src/man/index.ts';`,
    resolveDir: CLI,
  },
  bundle: true,
  write: false,
  platform: 'node',
  format: 'cjs',
  // The definitions load nothing: what the commands do stays outside.
  plugins: [
    {
      name: 'definitions',
      setup: ({ onResolve }) => onResolve({ filter: /\/run\/|^@bzelf\// }, ({ path }) => ({ path, external: true })),
    },
  ],
});
const module = { exports: {} };
new Function('module', 'exports', 'require', outputFiles[0].text)(
  module,
  module.exports,
  createRequire(import.meta.url),
);
const { COMMANDS, manPages } = module.exports;
const { version } = JSON.parse(readFileSync(join(CLI, 'package.json'), 'utf8'));

mkdirSync(MAN, { recursive: true });
const pages = manPages(COMMANDS, version);
for (const name of readdirSync(MAN)) if (!pages.has(name)) rmSync(join(MAN, name));
for (const [name, page] of pages) writeFileSync(join(MAN, name), page);
