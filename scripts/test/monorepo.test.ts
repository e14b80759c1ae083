/** What holds between the packages: who may depend on whom, no cycles, and everything a published package needs. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';

const root = join(__dirname, '..', '..');
const readJson = (path: string) => JSON.parse(readFileSync(join(root, path), 'utf8'));

/** The direction of dependencies, left to right; a package may use the ones in its row and no other. */
// prettier-ignore
const MAY_USE: Readonly<Record<string, readonly string[]>> = {
  bytes:    [],
  elf:      ['bytes'],
  bzimage:  ['bytes', 'elf'],
  x86:      ['bytes'],
  writer:   ['bytes', 'elf', 'bzimage'],
  loader:   ['bytes', 'elf', 'bzimage'],
  verifier: ['bytes', 'elf', 'bzimage', 'x86', 'writer', 'loader'],
  cli:      ['bytes', 'elf', 'bzimage', 'x86', 'writer', 'loader', 'verifier'],
  testkit:  ['bytes', 'elf', 'bzimage'],
};

interface Package {
  name: string;
  folder: string;
  json: Record<string, unknown> & {
    dependencies?: Record<string, string>;
    optionalDependencies?: Record<string, string>;
  };
  references: string[];
  files: SourceFile[];
}

interface SourceFile {
  /** From the root of the repository. */
  path: string;
  /** What is loaded with it, and what it loads when it wants to. */
  imports: string[];
  lazyImports: string[];
  text: string;
}

function readPackage(name: string): Package {
  const folder = join('packages', name);
  const references: { path: string }[] = readJson(join(folder, 'tsconfig.json')).references ?? [];
  return {
    name,
    folder,
    json: readJson(join(folder, 'package.json')),
    references: references.map(({ path }) => relative('packages', join(folder, path))).sort(),
    files: sourcesUnder(join(folder, 'src')),
  };
}

function sourcesUnder(folder: string): SourceFile[] {
  if (!existsSync(join(root, folder))) return [];
  const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith('.ts'))
    .map((name) => {
      const text = readFileSync(join(root, folder, name), 'utf8');
      return { path: join(folder, name), imports: importsOf(text), lazyImports: lazyImportsOf(text), text };
    });
}

/**
 * Specifiers of the static imports and re-exports that remain at run time. Under verbatimModuleSyntax only `import type`
 * disappears; `import { type X }` still loads the module.
 */
function importsOf(text: string): string[] {
  return ts
    .createSourceFile('file.ts', text, ts.ScriptTarget.ESNext)
    .statements.filter((node) => ts.isImportDeclaration(node) || ts.isExportDeclaration(node))
    .filter((node) => (ts.isExportDeclaration(node) ? !node.isTypeOnly : !isTypeImport(node)))
    .flatMap(({ moduleSpecifier }) =>
      moduleSpecifier && ts.isStringLiteral(moduleSpecifier) ? [moduleSpecifier.text] : [],
    );
}

const isTypeImport = ({ importClause }: ts.ImportDeclaration) =>
  importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;

/** Specifiers of `import('…')`: loaded when wanted, so they close no cycle, but have to be declared. */
const lazyImportsOf = (text: string): string[] =>
  [...text.matchAll(/\bimport\('([^']+)'\)/g)].map(([, name]) => name ?? '');

const packages: Package[] = readdirSync(join(root, 'packages'))
  .filter((name) => existsSync(join(root, 'packages', name, 'package.json')))
  .map(readPackage);
const rows = packages.map((pkg) => [pkg.name, pkg] as const);

const workspaceDependencies = ({ json }: Package): string[] =>
  Object.keys(json.dependencies ?? {})
    .filter((name) => name.startsWith('@bzelf/'))
    .map((name) => name.slice('@bzelf/'.length))
    .sort();

/** `@scope/name/sub` and `name/sub` to the package's name. */
const packageOf = (name: string) => name.split('/', name.startsWith('@') ? 2 : 1).join('/');

/** Every cycle reachable from the nodes, each as the path that closes it. */
function cycles(edges: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (node: string, path: readonly string[]): void => {
    if (path.includes(node)) return void found.push([...path.slice(path.indexOf(node)), node].join(' → '));
    if (done.has(node)) return;
    for (const next of edges.get(node) ?? []) walk(next, [...path, node]);
    done.add(node);
  };
  for (const node of edges.keys()) walk(node, []);
  return found;
}

describe.each(rows)('%s', (name, pkg) => {
  test('depends only on packages to its left', () => {
    expect(workspaceDependencies(pkg).filter((used) => !MAY_USE[name]?.includes(used))).toEqual([]);
  });

  test('has the same dependencies in package.json and in tsconfig.json', () => {
    expect(pkg.references).toEqual(workspaceDependencies(pkg));
  });

  test('imports only what it declares', () => {
    const declared = new Set(Object.keys(pkg.json.dependencies ?? {}));
    // what may be missing is only looked for when it is wanted
    const optional = new Set(Object.keys(pkg.json.optionalDependencies ?? {}));
    const undeclared = pkg.files.flatMap(({ path, imports, lazyImports }) =>
      [...imports, ...lazyImports.filter((used) => !optional.has(packageOf(used)))]
        .filter((used) => !used.startsWith('.') && !isBuiltin(used) && !declared.has(packageOf(used)))
        .map((used) => `${path}: ${used}`),
    );
    expect(undeclared).toEqual([]);
  });

  test('has no cycle between its files', () => {
    const known = new Set(pkg.files.map(({ path }) => path));
    const edges = pkg.files.map(({ path, imports }) => {
      const targets = imports.filter((used) => used.startsWith('.'));
      return [
        path,
        targets.map((used) => join(dirname(path), used).replace(/\.js$/, '.ts')).filter((target) => known.has(target)),
      ] as const;
    });
    expect(cycles(new Map(edges))).toEqual([]);
  });

  test('can be published: licence, readme, files, engines, version, exports with types', () => {
    const { json, folder } = pkg;
    const has = (file: string) => existsSync(join(root, folder, file));
    expect({ licence: json['license'], LICENSE: has('LICENSE'), README: has('README.md') }).toEqual({
      licence: 'MIT',
      LICENSE: true,
      README: true,
    });
    expect(json['files']).toEqual(expect.arrayContaining(['dist', 'LICENSE', 'README.md']));
    expect(json['engines']).toEqual(readJson('package.json').engines);
    expect(json['version']).toBe(readJson('lerna.json').version);
    expect(json['description']).toEqual(expect.any(String));
    for (const used of workspaceDependencies(pkg)) expect(json.dependencies?.[`@bzelf/${used}`]).toBe(json['version']);
  });

  test('every export names a source file and its types', () => {
    const exported = Object.entries((pkg.json['exports'] ?? {}) as Record<string, { types: string; default: string }>);
    const commands = Object.values((pkg.json['bin'] ?? {}) as Record<string, string>);
    expect([...exported, ...commands]).not.toEqual([]);
    for (const command of commands) expect(existsSync(join(root, pkg.folder, command))).toBe(true);
    for (const [, { types, default: code }] of exported) {
      expect(types.replace(/\.d\.ts$/, '')).toBe(code.replace(/\.js$/, ''));
      expect(existsSync(join(root, pkg.folder, code.replace('./dist/', 'src/').replace(/\.js$/, '.ts')))).toBe(true);
    }
  });
});

/** These run wherever a loader runs: in a browser, in a bundle, over a remote file. */
test.each(
  ['elf', 'bzimage', 'writer', 'loader', 'bytes', 'x86'].filter(
    (name) => name in MAY_USE && packages.some((pkg) => pkg.name === name),
  ),
)('%s opens no file and does not ask where it is', (name) => {
  const files = packages.find((pkg) => pkg.name === name)?.files ?? [];
  const fileReaders = files.filter(
    ({ path, imports }) =>
      path !== 'packages/bytes/src/file.ts' && imports.some((used) => /^(node:)?fs(\/|$)/.test(used)),
  );
  const selfAware = files.filter(({ text }) => /\bimport\.meta\b|\b__dirname\b|\b__filename\b/.test(text));
  expect([...fileReaders, ...selfAware].map(({ path }) => path)).toEqual([]);
});

test('the root tsconfig builds every package', () => {
  const references: { path: string }[] = readJson('tsconfig.json').references;
  expect(references.map(({ path }) => path).sort()).toEqual(packages.map(({ folder }) => folder).sort());
});

test.each([
  { edges: { a: ['b'], b: ['c'], c: ['a'] }, found: ['a → b → c → a'] },
  { edges: { a: ['b', 'c'], b: ['c'], c: [] }, found: [] },
])('the cycle finder finds $found', ({ edges, found }) => {
  expect(cycles(new Map(Object.entries(edges)))).toEqual(found);
});

test('only import type leaves nothing behind', () => {
  const text = `import type { A } from './a.js'; import { type B } from './b.js'; import { type C, d } from './c.js';
    export type { E } from './e.js'; export { f } from './f.js'; export * from './g.js'; import './h.js';`;
  expect(importsOf(text)).toEqual(['./b.js', './c.js', './f.js', './g.js', './h.js']);
});
