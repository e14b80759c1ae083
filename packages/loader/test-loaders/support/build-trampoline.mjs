#!/usr/bin/env node
// Assembles trampoline.S with GNU as and writes trampoline.generated.ts; --check compares instead. Run by hand.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const here = import.meta.dirname;
const out = join(here, 'trampoline.generated.ts');
const work = mkdtempSync(join(tmpdir(), 'trampoline-'));
const run = (tool, ...args) => execFileSync(tool, args, { cwd: work, encoding: 'utf8' });
try {
  run('as', '--64', '-o', 't.o', join(here, 'trampoline.S'));
  run('ld', '-m', 'elf_x86_64', '-Ttext=0', '--oformat', 'elf64-x86-64', '-e', 'start', '-o', 't.elf', 't.o');
  run('objcopy', '-O', 'binary', '-j', '.text', 't.elf', 't.bin');
  const symbols = Object.fromEntries(
    run('nm', 't.elf')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , name]) => name !== undefined && !name.startsWith('_'))
      .map(([address, , name]) => [name, parseInt(address, 16)]),
  );
  const hex = readFileSync(join(work, 't.bin')).toString('hex');
  const text = `// Made from trampoline.S by build-trampoline.mjs. Do not edit.
export const TRAMPOLINE_HEX =
  '${hex.match(/.{1,112}/g).join("' +\n  '")}';
export const TRAMPOLINE_SYMBOLS = ${JSON.stringify(symbols, null, 2).replaceAll('"', '')} as const;
`;
  if (process.argv.includes('--check')) {
    if (readFileSync(out, 'utf8') !== text) throw new Error('trampoline.generated.ts is not what trampoline.S gives');
  } else writeFileSync(out, text);
} finally {
  rmSync(work, { recursive: true });
}
