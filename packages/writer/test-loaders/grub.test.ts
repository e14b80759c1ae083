/** What the writer makes, started by GRUB from a rescue CD, up to /init. */
import { readFileSync } from 'node:fs';
import { bootQemu, kernel, makeInitrd, missingForGrub, testImage, withGrub, type FetchedKernel } from '@bzelf/testkit';
import { wrap, type WrapOptions } from '../src/index.js';

interface Start {
  readonly id: string;
  /** Commands of grub.cfg for the kernel and for the initrd. */
  readonly commands: readonly [string, string];
  readonly options: WrapOptions;
}

// prettier-ignore
const STARTS: readonly Start[] = [
  { id: '61-64-gzip',        commands: ['multiboot', 'module'],   options: { target: 'multiboot' } },
  { id: '61-64-gzip',        commands: ['multiboot', 'module'],   options: { target: 'universal' } },
  { id: '61-64-gzip',        commands: ['multiboot2', 'module2'], options: { target: 'multiboot2' } },
  { id: '61-64-gzip',        commands: ['linux', 'initrd'],       options: { form: 'inplace' } },
  { id: '61-32-gzip',        commands: ['multiboot', 'module'],   options: { target: 'multiboot' } },
  { id: '61-32-gzip',        commands: ['linux', 'initrd'],       options: { form: 'inplace' } },
  { id: 'debian-6.1-cloud',  commands: ['multiboot', 'module'],   options: { target: 'multiboot' } },
  { id: 'debian-6.1-cloud',  commands: ['linux', 'initrd'],       options: { form: 'inplace' } },
  { id: 'debian-6.12-cloud', commands: ['multiboot2', 'module2'], options: { target: 'multiboot2' } },
];

const pathOf = (id: string) => (id.startsWith('debian-') ? kernel(id as FetchedKernel) : testImage(`${id}.bzImage`));

describe.each(STARTS)('GRUB: $commands of $id, $options', ({ id, commands: [load, add], options }) => {
  const path = pathOf(id);
  const missing = [...missingForGrub(), ...(path === undefined ? [id] : [])];
  const title = 'boots to /init with the command line and the initrd it was given';
  if (path === undefined || missing.length > 0) {
    test.skip(`${title} [skipped: no ${missing.join(', no ')}]`, () => undefined);
    return;
  }
  test(
    title,
    async () => {
      const { bytes } = await wrap(readFileSync(path), { ...options, allowEfiLoss: true });
      const marker = `marker of ${id}`;
      const cmdline = `console=ttyS0 panic=-1 bzelf.test=${id}`;
      const initrd = makeInitrd({ bits: id.includes('-32-') ? 32 : 64, marker });
      // GRUB puts BOOT_IMAGE in front of the command line for `linux`
      const config = `${load} /kernel ${cmdline}\n${add} /initrd\nboot\n`;
      await withGrub(config, { kernel: bytes, initrd }, (extra) =>
        bootQemu({
          extra,
          until: [
            new RegExp(`bzelf-init: cmdline=(BOOT_IMAGE=/kernel )?${cmdline}\\s`),
            `bzelf-init: marker=${marker}`,
          ],
          timeoutMs: 120_000,
        }),
      );
    },
    130_000,
  );
});
