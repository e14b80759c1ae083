// Makes a fresh clone ready: installs what package-lock.json lists and builds the packages, each only where it is
// needed. Runs before `npm start` and `npm test`, so it uses nothing but Node, and says nothing when all is well.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const STAMP = join(ROOT, '.cache', 'built');

if (!isInstalled()) run('installing', ...npm('ci', '--no-audit', '--no-fund', '--loglevel=error'));
if (!isBuilt()) {
  run('building', process.execPath, ['scripts/build.mjs']);
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  writeFileSync(STAMP, '');
}
linkTool();

/** Compares what npm noted on installing with what package-lock.json asks for; times of files say nothing after a pull. */
function isInstalled() {
  const installed = readLock(join('node_modules', '.package-lock.json'));
  if (installed === undefined) return false;
  return Object.entries(readLock('package-lock.json') ?? {})
    .filter(([path, entry]) => path.startsWith('node_modules/') && !entry.optional && !entry.devOptional)
    .every(([path, entry]) => installed[path]?.version === entry.version && installed[path]?.link === entry.link);
}

function readLock(path) {
  try {
    return JSON.parse(readFileSync(join(ROOT, path), 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** Whether every package with sources has its dist, and nothing that goes into it is newer than the last build. */
function isBuilt() {
  if (!existsSync(STAMP)) return false;
  const built = statSync(STAMP).mtimeMs;
  const packages = readdirSync(join(ROOT, 'packages')).map((name) => join(ROOT, 'packages', name));
  const complete = packages.every((folder) => !existsSync(join(folder, 'src')) || existsSync(join(folder, 'dist')));
  const inputs = [ROOT, ...packages].flatMap((folder) => [
    ...jsonsAndBuilds(folder),
    ...filesUnder(join(folder, 'src')),
  ]);
  return complete && inputs.every((path) => statSync(path).mtimeMs <= built);
}

function jsonsAndBuilds(folder) {
  return ['package.json', 'tsconfig.json', 'tsconfig.base.json', 'build.mjs', 'scripts/build.mjs']
    .map((name) => join(folder, name))
    .filter((path) => existsSync(path));
}

function filesUnder(folder) {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** npm links a workspace's command only if the file was there when it installed. */
function linkTool() {
  const link = join(ROOT, 'node_modules', '.bin', 'bzelf');
  const { bin } = JSON.parse(readFileSync(join(ROOT, 'packages', 'cli', 'package.json'), 'utf8'));
  if (existsSync(link) || !existsSync(join(ROOT, 'packages', 'cli', bin.bzelf)) || process.platform === 'win32') return;
  rmSync(link, { force: true }); // a link to a file that is gone
  symlinkSync(`../bzelf/${bin.bzelf}`, link);
}

/** npm as it was started, or the one on the PATH. */
function npm(...words) {
  const script = process.env.npm_execpath;
  return script?.endsWith('.js') ? [process.execPath, [script, ...words]] : ['npm', words];
}

function run(what, command, words) {
  console.error(`bzelf: ${what}…`);
  const { status, error } = spawnSync(command, words, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
  if (error) console.error(`bzelf: ${what} failed: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}
