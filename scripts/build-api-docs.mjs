#!/usr/bin/env node
// Writes the reference of the libraries, from their docstrings, as Markdown into docs/api (or the folder given).
// Types are not checked here: the build does that.
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Application } from 'typedoc';

const ROOT = join(import.meta.dirname, '..');
const out = resolve(process.argv[2] ?? join(ROOT, 'docs', 'api'));

/** Programs have no interface to document, and the test kit is for this repository. */
const NOT_LIBRARIES = ['cli', 'testkit'];

const entryPoints = readdirSync(join(ROOT, 'packages'))
  .filter((name) => !NOT_LIBRARIES.includes(name))
  .map((name) => join(ROOT, 'packages', name, 'src', 'index.ts'))
  .filter(existsSync);

const app = await Application.bootstrapWithPlugins({
  name: 'bzelf',
  entryPoints,
  tsconfig: join(ROOT, 'tsconfig.api.json'),
  plugin: ['typedoc-plugin-markdown'],
  out,
  readme: 'none',
  basePath: ROOT,
  skipErrorChecking: true,
  excludePrivate: true,
  excludeInternal: true,
  disableSources: true,
  githubPages: false,
  sort: ['source-order'],
  logLevel: 'Warn',
  // typedoc-plugin-markdown: one page a package instead of one for each name
  router: 'module',
  hideBreadcrumbs: true,
  validation: { notExported: false, invalidLink: true, notDocumented: false },
});
const project = await app.convert();
if (project === undefined) process.exit(1);
for (const module of project.children ?? []) module.name = module.name.replace(/^.*?([^/]+)\/src$/, '@bzelf/$1');
await app.generateOutputs(project);
if (app.logger.hasErrors() || app.logger.hasWarnings()) process.exit(1);
console.log(`${out}: ${entryPoints.length} packages`);
