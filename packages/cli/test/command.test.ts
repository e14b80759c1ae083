/** The bundled tool as a process: exit codes, streams, and what people read. */
import { createHash } from 'node:crypto';
import { closeSync, copyFileSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { testImage, withTempFolder } from '@bzelf/testkit';
import { TOOL_PATH, bzelf } from './tool';

const KERNEL = testImage('61-64-gzip.bzImage');
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

test('wrap and unwrap as a pipe give the input back', () => {
  const input = readFileSync(KERNEL);
  const wrapped = bzelf(['wrap', '-', '-o', '-'], { input });
  expect(wrapped.exit).toBe(0);
  expect(wrapped.bytes.subarray(0, 4).toString('latin1')).toBe('\x7fELF');
  const unwrapped = bzelf(['unwrap', '-', '-o', '-'], { input: wrapped.bytes });
  expect(sha256(unwrapped.bytes)).toBe(sha256(input));
});

test('the summary of wrap goes to stderr, and --quiet keeps it back', () =>
  withTempFolder((folder) => {
    const output = join(folder, 'k.elf');
    const told = bzelf(['wrap', KERNEL, '-o', output]);
    expect(told.out).toBe('');
    expect(told.err).toMatch(/k\.elf: container for pvh, 1\.5 MiB/);
    expect(bzelf(['wrap', KERNEL, '-o', output, '-q']).err).toBe('');
  }));

test('--in-place makes the image an ELF file under its own name, and gives it back', () =>
  withTempFolder((folder) => {
    const path = join(folder, 'bzImage');
    copyFileSync(KERNEL, path);
    expect(bzelf(['wrap', path, '--in-place', '--form', 'inplace']).exit).toBe(0);
    expect(readFileSync(path).subarray(0, 4).toString('latin1')).toBe('\x7fELF');
    expect(bzelf(['unwrap', path, '--in-place']).exit).toBe(0);
    expect(sha256(readFileSync(path))).toBe(sha256(readFileSync(KERNEL)));
  }));

// prettier-ignore
const WRONG = [
  { what: 'no command',              words: [],                                        exit: 2, err: /a command is wanted/ },
  { what: 'an unknown command',      words: ['wrpa'],                                  exit: 2, err: /Unknown (argument|command)s?: wrpa/ },
  { what: 'an unknown option',       words: ['notes', KERNEL, '--jsno'],               exit: 2, err: /Unknown argument: jsno/ },
  { what: 'no output',               words: ['wrap', KERNEL],                          exit: 2, err: /-o FILE is wanted/ },
  { what: 'an unknown target',       words: ['wrap', KERNEL, '-o', '-', '--target', 'x'], exit: 2, err: /target/ },
  { what: 'an option twice',         words: ['notes', KERNEL, '--as', 'xen', '--as', 'qemu'], exit: 2, err: /--as is given twice/ },
  { what: 'JSON and XML at once',    words: ['notes', KERNEL, '--json', '--xml'],      exit: 2, err: /--xml goes with neither/ },
  { what: 'a note of type 18',       words: ['wrap', KERNEL, '-o', '-', '--note', 'Me:18=text:x'], exit: 2, err: /type 18/ },
  { what: 'a note that is no note',  words: ['wrap', KERNEL, '-o', '-', '--note', 'Me'], exit: 2, err: /OWNER:TYPE/ },
  { what: 'a missing file',          words: ['info', '/nonexistent/file'],             exit: 4, err: /\/nonexistent\/file: no such file or directory \(ENOENT\)/ },
  { what: 'a folder',                words: ['info', '/'],                             exit: 4, err: /EISDIR/ },
  { what: 'a file that is no kernel', words: ['info', __filename],                     exit: 3, err: /loader\/not-a-kernel/ },
  { what: 'unwrap of a plain kernel', words: ['unwrap', KERNEL, '-o', '-'],            exit: 3, err: /elf\/bad-magic/ },
  { what: 'an entry that is not there', words: ['plan', KERNEL, '-p', 'pvh'],          exit: 3, err: /loader\/no-entry/ },
];

test.each(WRONG)('$what ends with exit code $exit and says why on stderr', ({ words, exit, err }) => {
  const run = bzelf(words);
  expect(run.exit).toBe(exit);
  expect(run.err).toMatch(err);
  expect(run.out).toBe('');
  expect(run.err.split('\n').length).toBeLessThan(words.length === 0 ? 40 : words.includes('--json') ? 10 : 6);
});

test('an error is told in four lines: code, place, found and expected, hint', () => {
  const cut = readFileSync(KERNEL).subarray(0, 300);
  const { err, exit } = bzelf(['wrap', '-', '-o', '-'], { input: cut });
  expect(exit).toBe(3);
  expect(err).toMatch(/^bzelf: -: bzimage\/too-short: .+\n {2}found 0x12c, expected at least 0x224 bytes\n/);
});

test('with --json an error is one object on stderr', () => {
  const { err, out, exit } = bzelf(['notes', '--json', '-'], { input: readFileSync(KERNEL).subarray(0, 100) });
  expect(exit).toBe(3);
  expect(out).toBe('');
  expect(JSON.parse(err)).toMatchObject({ schema: 'bzelf.error/1', file: '-', code: 'loader/not-a-kernel', exit: 3 });
});

test('notes before a damaged one are shown, then the error', () =>
  withTempFolder((folder) => {
    const path = join(folder, 'k.elf');
    bzelf(['wrap', KERNEL, '-o', path]);
    const bytes = readFileSync(path);
    bytes.writeUInt32LE(0xffffff, Number(bytes.readBigUInt64LE(0x40 + 8)) + 24 + 4); // n_descsz of the second note
    writeFileSync(path, bytes);
    const { out, err, exit } = bzelf(['notes', path]);
    expect(out).toMatch(/XEN_ELFNOTE_PHYS32_ENTRY/);
    expect(err).toMatch(/elf\/note-truncated/);
    expect(exit).toBe(3);
  }));

test('a reader that goes away ends the command quietly', () => {
  const command = `"${process.execPath}" "${TOOL_PATH}" info "${KERNEL}"; echo "exit $?" >&2`;
  const { stderr, stdout } = spawnSync('sh', ['-c', `(${command}) | head -1`], { encoding: 'utf8' });
  expect(stdout).toMatch(/bzImage\n$/);
  expect(stderr).toBe('exit 0\n');
});

test('a full disk behind stdout is exit code 4', () => {
  const full = openSync('/dev/full', 'w');
  try {
    const { exit, err } = bzelf(['info', KERNEL], { stdout: full });
    expect(err).toMatch(/stdout: no space left on device \(ENOSPC\)/);
    expect(exit).toBe(4);
  } finally {
    closeSync(full);
  }
});

test('colours need a terminal, or FORCE_COLOR', () => {
  expect(bzelf(['info', KERNEL]).out).not.toContain('\u001b[');
  expect(bzelf(['info', KERNEL], { env: { FORCE_COLOR: '1' } }).out).toContain('\u001b[');
});

test('extract gives what gunzip gives, with --raw to the byte and without it less the relocation table', () => {
  const raw = bzelf(['extract', KERNEL, '-o', '-', '--raw']).bytes;
  const { stdout } = spawnSync('sh', ['-c', `tail -c +$((0x4000 + 0x2c4 + 1)) "${KERNEL}" | gzip -dcq`], {
    maxBuffer: 2 ** 26,
  });
  expect(sha256(raw)).toBe(sha256(stdout));
  const elf = bzelf(['extract', KERNEL, '-o', '-']).bytes;
  expect(raw.subarray(0, elf.length).equals(elf)).toBe(true);
  expect(elf.length).toBe(Number(elf.readBigUInt64LE(0x28)) + elf.readUInt16LE(0x3a) * elf.readUInt16LE(0x3c));
});

test('extract stops at its limit', () => {
  const { exit, err } = bzelf(['extract', KERNEL, '-o', '-', '--limit', '1M']);
  expect(err).toMatch(/bzimage\/payload-too-large/);
  expect(exit).toBe(3);
});

test('a completion script and every help text come out on stdout', () => {
  expect(bzelf(['completion']).out).toMatch(/bzelf/);
  const commands = [...bzelf(['--help']).out.matchAll(/^ {2}bzelf ([\w-]+)/gm)].map(([, name]) => name ?? '');
  expect(commands).toEqual([
    'wrap',
    'unwrap',
    'extract',
    'notes',
    'info',
    'map',
    'plan',
    'verify',
    'report',
    'run',
    'config',
    'diff',
    'targets',
    'init-hooks',
    'libvirt',
    'completion',
  ]);
  for (const name of commands.slice(0, -1)) expect(bzelf([name, '--help']).out).toMatch(new RegExp(`^bzelf ${name}`));
  expect(bzelf(['--version']).out).toMatch(/^\d+\.\d+\.\d+\n$/);
});
