'use strict';
/* eslint-disable @typescript-eslint/no-require-imports, no-undef */
// Leaves V8's code of a bundle beside it, see bin/bzelf.cjs. Run by build.mjs; the words are command lines to warm up
// with, so that the functions that they need are in it.
const { readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');
const { createRequire, wrap } = require('node:module');

const bundle = join(__dirname, 'dist', process.argv[2]);
const script = new Script(wrap(readFileSync(bundle, 'latin1')), { filename: bundle });
const run = script.runInThisContext();

async function main(commandLines) {
  for (const words of commandLines) {
    process.argv = [process.execPath, bundle, ...words];
    const module = { exports: {} };
    run(module.exports, createRequire(bundle), module, bundle, join(bundle, '..'));
    await module.exports.done;
  }
  writeFileSync(`${bundle}.${process.versions.v8}.cache`, script.createCachedData());
}

void main(JSON.parse(process.argv[3]));
