// npm run test:loaders: the tests that want real kernels and real loaders, one after the other. More words go to jest.
// Judges that cannot be installed and kernels that cannot be fetched lead to skipped tests, which the summary counts.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readResults, showSummary } from './test-results.mjs';

const ROOT = join(import.meta.dirname, '..');
const RESULTS = join(ROOT, '.cache', 'results', 'loaders.json');

node('scripts/setup.mjs');
node('scripts/install-judges.mjs');
node('scripts/fetch-kernels.mjs');
mkdirSync(join(RESULTS, '..'), { recursive: true });
const words = [
  '--selectProjects',
  'kernels',
  'loaders',
  '--runInBand',
  '--passWithNoTests',
  '--json',
  `--outputFile=${RESULTS}`,
];
const { status } = node('node_modules/jest/bin/jest.js', ...words, ...process.argv.slice(2));
const results = readResults(RESULTS);
showSummary(results);
// Where more words chose a part of the tests, the rest of the table is not known.
const isWhole = process.argv.length === 2;
const matrix = isWhole ? node('scripts/loader-matrix.mjs', '--check').status : 0;
process.exitCode = status === 0 && results.failed === 0 && matrix === 0 ? 0 : 1;

function node(...command) {
  return spawnSync(process.execPath, command, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
}
