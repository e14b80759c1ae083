#!/usr/bin/env node
'use strict';
/* eslint-disable @typescript-eslint/no-require-imports, no-undef */
// CommonJS, because Node starts it 5 ms sooner than a module. Node 22.1 and later keep the compiled code.
require('node:module').enableCompileCache?.();
require('../dist/bzelf.cjs');
