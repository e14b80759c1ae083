import { readFileSync } from 'node:fs';
import { phys } from '@bzelf/bytes';
import { testImage, testWith } from '@bzelf/testkit';
import { wrap, type WrapOptions } from '@bzelf/writer';
import { directStart, openKernel, planLoad, type KernelImage, type PlanOptions } from '../src/index.js';
import { bootPlan, CMDLINE, INIT, initrd, qemuMemory, TIMEOUT } from './support/boot-plan.js';

const MIB = 256;
const MEMORY = qemuMemory(MIB);
const INITRD = initrd(64);

async function open(options: WrapOptions): Promise<KernelImage> {
  const { bytes } = await wrap(readFileSync(testImage('61-64-gzip.bzImage')), options);
  return openKernel(bytes);
}

describe.each([
  { wrapped: { target: 'pvh' }, options: { protocol: 'pvh' } },
  { wrapped: { target: 'pvh' }, options: { protocol: 'linux32' } },
  { wrapped: { target: 'pvh' }, options: { protocol: 'linux64', optionalMappings: false } },
  { wrapped: { target: 'pvh-reloc' }, options: { protocol: 'pvh', relocateTo: phys(0x400_0000) } },
  { wrapped: { target: 'linux64' }, options: { protocol: 'linux64', optionalMappings: false } },
  { wrapped: { target: 'universal' }, options: { protocol: 'multiboot' } },
  { wrapped: { target: 'multiboot' }, options: { protocol: 'multiboot' } },
  { wrapped: { target: 'multiboot2' }, options: { protocol: 'multiboot2' } },
  { wrapped: { form: 'inplace', allowEfiLoss: true }, options: { protocol: 'linux64', optionalMappings: false } },
  { wrapped: { form: 'inplace', allowEfiLoss: true }, options: { protocol: 'linux16' } },
  { wrapped: { form: 'vmlinux' }, options: { protocol: 'linux64', optionalMappings: false } },
  { wrapped: { form: 'vmlinux' }, options: { protocol: 'pvh' } },
] as { wrapped: WrapOptions; options: Partial<PlanOptions> }[])(
  'wrapped as $wrapped, loaded by $options',
  ({ wrapped, options }) => {
    testWith(
      ['qemu-system-x86_64'],
      'boots to its init with command line and initrd',
      async () => {
        const kernel = await open(wrapped);
        const plan = planLoad(kernel, { memoryMap: MEMORY, cmdline: CMDLINE, initrd: INITRD, ...options });
        await bootPlan(kernel, plan, MIB, INIT);
      },
      TIMEOUT,
    );
  },
);

testWith(
  ['qemu-system-x86_64'],
  'elfboot32 by ELFBoot records boots to a panic for want of an initrd, with its command line',
  async () => {
    const kernel = await open({ target: 'elfboot32' });
    const plan = planLoad(kernel, { memoryMap: MEMORY, cmdline: CMDLINE, protocol: 'elfboot' });
    await bootPlan(kernel, plan, MIB, [/Linux version/, /bzelf\.test=plan/, /No working init found/]);
  },
  TIMEOUT,
);

describe.each([{ form: 'container' }, { form: 'inplace', allowEfiLoss: true }, { form: 'vmlinux' }] as WrapOptions[])(
  'direct start from $form',
  (wrapped) => {
    testWith(
      ['qemu-system-x86_64'],
      'finds the kernel inside and boots it',
      async () => {
        const kernel = await open(wrapped);
        const kaslr = wrapped.form === 'vmlinux' ? { physicalSlide: 0x200_0000n } : { seed: 99n };
        const plan = await directStart(kernel, { memoryMap: MEMORY, cmdline: CMDLINE, initrd: INITRD, kaslr });
        await bootPlan(kernel, plan, MIB, INIT);
      },
      TIMEOUT,
    );
  },
);
