#!/bin/sh
':' //; case $1 in run | verify) c=$(nproc 2>/dev/null) || c=5; [ "$c" -gt 4 ] || exec node --v8-pool-size=$((c > 1 ? c - 1 : 1)) "$0" "$@" ;; esac
':' //; exec node "$0" "$@"
'use strict';
/* eslint-disable @typescript-eslint/no-require-imports, no-undef */
// The lines above are the shell's, and directives to JavaScript. V8 compiles with four threads, which on a computer with
// few processors take turns with the one that executes a kernel: on two, `run` is a tenth faster when they are one.
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
