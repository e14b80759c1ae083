/** Real kernels in the core: at the kernel's own entry memory, registers and count are QEMU's; then on to the banner. */
import { judge } from '@bzelf/testkit';
import { findKernelEntry } from '../src/kernel-entry';
import { CMDLINE, planKernel } from './beside-qemu';
import { compareWithQemu } from './compare';
import { TIERS } from '@bzelf/x86';
import { fingerprint, runToEntry, runToText, startInCore } from './core-run';
import { KERNELS } from './kernels';

/** How far two counts may be apart: QEMU takes one more pass to find a REP done, and counts some instructions twice. */
const COUNT_TOLERANCE = 0.005;
const hasQemu = judge('qemu-system-x86_64') !== undefined;
const rows = KERNELS.flatMap((kernel) => kernel.protocols.map((protocol) => ({ ...kernel, protocol })));

describe.each(rows)('$id by $protocol', ({ path, protocol, protocols, isShort }) => {
  const title = 'enters the kernel with the memory that QEMU has, and comes to the banner';
  // the decompressor is the same from either entry, and QEMU takes a minute to count its instructions
  const isSecond = !isShort && protocol !== protocols.at(-1);
  const reason =
    path === undefined ? 'not fetched' : hasQemu ? 'takes minutes; scripts/core-kernels.mjs' : 'no QEMU here';
  const runs = path !== undefined && hasQemu && !isSecond;
  (runs ? test : test.skip)(
    runs ? title : `${title} [skipped: ${reason}]`,
    async () => {
      const { entry, qemu, pages, registers, banner, serial } = await compareWithQemu(path ?? '', protocol, 'both');
      expect(entry.reason).toBe('until');
      expect(pages.map((page) => page.toString(16))).toEqual([]);
      expect(registers).toEqual([]);
      if (qemu.count !== undefined)
        expect(Math.abs(Number(entry.count) / Number(qemu.count) - 1)).toBeLessThan(COUNT_TOLERANCE);
      expect({ reason: banner.reason, serial }).toMatchObject({ reason: 'until' });
      expect(serial).toMatch(/Linux version 6\.\d+/);
    },
    600_000,
  );

  (isShort && path !== undefined ? test : test.skip)(
    isShort
      ? 'does the same in every tier'
      : 'does the same in every tier [skipped: takes minutes; scripts/core-kernels.mjs]',
    async () => {
      const planned = planKernel(path ?? '', protocol);
      const point = await findKernelEntry(planned.kernel);
      if (point === undefined) throw new Error('no compressed kernel');
      const prints = TIERS.map((tier) => {
        const machine = startInCore(planned, tier);
        expect(runToEntry(machine, point).exit.reason).toBe('until');
        const atEntry = fingerprint(machine);
        expect(runToText(machine, CMDLINE).exit.reason).toBe('until');
        return { atEntry, atBanner: fingerprint(machine) };
      });
      for (const print of prints.slice(1)) expect(print).toEqual(prints[0]);
    },
    600_000,
  );
});
