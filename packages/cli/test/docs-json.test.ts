/** Holds real JSON outputs against the tables of docs/json.md: nothing undocumented, nothing documented that is not there. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { makeBzImage, repositoryRoot, screenProgram, testImage, withTempFolder } from '@bzelf/testkit';
import { notesElf } from './support';
import { bzelf } from './tool';

interface Row {
  readonly type: string;
  readonly optional: boolean;
}

const page = readFileSync(join(repositoryRoot(), 'docs/json.md'), 'utf8');

/** Schema name to its rows. */
const SCHEMAS = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const rows = [...section.matchAll(/^\| `([^`]+)`( \?)? +\| (\w+) +\|/gm)].map(
        ([, path = '', mark, type = '']): [string, Row] => [path, { type, optional: mark !== undefined }],
      );
      return [section.split('\n')[0] ?? '', new Map(rows)] as const;
    }),
);

/** Every path of a document with its type; items of lists share one. */
function walk(value: unknown, path: string, rows: ReadonlyMap<string, Row>, found: Map<string, Set<string>>): void {
  if (path !== '') found.set(path, (found.get(path) ?? new Set()).add(typeOf(value)));
  if (rows.get(path)?.type === 'any') return;
  if (Array.isArray(value)) {
    for (const item of value)
      if (typeof item === 'object' || rows.has(`${path}[]`)) walk(item, `${path}[]`, rows, found);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) walk(inner, path === '' ? key : `${path}.${key}`, rows, found);
  }
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value;
}

const isOfType = (type: string, found: string) =>
  type === 'any' || type === found || ((type === 'hex' || type === 'bytes') && found === 'string');

const KERNEL = testImage('61-64-gzip.bzImage');

/** Command lines that show every field, and the document of each; `k` is a container, `n` a file of notes. */
// prettier-ignore
const OUTPUTS: readonly { schema: string; commands: readonly (readonly string[])[] }[] = [
  { schema: 'bzelf.notes/1',     commands: [['notes', 'k'], ['notes', 'n', '--raw'], ['notes', KERNEL], ['notes', process.execPath], ['notes', 'n.gz']] },
  { schema: 'bzelf.note-view/1', commands: [['notes', 'k', '--as', 'qemu'], ['notes', 'k', '--as', 'xen'], ['notes', 'none', '--as', 'qemu']] },
  { schema: 'bzelf.info/1',      commands: [['info', 'k'], ['info', KERNEL], ['info', 'signed'], ['info', 'n.gz'], ['info', process.execPath]] },
  { schema: 'bzelf.map/1',       commands: [['map', 'k'], ['map', KERNEL]] },
  { schema: 'bzelf.plan/1',      commands: [['plan', KERNEL, '--initrd', 'size:4096', '--cmdline', 'x'], ['plan', 'k', '-p', 'pvh']] },
  { schema: 'bzelf.diff/1',      commands: [['diff', 'k', 'n'], ['diff', 'k', 'k']] },
  { schema: 'bzelf.targets/1',   commands: [['targets']] },
  { schema: 'bzelf.wrap/1',      commands: [['wrap', KERNEL, '-o', 'other']] },
  { schema: 'bzelf.verify/1',    commands: [['verify', 'k', '--profile', 'pvh'], ['verify', 'screen', '--profile', 'linux32'], ['verify', 'screen', '--profile', 'ring1-pae', '--profile', 'linux16', '--instructions', '20000'], ['verify', 'cut', '--shard', '1/1']] },
  { schema: 'bzelf.error/1',     commands: [['info', 'cut'], ['info', 'nowhere'], ['info', 'ends-early'], ['wrap', KERNEL]] },
];

test.each(OUTPUTS)('$schema', ({ schema, commands }) =>
  withTempFolder((folder) => {
    bzelf(['wrap', KERNEL, '-o', 'k', '--inspect-payload'], { cwd: folder });
    writeFileSync(join(folder, 'n'), notesElf());
    writeFileSync(join(folder, 'n.gz'), gzipSync(notesElf()));
    writeFileSync(join(folder, 'signed'), makeBzImage({ pe: 'signed', payload: new Uint8Array(64) }));
    writeFileSync(join(folder, 'screen'), screenProgram());
    writeFileSync(join(folder, 'cut'), readFileSync(KERNEL).subarray(0, 100));
    const elf = readFileSync(join(folder, 'k'));
    writeFileSync(join(folder, 'ends-early'), elf.subarray(0, 80));
    elf.writeUInt16LE(0, 0x38);
    writeFileSync(join(folder, 'none'), elf);

    const rows = SCHEMAS.get(schema) ?? new Map<string, Row>();
    const found = new Map<string, Set<string>>();
    for (const words of commands) {
      const { out, err } = bzelf([...words, '--json'], { cwd: folder });
      const document = JSON.parse(['bzelf.error/1', 'bzelf.wrap/1'].includes(schema) ? err : out) as { schema: string };
      expect(document.schema).toBe(schema);
      walk(document, '', rows, found);
      for (const [path, { optional }] of rows)
        if (!optional && !path.includes('.') && !path.includes('[')) expect(Object.keys(document)).toContain(path);
    }
    const undocumented = [...found].filter(([path, types]) => {
      const row = rows.get(path);
      return path !== '' && (row === undefined || ![...types].every((type) => isOfType(row.type, type)));
    });
    expect(
      undocumented
        .map(([path, types]) => `${path}: ${[...types].join(', ')}`)
        .filter((line) => !line.includes('[]: object')),
    ).toEqual([]);
    expect([...rows.keys()].filter((path) => !found.has(path))).toEqual([]);
  }),
);

test('every schema of the page has its outputs here', () => {
  expect([...SCHEMAS.keys()].sort()).toEqual(OUTPUTS.map(({ schema }) => schema).sort());
});
