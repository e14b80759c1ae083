/** Beyond the banner: Linux to its first process, which reads its initrd and restarts the machine; memtest86+ to its screen. */
import { readFileSync } from 'node:fs';
import { openKernel, pcMemoryMap, planLoad, type PlanOptions } from '@bzelf/loader';
import { makeInitrd, testImage, testWithKernel } from '@bzelf/testkit';
import { Machine, type MachineOptions } from '@bzelf/x86';
import { startPlan } from '../src/start';

const MEMORY = 128 << 20;

function machineWith(path: string, options: Omit<PlanOptions, 'memoryMap'>, cpu: MachineOptions['cpu'] = {}): Machine {
  const kernel = openKernel(new Uint8Array(readFileSync(path)));
  const plan = planLoad(kernel, { ...options, memoryMap: pcMemoryMap(BigInt(MEMORY)) });
  const machine = new Machine({ ram: MEMORY, unmapped: 'ones', cpu });
  startPlan(machine, plan, { kernel: kernel.source });
  return machine;
}

test.each([
  { id: '61-64-lzo', bits: 64 },
  { id: '61-32-gzip', bits: 32 },
] as const)(
  '$id runs /init of its initrd, which restarts the machine',
  ({ id, bits }) => {
    const initrd = makeInitrd({ bits, marker: `the marker of ${id}` });
    const machine = machineWith(testImage(`${id}.bzImage`), { cmdline: 'console=ttyS0 some words', initrd });
    const exit = machine.run({ budget: 2_000_000_000 });
    expect({ exit, serial: machine.serial.output }).toMatchObject({
      exit: { reason: 'reset', by: 'the keyboard controller' },
    });
    expect(machine.serial.output).toContain('bzelf-init: cmdline=console=ttyS0 some words');
    expect(machine.serial.output).toContain(`bzelf-init: marker=the marker of ${id}`);
  },
  600_000,
);

/** It measures and waits in seconds; with a slow processor it has fewer instructions to wait for. */
const SLOW = { tscPerInstruction: 50 };

describe.each([
  { id: 'memtest86plus-x64', protocol: 'linux32' },
  { id: 'memtest86plus-x64', protocol: 'linux64' },
  { id: 'memtest86plus-ia32', protocol: 'linux32' },
] as const)('$id by $protocol', ({ id, protocol }) => {
  testWithKernel(
    id,
    'draws its screen on the serial port and begins to test',
    (path) => {
      const machine = machineWith(path, { protocol, cmdline: 'console=ttyS0,115200' }, SLOW);
      const exit = machine.run({
        until: () => machine.serial.output.includes('Status: Testing'),
        budget: 1_000_000_000,
      });
      expect({ reason: exit.reason, serial: machine.serial.output }).toMatchObject({ reason: 'until' });
      expect(machine.serial.output).toMatch(/Memtest86\+ v\d+\.\d+/);
      expect(machine.serial.output).toMatch(/Memory {2}: +\d+MB/);
    },
    600_000,
  );
});
