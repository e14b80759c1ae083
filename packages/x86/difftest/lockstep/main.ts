/**
 * The core beside QEMU (TCG): `npm run lockstep -- IMAGE --steps N`. IMAGE is a multiboot program, or whatever else QEMU's `-kernel` takes, with
 * `--from` the linear address at which both begin.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { withPausedQemu, withTempFolder, type PausedQemu } from '@bzelf/testkit';
import { FULL_FEATURES, Machine } from '../core';
import { readProgram } from '../suites/multiboot';
import { takeState } from './qemu-state';
import { stepTogether } from './steps';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    steps: { type: 'string', default: '20000' },
    from: { type: 'string' },
    args: { type: 'string', default: '' },
    cpu: { type: 'string', default: 'max' },
    memory: { type: 'string', default: '64' },
    most: { type: 'string', default: '10' },
  },
});
const [image] = positionals;
if (image === undefined)
  throw new Error(
    'usage: npm run lockstep -- IMAGE [--steps N] [--from ADDRESS] [--args WORDS] [--cpu MODEL] [--memory MIB]',
  );

const memory = Number(values.memory);
const ram = memory << 20;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Pages of RAM that differ, each with its first eight bytes that do. */
async function differentPages(qemu: PausedQemu, machine: Machine): Promise<string[]> {
  const theirs = await qemu.memory(0, ram);
  const pages: string[] = [];
  for (let at = 0; at < ram; at += 4096) {
    const [own, other] = [machine.ram.subarray(at, at + 4096), theirs.subarray(at, at + 4096)];
    const first = Buffer.compare(own, other) === 0 ? -1 : own.findIndex((byte, i) => byte !== other[i]);
    if (first < 0) continue;
    const [ours, qemus] = [own, other].map((page) => hex(page.subarray(first, first + 8)));
    pages.push(`${(at + first).toString(16)}: ${ours}, QEMU ${qemus}`);
  }
  return pages;
}

await withTempFolder(async (folder) => {
  const environment = join(folder, 'environment');
  writeFileSync(environment, `NR_CPUS=1\nMEMSIZE=${memory}\nTEST_DEVICE=1\n`);
  const words = ['-cpu', values.cpu, '-kernel', image, '-initrd', environment, '-append', values.args];
  const debugExit = ['-device', 'isa-debug-exit,iobase=0xf4,iosize=4'];
  await withPausedQemu({ memory, extra: [...words, ...debugExit] }, async (qemu) => {
    const start = values.from === undefined ? BigInt(readProgram(readFileSync(image)).entry) : BigInt(values.from);
    // QEMU lets registers be written one by one only to those who have read its description
    await qemu.ask('qXfer:features:read:target.xml:0,ff0');
    await qemu.runTo(start);
    const machine = new Machine({ ram, unmapped: 'ones', cpu: { features: new Set([...FULL_FEATURES, 'apic']) } });
    await takeState(qemu, machine, ram);
    const result = await stepTogether(qemu, machine, {
      steps: Number(values.steps),
      most: Number(values.most),
      onDifference: (text) => console.log(text),
    });
    const pages = await differentPages(qemu, machine);
    console.log(
      `${result.steps} steps, ${result.copied} from outside, ${result.differences} differences; ${result.end}`,
    );
    console.log(`${pages.length} of ${ram / 4096} pages differ`);
    for (const page of pages.slice(0, 20)) console.log(`    ${page}`);
    if (result.differences + pages.length > 0) process.exitCode = 1;
  });
});
