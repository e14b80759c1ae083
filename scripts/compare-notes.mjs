#!/usr/bin/env node
// The notes of every ELF file of a folder, as bzelf reads them and as readelf and eu-readelf do:
//   node scripts/compare-notes.mjs [FOLDER…]        (/usr/bin and /usr/lib unless told)
import { bundleAndRun } from './bundle-and-run.mjs';

await bundleAndRun('packages/cli/difftest/compare-notes-main.ts');
