import { readFileSync } from 'node:fs';
import { testWithKernel } from '@bzelf/testkit';
import { openKernel, planLoad } from '../src/index.js';
import { bootPlan, qemuMemory, TIMEOUT } from './support/boot-plan.js';

const MIB = 256;

// memtest86+ is built like a bzImage: not relocatable, at 1 MiB, without payload. It draws its screen on the serial port,
// slowly; linux32, linux16 and the 32-bit one come up, too.
describe.each([{ id: 'memtest86plus-x64', protocol: 'linux64' }] as const)('$id by $protocol', ({ id, protocol }) => {
  testWithKernel(
    id,
    'comes up',
    async (path) => {
      const kernel = openKernel(readFileSync(path));
      const plan = planLoad(kernel, { memoryMap: qemuMemory(MIB), protocol, cmdline: 'console=ttyS0,115200' });
      await bootPlan(kernel, plan, MIB, [/Memtest86\+ v6/]);
    },
    TIMEOUT,
  );
});

// Nothing but a real-mode entry: the protected-mode part stays at 1 MiB, whatever the header says of it.
describe.each(['ipxe', 'memdisk'] as const)('%s', (id) => {
  testWithKernel(id, 'is planned by its only entry', (path) => {
    const kernel = openKernel(readFileSync(path));
    const plan = planLoad(kernel, { memoryMap: qemuMemory(MIB), cmdline: 'x', initrd: new Uint8Array(512) });
    expect({ bits: kernel.bits, protocol: plan.protocol, entry: plan.entry }).toEqual({
      bits: 16,
      protocol: 'linux16',
      entry: 0x10200n,
    });
    expect(plan.copies.find((c) => c.purpose === 'image')?.to).toBe(0x100000n);
  });
});

// Without a screen SeaBIOS sends what BIOS calls print to the serial port.
testWithKernel(
  'ipxe',
  'iPXE starts from a real-mode plan',
  async (path) => {
    const kernel = openKernel(readFileSync(path));
    const plan = planLoad(kernel, { memoryMap: qemuMemory(MIB) });
    await bootPlan(kernel, plan, MIB, [/iPXE initialising devices/], 'pc,graphics=off');
  },
  TIMEOUT,
);
