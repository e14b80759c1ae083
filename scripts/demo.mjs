#!/usr/bin/env node
// What `npm start` shows: a kernel gets its ELF header, tells its notes and memory map, comes back bit for bit, and is proved to boot.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const DEMO = join(ROOT, '.cache', 'demo');
const KERNEL = join(ROOT, 'test-images', '61-64-gzip.bzImage');
const ELF = join(DEMO, 'kernel.elf');
const AGAIN = join(DEMO, 'bzImage');
const MAP = join(DEMO, 'map.svg');

const sha256 = (path) => createHash('sha256').update(readFileSync(path)).digest('hex');

/** Shows a command as a person would type it, and runs it. */
function bzelf(...words) {
  console.log(`\n$ bzelf ${words.join(' ')}`);
  const tool = join(ROOT, 'packages', 'cli', 'bin', 'bzelf.cjs');
  const { status } = spawnSync(process.execPath, [tool, ...words], {
    stdio: ['ignore', 'inherit', 'inherit'],
    cwd: ROOT,
  });
  if (status !== 0) {
    console.error(`this ended with exit code ${status}`);
    process.exit(1);
  }
}

mkdirSync(DEMO, { recursive: true });
console.log('A Linux kernel becomes an ELF file that QEMU, Xen and Firecracker load:');
bzelf('wrap', relative(ROOT, KERNEL), '-o', relative(ROOT, ELF));
console.log('\nIts notes say how it is entered and which memory it wants:');
bzelf('notes', relative(ROOT, ELF));
console.log('\nWhere everything is:');
bzelf('map', relative(ROOT, ELF));
bzelf('map', relative(ROOT, ELF), '--svg', relative(ROOT, MAP));
console.log('\nAnd the kernel it was made from comes back:');
bzelf('unwrap', relative(ROOT, ELF), '-o', relative(ROOT, AGAIN));

console.log('\nProof: every entry leads to the kernel, from the memory that the notes declare, and on to its banner:');
bzelf('verify', relative(ROOT, ELF), '--until', 'banner');

const same = sha256(KERNEL) === sha256(AGAIN);
console.log(`\nSHA-256 ${sha256(AGAIN)}: ${same ? 'the same, bit for bit' : 'DIFFERENT'}`);
console.log(`\nTo boot it: qemu-system-x86_64 -kernel ${relative(ROOT, ELF)} -append console=ttyS0 -nographic`);
process.exitCode = same ? 0 : 1;
