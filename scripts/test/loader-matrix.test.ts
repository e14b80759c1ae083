/** The table of loaders says what the tests said, and notices when they say something else. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

type Result = [describe: string, status: 'passed' | 'failed' | 'pending', title?: string];

const EMPTY = '# Page\n\n<!-- matrix: written by scripts/loader-matrix.mjs -->\n<!-- end of matrix -->\n\nEnd.\n';
const GREEN: Result[] = [
  ['kexec (--module=): container multiboot of probe', 'passed'],
  ['GRUB (linux): inplace of a', 'passed'],
  ['GRUB (linux): inplace of b', 'passed'],
  ['something else', 'failed'],
];

let folder = '';
let written: ReturnType<typeof run>;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bzelf-matrix-'));
  written = run(GREEN, EMPTY);
});
afterAll(() => rmSync(folder, { recursive: true }));

function run(results: Result[], page: string, ...words: string[]) {
  const [input, output] = [join(folder, 'results.json'), join(folder, 'page.md')];
  const assertionResults = results.map(([name, status, title = '']) => ({ ancestorTitles: [name], title, status }));
  writeFileSync(input, JSON.stringify({ testResults: [{ assertionResults }] }));
  writeFileSync(output, page);
  const script = join(__dirname, '..', 'loader-matrix.mjs');
  const { status, stdout } = spawnSync(process.execPath, [script, ...words, input, output], { encoding: 'utf8' });
  return { status, stdout, page: readFileSync(output, 'utf8') };
}

test('kernels share a line, loaders have their order, and the rest of the page stays', () => {
  const { status, page } = written;
  expect(status).toBe(0);
  const lines = page.split('\n').map((line) => line.replaceAll(/ +/g, ' '));
  expect(lines.filter((line) => /^\| (GRUB|kexec)/.test(line))).toEqual([
    expect.stringMatching(/^\| GRUB [\d.]*\s?\| `linux` \| inplace \| a, b \| passed \|$/),
    expect.stringMatching(/^\| kexec [\d.]*\s?\| `--module=` \| container multiboot \| probe \| passed \|$/),
  ]);
  expect([lines.slice(0, 2), lines.slice(-3)]).toEqual([
    ['# Page', ''],
    ['', 'End.', ''],
  ]);
});

// prettier-ignore
test.each<{ what: string; results: Result[]; status: number; said: RegExp }>([
  { what: 'the same results',       results: GREEN,                                                             status: 0, said: /^$/ },
  { what: 'a loader that is missing', results: GREEN.map(([name]) => [name, 'pending', 'boots [skipped: no GRUB here]']), status: 0, said: /^$/ },
  { what: 'a failure',              results: [...GREEN, ['GRUB (linux): inplace of b', 'failed']],              status: 1, said: /inplace of b: failed\n/ },
  { what: 'a new row',              results: [...GREEN, ['Xen (dom0=pvh): vmlinux of a', 'passed']],            status: 1, said: /vmlinux of a: passed\n/ },
  { what: 'a row that is gone',     results: GREEN.slice(1),                                                    status: 1, said: /of probe: gone\n/ },
])('$what against the page', ({ results, status, said }) => {
  const { page } = written;
  const checked = run(results, page, '--check');
  expect(checked).toMatchObject({ status, page });
  expect(checked.stdout).toMatch(said);
});

test('a loader that is only played is simulated, and fails like any other', () => {
  const row = 'crosvm (ELF64): container pvh of a';
  expect(run([[row, 'passed']], EMPTY).page).toMatch(
    /^\| crosvm +\| `ELF64` +\| container pvh \| a +\| simulated \|$/m,
  );
  expect(run([[row, 'failed']], EMPTY).page).toMatch(/^\| crosvm .*\| failed +\|$/m);
});

test('the results of a part of the tests write no table', () => {
  const { status, page } = run([...GREEN, ['GRUB (linux): inplace of c', 'pending', 'boots']], EMPTY);
  expect([status, page]).toEqual([1, EMPTY]);
});
