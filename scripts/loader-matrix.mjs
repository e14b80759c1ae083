#!/usr/bin/env node
// Writes the table of loaders in docs/loaders.md from the results of `npm run test:loaders`. A row is a describe whose
// title matrixTitle (packages/testkit/src/matrix.ts) made.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const RESULTS = join(ROOT, '.cache', 'results', 'loaders.json');
const PAGE = join(ROOT, 'docs', 'loaders.md');
const [BEGIN, END] = ['<!-- matrix: written by scripts/loader-matrix.mjs -->', '<!-- end of matrix -->'];

const USAGE = `usage: node scripts/loader-matrix.mjs [--check] [RESULTS [PAGE]]

Writes the table between the markers of PAGE (docs/loaders.md) from RESULTS, what jest --json wrote.
  --check   writes nothing; exit code 1 when rows came, went or changed. A row that was skipped is not held against the
            page: what it wants is missing here.`;

/**
 * In the order of the table. `package` is where the version is asked for, `fetched` the folder in .cache/kernels; `simulated` is a loader that
 * is not run, but played in the core: its rows never say `passed`.
 */
// prettier-ignore
const LOADERS = [
  { name: 'qemu-system-x86_64', package: 'qemu-system-x86' },
  { name: 'qemu-system-i386',   package: 'qemu-system-x86' },
  { name: 'GRUB',               package: 'grub-pc-bin' },
  { name: 'SYSLINUX',           package: 'isolinux' },
  { name: 'iPXE',               fetched: 'ipxe' },
  { name: 'kexec',              package: 'kexec-tools' },
  { name: 'Xen',                fetched: 'xen' },
  { name: 'readnotes',          fetched: 'xen-utils' },
  { name: 'cbfstool',           package: 'coreboot-utils' },
  { name: 'Firecracker',        simulated: true },
  { name: 'cloud-hypervisor',   simulated: true },
  { name: 'crosvm',             simulated: true },
  { name: 'coreboot',           simulated: true },
  { name: 'FILO',               simulated: true },
  { name: 'Etherboot',          simulated: true },
  { name: 'U-Boot',             simulated: true },
];

const TITLE = /^(\S+) \((.+?)\): (.+) of (\S+)$/;

async function main(words) {
  if (words.includes('--help')) return void console.log(USAGE);
  const [results = RESULTS, page = PAGE] = words.filter((word) => word !== '--check');
  const rows = readRows(JSON.parse(readFileSync(results, 'utf8')));
  const text = readFileSync(page, 'utf8');
  if (words.includes('--check')) return check(rows, pageRows(text));
  const idle = rows.filter(({ result }) => result === 'not run');
  if (idle.length > 0) throw new Error(`${idle.length} rows were not run: these are results of a part of the tests`);
  const { format, resolveConfig } = await import('prettier');
  const [head, , tail] = cut(text);
  const config = await resolveConfig(page);
  writeFileSync(page, await format(`${head}${BEGIN}\n\n${table(rows)}\n${END}${tail}`, { ...config, filepath: page }));
}

/** Every describe of the matrix, in the order of LOADERS, then of its file. */
function readRows({ testResults }) {
  const rows = new Map();
  for (const { ancestorTitles, title, status } of testResults.flatMap((file) => file.assertionResults)) {
    const found = TITLE.exec(ancestorTitles[0] ?? '');
    if (found === null) continue;
    const [name, loader, way, file, kernel] = found;
    const result = resultOf(status, title, LOADERS.find((one) => one.name === loader)?.simulated);
    const worse = rows.get(name)?.result.startsWith('failed') ? 'failed' : result;
    rows.set(name, { loader, way, file, kernel, result: worse });
  }
  const place = ({ loader }) => LOADERS.findIndex(({ name }) => name === loader);
  const unknown = [...rows.values()].find((row) => place(row) < 0);
  if (unknown) throw new Error(`no loader named ${unknown.loader} in scripts/loader-matrix.mjs`);
  return [...rows.values()].sort((a, b) => place(a) - place(b));
}

function resultOf(status, title, isSimulated = false) {
  if (status === 'passed' && isSimulated) return 'simulated';
  if (status === 'passed' || status === 'failed') return status;
  const why = /\[skipped: (.*)\]$/.exec(title)?.[1];
  return why === undefined ? 'not run' : `skipped: ${why}`;
}

/** Kernels that differ in nothing else share a line. */
function table(rows) {
  const lines = new Map();
  for (const { loader, way, file, kernel, result } of rows) {
    const key = [loader, way, file, result].join('\n');
    lines.set(key, { loader, way, file, result, kernels: [...(lines.get(key)?.kernels ?? []), kernel] });
  }
  const body = [...lines.values()].map(
    ({ loader, way, file, result, kernels }) =>
      `| ${loader} ${versionOf(loader)} | \`${way}\` | ${file} | ${kernels.join(', ')} | ${result} |\n`,
  );
  return `| loader | way | file | kernel | result |\n| --- | --- | --- | --- | --- |\n${body.join('')}`;
}

/** The rows that the page has now, one for each kernel. */
function pageRows(text) {
  const lines = cut(text)[1].split('\n').slice(2);
  return lines.flatMap((line) => {
    const [, loader = '', way = '', file = '', kernels = '', result = ''] = line.split('|').map((cell) => cell.trim());
    const [name = ''] = loader.split(' ');
    return kernels.split(', ').map((kernel) => ({ loader: name, way: way.replaceAll('`', ''), file, kernel, result }));
  });
}

/** What stands before, between and behind the markers. */
function cut(text) {
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`the page has no ${BEGIN} … ${END}`);
  return [text.slice(0, begin), text.slice(begin + BEGIN.length, end).trim(), text.slice(end + END.length)];
}

function check(now, before) {
  const nameOf = ({ loader, way, file, kernel }) => `${loader} (${way}): ${file} of ${kernel}`;
  const was = new Map(before.map((row) => [nameOf(row), row.result]));
  const is = new Map(now.map((row) => [nameOf(row), row.result]));
  const changes = [
    ...[...was.keys()].filter((name) => !is.has(name)).map((name) => `${name}: gone`),
    ...[...is].filter(([name, result]) => isNews(was.get(name), result)).map(([name, result]) => `${name}: ${result}`),
  ];
  changes.forEach((change) => console.log(`loader matrix: ${change}`));
  if (changes.length === 0) return;
  console.log('loader matrix: docs/loaders.md is out of date; node scripts/loader-matrix.mjs writes it');
  process.exitCode = 1;
}

const isNews = (before, result) => before === undefined || (before !== result && !/^(skipped|not run)/.test(result));

/** `1:7.2+dfsg-7+deb12u18` is 7.2. */
function versionOf(loader) {
  const source = LOADERS.find(({ name }) => name === loader);
  if (source.simulated) return '';
  const version = source.package ? installedVersion(source.package) : fetchedVersion(source.fetched);
  return /^(?:\d+:)?(\d[\d.]*)/.exec(version)?.[1] ?? '';
}

const installedVersion = (name) => spawnSync('dpkg-query', ['-W', '-f=${Version}', name], { encoding: 'utf8' }).stdout;

function fetchedVersion(id) {
  try {
    return JSON.parse(readFileSync(join(ROOT, '.cache', 'kernels', id, 'source.json'), 'utf8')).version;
  } catch {
    return '';
  }
}

await main(process.argv.slice(2));
