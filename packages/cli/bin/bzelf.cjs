#!/usr/bin/env node
'use strict';
/* eslint-disable @typescript-eslint/no-require-imports, no-undef */
// Compiling the bundle would take longer than most commands. The build leaves V8's code beside it, for the V8 that it ran
// on (build-cache.cjs); on any other, Node keeps the code itself if it can (22.1 and later). CommonJS starts 5 ms sooner
// than a module. `run` has a bundle without the other commands.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

const bundle = join(__dirname, '../dist', process.argv[2] === 'run' ? 'bzelf-run.cjs' : 'bzelf.cjs');
const cachedData = readIfThere(`${bundle}.${process.versions.v8}.cache`);
if (cachedData === undefined) {
  require('node:module').enableCompileCache?.();
  require(bundle);
} else {
  runCached();
}

function runCached() {
  const { Script } = require('node:vm');
  const { createRequire, wrap } = require('node:module');
  // It is ASCII, which is read faster than UTF-8.
  const script = new Script(wrap(readFileSync(bundle, 'latin1')), {
    filename: bundle,
    cachedData,
  });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(bundle), module, bundle, join(bundle, '..'));
}

function readIfThere(path) {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
