// Assembles the entry stub and the probe payload with Debian's binutils and writes what is checked in:
//   packages/writer/src/stub/stub.generated.ts   bytes and symbols of the stub
//   packages/writer/test/stub/launcher.generated.ts   the loader of its tests
//   test-images/probe.bzImage                    the probe, and its row of test-images/manifest.json
// With --check nothing is written: a difference to what is checked in is an error.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sealProbe } from '../test-images/probe/seal.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const STUB_SYMBOLS = ['entry32', 'entry64', 'params'];

/** Assembles one source to a flat binary linked at 0; returns the bytes and the symbols. */
function assemble(source, folder, address = 0) {
  const object = join(folder, 'out.o');
  const linked = join(folder, 'out.elf');
  const flat = join(folder, 'out.bin');
  const run = (tool, args) => execFileSync(tool, args, { cwd: root, encoding: 'utf8' });
  run('gcc', ['-m32', '-c', '-o', object, source]);
  run('ld', ['-m', 'elf_i386', '-Ttext', `0x${address.toString(16)}`, '-e', '0', '-o', linked, object]);
  run('objcopy', ['-O', 'binary', '-j', '.text', linked, flat]);
  const symbols = Object.fromEntries(
    run('nm', [linked])
      .trim()
      .split('\n')
      .map((line) => line.split(' '))
      .map(([value, , name]) => [name, parseInt(value, 16)]),
  );
  return { bytes: readFileSync(flat), symbols };
}

/** `#define NAME number` of the stub's definitions. */
function define(name) {
  const text = readFileSync(join(root, 'packages/writer/src/stub/defs.S'), 'utf8');
  return Number(new RegExp(`^#define ${name}\\s+(\\S+)`, 'm').exec(text)[1]);
}

/** `export const NAME = '…'`, in lines. */
function hexConstant(name, bytes) {
  const lines = bytes.toString('hex').match(/.{1,112}/g);
  return [
    '// prettier-ignore',
    `export const ${name} =`,
    ...lines.map((line, i) => `  '${line}'${i === lines.length - 1 ? ';' : ' +'}`),
    '',
  ];
}

function stubModule({ bytes, symbols }) {
  const params = Object.entries(symbols)
    .filter(([name]) => name.startsWith('params_'))
    .map(([name, value]) => [name.slice('params_'.length), value - symbols.params])
    .sort(([, a], [, b]) => a - b);
  return [
    '// Made by scripts/build-stub.mjs from stub.S; do not edit.',
    '',
    '/** Offsets from the first byte of the blob, and sizes; bytes. */',
    'export const STUB_SYMBOLS = {',
    ...STUB_SYMBOLS.map((name) => `  ${name}: 0x${symbols[name].toString(16)},`),
    `  bssSize: 0x${define('BSS_SIZE').toString(16)},`,
    `  size: 0x${bytes.length.toString(16)},`,
    '} as const;',
    '',
    '/** Offsets of the parameters from `params`, as the assembler has them. */',
    'export const STUB_PARAM_OFFSETS = {',
    ...params.map(([name, value]) => `  ${name}: 0x${value.toString(16)},`),
    '} as const;',
    '',
    ...hexConstant('STUB_HEX', bytes),
  ].join('\n');
}

/** The launcher of the stub's tests is linked where launcher.ts puts it. */
function launcherModule({ bytes }) {
  return [
    '// Made by scripts/build-stub.mjs from launcher.S; do not edit.',
    '',
    ...hexConstant('LAUNCHER_HEX', bytes),
  ].join('\n');
}

/** test-images/manifest.json with size and hash of the probe as it is now. */
function manifestWith(probe) {
  const manifest = JSON.parse(readFileSync(join(root, 'test-images/manifest.json'), 'utf8'));
  const row = manifest.files.find(({ name }) => name === 'probe.bzImage');
  row.sha256 = createHash('sha256').update(probe).digest('hex');
  row.size = probe.length;
  return Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
}

/** What is checked in: path and the content it should have. */
function outputs(folder) {
  const probe = sealProbe(assemble('test-images/probe/probe.S', folder));
  return [
    [
      'packages/writer/src/stub/stub.generated.ts',
      Buffer.from(stubModule(assemble('packages/writer/src/stub/stub.S', folder))),
    ],
    [
      'packages/writer/test/stub/launcher.generated.ts',
      Buffer.from(launcherModule(assemble('packages/writer/test/stub/launcher.S', folder, 0x2000000))),
    ],
    ['test-images/probe.bzImage', probe],
    ['test-images/manifest.json', manifestWith(probe)],
  ];
}

const missing = ['as', 'gcc', 'ld', 'objcopy', 'nm'].filter((tool) => spawnSync(tool, ['--version']).error);
if (missing.length > 0) {
  console.log(`skipped: no assembler (${missing.join(', ')} missing)`);
  process.exit(process.argv.includes('--check') ? 0 : 1);
}
const folder = mkdtempSync(join(tmpdir(), 'bzelf-stub-'));
try {
  for (const [path, content] of outputs(folder)) {
    const full = join(root, path);
    const same = existsSync(full) && readFileSync(full).equals(content);
    if (process.argv.includes('--check') && !same) {
      console.error(`${path} differs from what its source makes; run node scripts/build-stub.mjs`);
      process.exitCode = 1;
    } else if (!same) {
      writeFileSync(full, content);
      console.log(`${path}: ${content.length} bytes written`);
    } else {
      console.log(`${path}: as its source makes it`);
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
