import { readFileSync } from 'node:fs';
import { testImage, testWith, testWithKernel, type FetchedKernel } from '@bzelf/testkit';
import { directStart, openKernel, type DirectStartOptions, type KaslrChoice } from '../src/index.js';
import { bootPlan, CMDLINE, INIT, initrd, qemuMemory, TIMEOUT } from './support/boot-plan.js';

interface Boot extends Partial<DirectStartOptions> {
  readonly path: string;
  readonly mib?: number;
  readonly until?: RegExp[];
}

async function boot({ path, mib = 512, until = INIT, ...options }: Boot) {
  const kernel = openKernel(readFileSync(path));
  const plan = await directStart(kernel, { memoryMap: qemuMemory(mib), cmdline: CMDLINE, ...options });
  return { plan, run: await bootPlan(kernel, plan, mib, until) };
}

/** What a kernel prints when it panics for want of an init. Source: arch/x86/kernel/setup.c, dump_kernel_offset. */
const offsetLine = (slide: bigint): string => `Kernel Offset: 0x${slide.toString(16)} from 0xffffffff81000000`;

const small = (name: string) => testImage(`${name}.bzImage`);
describe.each([
  { what: '64-bit entry, where it is linked', image: '61-64-gzip', bits: 64, options: {} },
  {
    what: '64-bit entry, moved physically alone',
    image: '61-64-lzo',
    bits: 64,
    options: { kaslr: { physicalSlide: 0x400_0000n } },
  },
  {
    what: '64-bit entry, moved down to 2 MiB',
    image: '61-64-gzip',
    bits: 64,
    options: { kaslr: { physicalSlide: -0xe0_0000n } },
  },
  {
    what: '64-bit entry, physically above 4 GiB',
    image: '61-64-gzip',
    bits: 64,
    options: { mib: 4608, kaslr: { physicalSlide: 0x1_0f00_0000n, virtualSlide: 0x1220_0000n } },
  },
  { what: '64-bit entry, random', image: '61-64-bzip2', bits: 64, options: { kaslr: { seed: 42n } } },
  { what: 'PVH entry, where it is linked', image: '61-64-gzip', bits: 64, options: { entry: 'pvh' } },
  {
    what: 'PVH entry, both slides equal',
    image: '61-64-gzip',
    bits: 64,
    options: { entry: 'pvh', kaslr: { physicalSlide: 0x600_0000n } },
  },
  { what: 'PVH entry, random', image: '61-64-lzma', bits: 64, options: { entry: 'pvh', kaslr: { seed: 7n } } },
  { what: '32-bit entry, where it is linked', image: '61-32-gzip', bits: 32, options: {} },
  { what: '32-bit entry, random', image: '61-32-gzip', bits: 32, options: { kaslr: { seed: 3n } } },
  {
    what: 'PVH entry of a 32-bit kernel, random',
    image: '61-32-gzip',
    bits: 32,
    options: { entry: 'pvh', kaslr: { seed: 4n } },
  },
] as const)('$what ($image)', ({ image, bits, options }) => {
  testWith(
    ['qemu-system-x86_64'],
    'starts the kernel without its decompressor',
    async () => {
      await boot({ path: small(image), initrd: initrd(bits), ...options });
    },
    TIMEOUT,
  );
});

describe.each([1n, 2n, 3n])('seed %s', (seed) => {
  testWith(
    ['qemu-system-x86_64'],
    'the 64-bit kernel itself reports the virtual slide when it panics',
    async () => {
      const { plan, run } = await boot({ path: small('61-64-gzip'), kaslr: { seed }, until: [/Kernel Offset: .*\r/] });
      expect(plan.slides.virtual).not.toBe(0n);
      expect(run.serial).toContain(offsetLine(plan.slides.virtual));
    },
    TIMEOUT,
  );

  // A 32-bit kernel says "disabled" (kaslr_enabled() is for x86_64 only), but its call trace has moved.
  testWith(
    ['qemu-system-x86_64'],
    "every address of the 32-bit kernel's call trace has moved by the slide",
    async () => {
      const until = [/Kernel Offset: .*\r/];
      const still = await boot({ path: small('61-32-gzip'), until });
      const moved = await boot({ path: small('61-32-gzip'), kaslr: { seed }, until });
      expect(moved.plan.slides.virtual).not.toBe(0n);
      expect(traceOf(still.run.serial)).not.toHaveLength(0);
      expect(traceOf(moved.run.serial)).toEqual(traceOf(still.run.serial).map((at) => at + moved.plan.slides.virtual));
    },
    TIMEOUT,
  );
});

const traceOf = (serial: string): bigint[] =>
  [...serial.matchAll(/\? (0x[0-9a-f]{8})\b/g)].map(([, at = '0']) => BigInt(at));

const DEBIAN: { id: FetchedKernel; entry: 'linux64' | 'pvh'; kaslr: KaslrChoice }[] = [
  { id: 'debian-6.1-cloud', entry: 'linux64', kaslr: { seed: 11n } },
  { id: 'debian-6.1-cloud', entry: 'pvh', kaslr: { seed: 12n } },
  { id: 'debian-6.12-cloud', entry: 'linux64', kaslr: { seed: 13n } },
  { id: 'debian-6.12-cloud', entry: 'pvh', kaslr: { seed: 14n } },
  { id: 'debian-6.12-amd64', entry: 'linux64', kaslr: { seed: 15n } },
];
describe.each(DEBIAN)('$id by $entry', ({ id, entry, kaslr }) => {
  testWithKernel(
    id,
    'boots at random addresses to its init with command line and initrd',
    async (path) => {
      await boot({ path, mib: 1024, entry, kaslr, initrd: initrd(64) });
    },
    TIMEOUT,
  );
});

testWithKernel(
  'debian-installer-i386',
  'the installer of i386 boots at a random address',
  async (path) => {
    await boot({ path, mib: 512, kaslr: { seed: 5n }, initrd: initrd(32) });
  },
  TIMEOUT,
);
