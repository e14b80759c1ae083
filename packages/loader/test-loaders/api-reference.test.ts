/** What scripts/build-api-docs.mjs writes: every export of every library, and no link that leads nowhere. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { repositoryRoot } from '@bzelf/testkit';
import ts from 'typescript';

const ROOT = repositoryRoot();
const LIBRARIES = readdirSync(join(ROOT, 'packages')).filter(
  (name) => !['cli', 'testkit'].includes(name) && existsSync(join(ROOT, 'packages', name, 'src/index.ts')),
);

let out = '';
const page = (name: string) => readFileSync(join(out, name), 'utf8');

beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), 'bzelf-test-'));
  const { status, stderr } = spawnSync(process.execPath, ['scripts/build-api-docs.mjs', out], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`build-api-docs: ${stderr}`);
}, 120_000);

afterAll(() => rmSync(out, { recursive: true, force: true }));

/** Names in the export lists of an index.ts. */
function exportsOf(name: string): string[] {
  const path = join(ROOT, 'packages', name, 'src/index.ts');
  const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ESNext);
  return file.statements.flatMap((node) =>
    ts.isExportDeclaration(node) && node.exportClause && ts.isNamedExports(node.exportClause)
      ? node.exportClause.elements.map((element) => element.name.text)
      : [],
  );
}

const headings = (text: string) =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) => (title ?? '').replaceAll('\\', ''));

test.each(LIBRARIES)('@bzelf/%s has a heading for everything that it exports', (name) => {
  const titles = new Set(
    headings(page(`@bzelf/${name}.md`)).map((title) => title.replace(/^`abstract` /, '').replace(/[(<].*/, '')),
  );
  const exported = exportsOf(name);
  expect(exported.length).toBeGreaterThan(3);
  expect(exported.filter((word) => !titles.has(word))).toEqual([]);
});

test('the docstrings are in it', () => {
  const text = page('@bzelf/loader.md').replaceAll('\n', ' ');
  expect(text).toContain('What a loader does to boot this kernel, as data.');
});

test('every link to a page leads to one', () => {
  const pages = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));
  expect(pages).toHaveLength(LIBRARIES.length + 1);
  for (const name of pages)
    for (const [, target] of page(name).matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g))
      expect(existsSync(join(out, dirname(name), target ?? ''))).toBe(true);
});
