/** Every command in the documentation prints what the page shows, or says who runs it or why nobody does. */
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { repositoryRoot } from '@bzelf/testkit';
import { blocksOf, checkPage, documentationPages, fits, readPage, toolText, type RunBy } from './docs-support';

const PAGES = documentationPages();
const runBy = (page: string, runner: RunBy) => blocksOf(readPage(page)).filter((block) => block.runBy === runner);

test.each(PAGES.filter((page) => runBy(page, 'npm test').length > 0))(
  '%s shows what its commands print',
  (page) => checkPage(page, ['npm test']),
  60_000,
);

test.each([
  { shown: 'a\nb\n', output: 'a\nb\n', same: true },
  { shown: 'a\n', output: 'a\nb\n', same: false },
  { shown: 'a\n…\n', output: 'a\nb\nc\n', same: true },
  { shown: '…\nc\n', output: 'a\nb\nc\n', same: true },
  { shown: '…\nb\n', output: 'a\nb\nc\n', same: false },
  { shown: '…version 6.1 …\n', output: '[0.0] version 6.1 (x)\n', same: true },
  { shown: '…version 6.1\n', output: 'version 6x1\n', same: false },
  { shown: '', output: 'a\n', same: false },
])('a page that shows $shown is told from output $output', ({ shown, output, same }) => {
  expect(fits(output, shown)).toBe(same);
});

test('every command and every exit code has its place in docs/cli.md', () => {
  const page = readPage('docs/cli.md');
  for (const [, name] of toolText('--help').matchAll(/^ {2}bzelf ([\w-]+)/gm)) expect(page).toContain(`\n## ${name}\n`);
  for (const code of [0, 1, 2, 3, 4, 70]) expect(page).toMatch(new RegExp(`^\\| ${code} +\\|`, 'm'));
});

test('every loader target has its page', () => {
  for (const { name } of JSON.parse(toolText('targets', '--json')).targets as { name: string }[])
    expect(readPage(`docs/targets/${name}.md`)).toMatch(new RegExp(`^# Target \`${name}\``));
});

const LINK = /\]\(([^)\s]+)\)/g;
const slug = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
const anchorsOf = (page: string) =>
  [...readPage(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => slug(heading));

test.each(PAGES)('the links of %s lead somewhere', (page) => {
  const text = readPage(page).replace(/```[\s\S]*?```/g, '');
  const targets = [...text.matchAll(LINK)].map(([, target = '']) => target).filter((target) => !/^\w+:/.test(target));
  for (const target of targets) {
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? page : join(dirname(page), path);
    expect({ target, exists: existsSync(join(repositoryRoot(), file)) }).toEqual({ target, exists: true });
    if (anchor !== undefined) expect(anchorsOf(file)).toContain(anchor);
  }
});

test('every page of docs is reached from docs/README.md', () => {
  const index = readPage('docs/README.md');
  for (const page of PAGES.filter((path) => path.startsWith('docs/') && path !== 'docs/README.md'))
    expect(index).toContain(`(${page.slice('docs/'.length)}`);
});

const COUNT_START = '<!-- commands: written by the test of the pages -->\n';
const COUNT_END = '<!-- end of commands -->';

/** Which page's commands are run by whom, and those that nobody runs, with the reason. */
function commandTable(): string {
  const count = (page: string, runner: RunBy) =>
    runBy(page, runner).reduce((sum, { steps }) => sum + steps.length, 0) || '';
  const rows = PAGES.map((page) => [
    `\`${page}\``,
    count(page, 'npm test'),
    count(page, 'npm run test:loaders'),
    count(page, 'nobody'),
    [...new Set(runBy(page, 'nobody').map(({ reason }) => reason))].join('; '),
  ]).filter((row) => row.slice(1).some((cell) => cell !== ''));
  const sum = (column: number) => rows.reduce((total, row) => total + Number(row[column]), 0);
  const head = ['page', 'run by `npm test`', 'run by `npm run test:loaders`', 'run by nobody', 'because'];
  const all = [head, ...rows, ['all', sum(1), sum(2), sum(3), '']].map((row) => row.map(String));
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: string[]) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |\n`;
  return [line(all[0] ?? []), line(widths.map((width) => '-'.repeat(width))), ...all.slice(1).map(line)].join('');
}

test('docs/README.md counts the commands, and names those that nobody runs', () => {
  const page = readPage('docs/README.md');
  const start = page.indexOf(COUNT_START) + COUNT_START.length;
  const fresh = `${page.slice(0, start)}\n${commandTable()}\n${page.slice(page.indexOf(COUNT_END))}`;
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(join(repositoryRoot(), 'docs/README.md'), fresh);
  else expect(page).toBe(fresh);
});
