import { readFileSync } from 'node:fs';
import { hex, phys } from '@bzelf/bytes';
import { testImage, testWith, testWithKernel, type FetchedKernel } from '@bzelf/testkit';
import { MEMORY_RAM, openKernel, planLoad, type PlanOptions } from '../src/index.js';
import { bootPlan, CMDLINE, INIT, initrd, qemuMemory, TIMEOUT } from './support/boot-plan.js';

interface Row {
  readonly what: string;
  readonly image?: string;
  readonly bits?: 32 | 64;
  readonly mib?: number;
  readonly options: Partial<PlanOptions>;
}

async function boot(path: string, { bits = 64, mib = 256, options }: Row) {
  const kernel = openKernel(readFileSync(path));
  const plan = planLoad(kernel, { memoryMap: qemuMemory(mib), cmdline: CMDLINE, initrd: initrd(bits), ...options });
  return { plan, run: await bootPlan(kernel, plan, mib, INIT) };
}

const ABOVE_4G = phys((1n << 32n) + 0x1000_0000n);

// prettier-ignore
const ROWS: Row[] = [
  { what: 'linux32 of a 64-bit kernel', options: { protocol: 'linux32' } },
  { what: 'linux32 of a 32-bit kernel', image: '61-32-gzip', bits: 32, options: { protocol: 'linux32' } },
  { what: 'linux32 of a 32-bit kernel, at 40 MiB', image: '61-32-gzip', bits: 32, options: { protocol: 'linux32', relocateTo: phys(0x2800000) } },
  { what: 'linux32 at 1 MiB', options: { protocol: 'linux32', relocateTo: phys(0x100000) } },
  { what: 'linux64 under page tables of its ranges', options: { protocol: 'linux64' } },
  { what: 'linux64 without the optional ranges', options: { protocol: 'linux64', optionalMappings: false } },
  { what: 'linux64 at 64 MiB', options: { protocol: 'linux64', relocateTo: phys(0x4000000), optionalMappings: false } },
  { what: 'linux64 at 2 MiB, below where it wants to run', options: { protocol: 'linux64', relocateTo: phys(0x200000), optionalMappings: false } },
  { what: 'linux64 above 4 GiB', mib: 4608, options: { protocol: 'linux64', relocateTo: ABOVE_4G, optionalMappings: false } },
  { what: 'linux16 through its setup code', options: { protocol: 'linux16' } },
  { what: 'linux16 at 0x90000', image: '61-32-gzip', bits: 32, options: { protocol: 'linux16', realModeSegment: 0x9000 } },
];

describe.each(ROWS)('$what', (row) => {
  const title = 'boots to its init with command line and initrd';
  testWith(
    ['qemu-system-x86_64'],
    title,
    async () => void (await boot(testImage(`${row.image ?? '61-64-gzip'}.bzImage`), row)),
    TIMEOUT,
  );
});

testWith(
  ['qemu-system-x86_64'],
  'the kernel reports the memory map, initrd and setup_data that boot_params gave it',
  async () => {
    const seed = new Uint8Array(32).fill(7);
    const options: Partial<PlanOptions> = {
      protocol: 'linux64',
      setupData: [{ type: 9, data: seed }],
      optionalMappings: false,
    };
    const { plan, run } = await boot(testImage('61-64-gzip.bzImage'), { what: '', options });
    for (const { start, length, type } of qemuMemory(256)) {
      const range = `[mem ${hex(start, 16)}-${hex(start + length - 1n, 16)}]`;
      expect(run.serial).toContain(`BIOS-e820: ${range} ${type === MEMORY_RAM ? 'usable' : 'reserved'}`);
    }
    const { start, length } = plan.initrd ?? { start: 0n, length: 0n };
    expect(run.serial).toContain(
      `RAMDISK: [mem ${hex(start, 8)}-${hex(((start + length + 0xfffn) & ~0xfffn) - 1n, 8)}]`,
    );
  },
  TIMEOUT,
);

const DEBIAN: { id: FetchedKernel; bits: 32 | 64; options: Partial<PlanOptions> }[] = [
  { id: 'debian-6.1-cloud', bits: 64, options: { protocol: 'linux64', optionalMappings: false } },
  { id: 'debian-6.12-cloud', bits: 64, options: { protocol: 'linux64', optionalMappings: false } },
  { id: 'debian-6.12-cloud', bits: 64, options: { protocol: 'linux32' } },
  { id: 'debian-installer-i386', bits: 32, options: { protocol: 'linux32' } },
];
describe.each(DEBIAN)('$id by $options.protocol', ({ id, bits, options }) => {
  testWithKernel(
    id,
    'boots to its init with command line and initrd',
    async (path) => void (await boot(path, { what: id, bits, mib: 512, options })),
    TIMEOUT,
  );
});
