/** Compressed files, `config` and `diff`, and a few system files in the comparison that scripts/compare-notes.mjs makes of all. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { judge, testImage, testWith, withTempFolder } from '@bzelf/testkit';
import { JUDGES, compareNotes, parseJudge } from '../difftest/compare-notes';
import { notesElf } from './support';
import { bzelf } from './tool';

const KERNEL = testImage('61-64-gzip.bzImage');
const CONFIG = readFileSync(testImage('61-64-gzip.config'), 'utf8');

// prettier-ignore
const PACKERS = [
  { name: 'gzip', words: ['gzip', '-9n'] },
  { name: 'xz',   words: ['xz', '--check=crc32', '--lzma2=dict=2MiB'] }, // as `make modules_install` does
  { name: 'zstd', words: ['zstd', '-q', '-T1'] },
] as const;

for (const { name, words } of PACKERS) {
  testWith([words[0]], `a file that ${name} packed is shown as the file itself`, (packer) => {
    const packed = packer.bytes(words.slice(1), { input: notesElf() });
    const plain = bzelf(['notes', '-'], { input: notesElf() });
    const { out, err } = bzelf(['notes', '-'], { input: packed });
    expect(out).toBe(plain.out.replace('-: ELF64', `-: ${name}-compressed ELF64`));
    expect(err).toBe(plain.err);
    expect(JSON.parse(bzelf(['notes', '-', '--json'], { input: packed }).out)).toMatchObject({ compressor: name });
    expect(bzelf(['info', '-'], { input: packed }).out).toContain(`-: ${name}-compressed `);
  });
}

test('a compressed file that is cut short is malformed input', () => {
  const { exit, err } = bzelf(['notes', '-'], { input: gzipSync(notesElf()).subarray(0, 200) });
  expect({ exit, code: err.split(' ')[2] }).toEqual({ exit: 3, code: 'bzimage/payload-corrupt:' });
});

// prettier-ignore
const KINDS = [
  { path: '/bin/ls',                         says: /: program\n {2}interpreter +\/lib/ },
  { path: '/usr/lib/x86_64-linux-gnu/libz.so.1', says: /: shared library\n/ },
  { path: '/usr/lib/x86_64-linux-gnu/crt1.o', says: /: relocatable object file\n/ },
];

test.each(KINDS.filter(({ path }) => existsSync(path)))('info says what $path is', ({ path, says }) => {
  const { out } = bzelf(['info', path]);
  expect(out).toMatch(says);
  expect(out).not.toContain('Entries');
});

const IMAGES = ['61-64-gzip', '61-64-lzma', '61-32-gzip'] as const;

test.each(IMAGES)('config of %s is the .config that the kernel was built with', (image) => {
  const { out, err } = bzelf(['config', testImage(`${image}.bzImage`)]);
  expect(err).toBe('');
  expect(out).toBe(readFileSync(testImage(`${image}.config`), 'utf8'));
});

test.each(['container', 'inplace', 'vmlinux'])('config reads it from the form %s', (form) =>
  withTempFolder((folder) => {
    bzelf(['wrap', KERNEL, '--form', form, '-o', 'k', '--quiet'], { cwd: folder });
    expect(bzelf(['config', 'k'], { cwd: folder }).out).toBe(CONFIG);
  }),
);

test('a kernel without its configuration, and a damaged one, are told apart', () => {
  expect(bzelf(['config', '-'], { input: notesElf() })).toMatchObject({
    exit: 3,
    err: expect.stringMatching(/cli\/no-config/) as string,
  });
  const gzip = gzipSync(CONFIG);
  gzip[100] = (gzip[100] ?? 0) ^ 0xff;
  const input = Buffer.concat([notesElf(), Buffer.from('IKCFG_ST'), gzip, Buffer.from('IKCFG_ED')]);
  expect(bzelf(['config', '-'], { input })).toMatchObject({
    exit: 3,
    err: expect.stringMatching(/bzimage\/payload-corrupt/) as string,
  });
});

interface DiffDocument {
  readonly same: boolean;
  readonly firstByte?: number;
  readonly differences: readonly { part: string; name: string; a?: string; b?: string }[];
}

test('diff of a file with itself says nothing, and its exit code is 0', () => {
  expect(bzelf(['diff', KERNEL, KERNEL])).toMatchObject({ exit: 0, out: '', err: '' });
});

test('diff finds one changed field of the setup_header, by its name, and where cmp finds it', () =>
  withTempFolder((folder) => {
    const bytes = readFileSync(KERNEL);
    bytes.writeUInt32LE(0xdead, 0x23c);
    writeFileSync(join(folder, 'changed'), bytes);
    const { exit, out } = bzelf(['diff', KERNEL, 'changed', '--json'], { cwd: folder });
    const { same, firstByte, differences } = JSON.parse(out) as DiffDocument;
    expect({ exit, same }).toEqual({ exit: 1, same: false });
    expect(differences.filter(({ part }) => part === 'setup_header')).toEqual([
      { part: 'setup_header', name: 'hardware_subarch', a: '0x00000000', b: '0x0000dead' },
    ]);
    const cmp = judge('cmp')
      ?.run([KERNEL, join(folder, 'changed')])
      .stdout.toString();
    if (cmp !== undefined) expect(cmp).toMatch(new RegExp(`(byte|char) ${(firstByte ?? 0) + 1},`));
  }));

test('diff looks into two kernels: their entries, notes and the build id inside', () =>
  withTempFolder((folder) => {
    bzelf(['wrap', KERNEL, '-o', 'a', '--quiet'], { cwd: folder });
    bzelf(['wrap', testImage('61-64-lzo.bzImage'), '-o', 'b', '--quiet'], { cwd: folder });
    const { exit, out } = bzelf(['diff', 'a', 'b'], { cwd: folder });
    expect(exit).toBe(1);
    expect(out).toMatch(/^--- a\n\+\+\+ b\nfile\n/);
    expect(out).toMatch(/^- pvh .*\n\+ pvh /m);
    expect(out).toMatch(
      /^inner notes\n- GNU NT_GNU_BUILD_ID {2}[0-9a-f]{40}\n\+ GNU NT_GNU_BUILD_ID {2}[0-9a-f]{40}\n/m,
    );
    expect(out).toMatch(/^\d+ differences; the first byte that differs is at 0x[0-9a-f]+\n$/m);
  }));

test('an error of diff names the file that it is about', () => {
  const { exit, err } = bzelf(['diff', KERNEL, '/etc/passwd']);
  expect({ exit, start: err.slice(0, 40) }).toEqual({
    exit: 3,
    start: expect.stringMatching(/^bzelf: \/etc\/passwd: loader/),
  });
});

const LARGEST = 8 << 20;
const SYSTEM_FILES = ['/bin/ls', '/bin/sh', '/lib/x86_64-linux-gnu/libc.so.6', '/usr/lib/x86_64-linux-gnu/libz.so.1'];

for (const one of JUDGES) {
  testWith(
    [one.name],
    `notes of a kernel, of notes of all kinds and of system files are those of ${one.name}`,
    (tool) =>
      withTempFolder((folder) => {
        writeFileSync(join(folder, 'all'), notesElf());
        bzelf(['wrap', KERNEL, '--form', 'vmlinux', '-o', 'vmlinux', '--quiet'], { cwd: folder });
        const system = SYSTEM_FILES.filter((path) => existsSync(path) && statSync(path).size < LARGEST);
        // The tool of elfutils stops at the damaged note of `all`.
        const own = one.name === 'readelf' ? ['all', 'vmlinux'] : ['vmlinux'];
        const files = [...own.map((name) => join(folder, name)), ...system];
        const seen = parseJudge(one, tool.run([...one.words, ...files, '/dev/null']).stdout.toString());
        const found = files.map((file) => compareNotes(new Uint8Array(readFileSync(file)), one, seen.get(file) ?? []));
        const odd = found.flatMap(({ unexplained }) => unexplained);
        expect(odd.filter((line) => !line.startsWith('we stop: elf/note-bad-desc'))).toEqual([]);
        expect(found.reduce((sum, { notes }) => sum + notes, 0)).toBeGreaterThan(3);
      }),
  );
}

test('the comparison finds a note that is missing, one too many, and a wrong name', () => {
  const [readelf] = JUDGES;
  if (readelf === undefined) throw new Error('no judge');
  const bytes = new Uint8Array(notesElf());
  const note = { owner: 'GNU', size: 20, type: 'NT_GNU_HWCAP (x)' };
  expect(compareNotes(bytes, readelf, []).unexplained).toContainEqual('readelf lacks GNU 3');
  expect(compareNotes(bytes, readelf, [note]).unexplained).toContainEqual('readelf has GNU NT_GNU_HWCAP (x), 20 bytes');
});
