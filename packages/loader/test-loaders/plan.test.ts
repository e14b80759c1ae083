import { readFileSync } from 'node:fs';
import { bootQemu, makeInitrd, testImage, testWith } from '@bzelf/testkit';
import { openKernel, pcMemoryMap, planLoad, type MemoryRange, type PlanOptions } from '../src/index.js';
import { phys } from '@bzelf/bytes';
import { planToElf } from './support/plan-to-elf.js';

const TIMEOUT = 120_000;
const CMDLINE = 'console=ttyS0 earlyprintk=ttyS0 panic=-1 bzelf.test=plan';
/** QEMU keeps ACPI tables in the last 128 KiB of its RAM. */
const MEMORY: MemoryRange[] = pcMemoryMap(0x1000_0000n - 0x20000n);

const initrd = (bits: 32 | 64) => makeInitrd({ bits, marker: 'loaded by a plan' });

async function boot(image: string, bits: 32 | 64, options: Partial<PlanOptions>) {
  const kernel = openKernel(readFileSync(testImage(image)));
  const plan = planLoad(kernel, { memoryMap: MEMORY, cmdline: CMDLINE, initrd: initrd(bits), ...options });
  const elf = planToElf({ plan, source: kernel.source, memoryMap: MEMORY, dirty: true });
  const run = await bootQemu({
    kernel: elf,
    memory: 256,
    timeoutMs: TIMEOUT,
    until: [/Linux version/, /bzelf-init: marker=loaded by a plan/],
  });
  return { plan, run };
}

describe.each([
  { what: 'linux32 of a 64-bit kernel', image: '61-64-gzip.bzImage', bits: 64, options: { protocol: 'linux32' } },
  { what: 'linux32 of a 32-bit kernel', image: '61-32-gzip.bzImage', bits: 32, options: { protocol: 'linux32' } },
  {
    what: 'linux64 under page tables of exactly its ranges',
    image: '61-64-gzip.bzImage',
    bits: 64,
    options: { protocol: 'linux64' },
  },
  {
    what: 'linux64 without the optional ranges',
    image: '61-64-gzip.bzImage',
    bits: 64,
    options: { protocol: 'linux64', optionalMappings: false },
  },
  {
    what: 'linux64 at 64 MiB',
    image: '61-64-gzip.bzImage',
    bits: 64,
    options: { protocol: 'linux64', relocateTo: phys(0x4000000) },
  },
  {
    what: 'linux64 at 2 MiB, below where it wants to run',
    image: '61-64-gzip.bzImage',
    bits: 64,
    options: { protocol: 'linux64', relocateTo: phys(0x200000), optionalMappings: false },
  },
  {
    what: 'linux32 at 1 MiB',
    image: '61-64-gzip.bzImage',
    bits: 64,
    options: { protocol: 'linux32', relocateTo: phys(0x100000) },
  },
  { what: 'linux16 through its setup code', image: '61-64-gzip.bzImage', bits: 64, options: { protocol: 'linux16' } },
  {
    what: 'linux16 at 0x90000',
    image: '61-32-gzip.bzImage',
    bits: 32,
    options: { protocol: 'linux16', realModeSegment: 0x9000 },
  },
] as const)('$what', ({ image, bits, options }) => {
  testWith(
    ['qemu-system-x86_64'],
    'boots to its init with command line and initrd',
    async () => {
      const { run } = await boot(image, bits, options);
      expect(run.serial).toContain('bzelf.test=plan');
    },
    TIMEOUT,
  );
});
