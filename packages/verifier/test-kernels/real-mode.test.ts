/** The 16-bit entry: the real-mode part of Linux over a shim that answers what it asks of a BIOS. */
import { readFileSync } from 'node:fs';
import { openKernel, pcMemoryMap, planLoad } from '@bzelf/loader';
import { kernel, testImage } from '@bzelf/testkit';
import { Machine, type MachineHooks } from '@bzelf/x86';
import { startPlan } from '../src/start';
import { CMDLINE, RAM } from './beside-qemu';
import { BiosShim } from './bios-shim';
import { TIERS } from './core-run';

// prettier-ignore
const IMAGES = [
  { id: '61-64-lzo',             path: testImage('61-64-lzo.bzImage') },
  { id: '61-32-gzip',            path: testImage('61-32-gzip.bzImage') },
  { id: 'debian-6.1-cloud',      path: kernel('debian-6.1-cloud') },
  { id: 'debian-6.12-cloud',     path: kernel('debian-6.12-cloud') },
].flatMap((image) => (image.path === undefined ? [] : [{ id: image.id, path: image.path }]));

/** What the real-mode part has asked of INT 15h, the kernel prints. */
const MEMORY_LINE = 'BIOS-e820: [mem 0x0000000000100000-0x000000000fffffff] usable';

/** Boots by linux16 and gives back what was printed by the BIOS and on the serial port. */
export function bootRealMode(path: string, tier: (typeof TIERS)[number]) {
  const opened = openKernel(new Uint8Array(readFileSync(path)));
  const memoryMap = pcMemoryMap(BigInt(RAM));
  const plan = planLoad(opened, { protocol: 'linux16', memoryMap, cmdline: `${CMDLINE} edd=off` });
  const hooks: MachineHooks = { interrupt: (vector) => shim.interrupt(vector) };
  const machine: Machine = new Machine({ ram: RAM, unmapped: 'ones', tier, hooks });
  const shim: BiosShim = new BiosShim(machine, memoryMap);
  startPlan(machine, plan, { kernel: opened.source });
  const texts = [MEMORY_LINE, `ommand line: ${CMDLINE} edd=off`];
  const until = () => texts.every((text) => machine.serial.output.includes(text));
  const exit = machine.run({ until, budget: 3_000_000_000 });
  return { exit, shim, serial: machine.serial.output, count: machine.count };
}

test.each(IMAGES)(
  '$id starts from its 16-bit entry',
  ({ path }) => {
    const { exit, serial } = bootRealMode(path, 'both');
    expect({ reason: exit.reason, serial }).toMatchObject({ reason: 'until' });
  },
  600_000,
);

test('the 16-bit entry goes the same way in every tier', () => {
  const runs = TIERS.map((tier) => bootRealMode(testImage('61-64-lzo.bzImage'), tier));
  expect(new Set(runs.map(({ count, serial }) => `${count} ${serial}`)).size).toBe(1);
}, 600_000);
