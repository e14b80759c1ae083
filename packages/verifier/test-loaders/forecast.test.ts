/** QEMU does with the writer's files what is foretold, and GRUB finds in them what is foretold. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { judge, runQemu, testImage, testWith, withTempFolder } from '@bzelf/testkit';
import { TARGETS, wrap, type WrapOptions } from '@bzelf/writer';
import { forecastLoaders } from '../src/forecast';

/** A kernel that starts says so within two seconds; one that hangs is given this long. */
const PATIENCE_MS = 6_000;

const WAYS: readonly WrapOptions[] = [
  ...TARGETS.filter(({ forms }) => forms.includes('container')).map(({ name }) => ({ target: name })),
  { form: 'inplace' },
  { form: 'vmlinux' },
];
/** To a machine that sees no PVH; each would hang for as long as one is patient. */
const SAME_AS_PVH: readonly string[] = ['pvh-reloc', 'linux64', 'multiboot2', 'elfboot32', 'uboot'];
const MACHINES = [
  { loader: 'qemu', machine: 'pc', ways: WAYS },
  {
    loader: 'qemu-3.1',
    machine: 'pc-i440fx-3.1',
    ways: WAYS.filter(({ target = '' }) => !SAME_AS_PVH.includes(target)),
  },
] as const;
const ROWS = MACHINES.flatMap(({ ways, ...row }) => ways.map((options) => ({ ...row, options })));
const title = 'does what was foretold';

describe.each(ROWS)('$loader with $options', ({ loader, machine, options }) => {
  const run = async () => {
    const { bytes } = await wrap(readFileSync(testImage('61-64-gzip.bzImage')), options);
    const forecast = forecastLoaders(bytes).find((row) => row.loader === loader);
    const enters = forecast?.outcome === 'enters';
    const { matched, stderr } = await runQemu({
      machine,
      kernel: bytes,
      append: 'console=ttyS0',
      until: /Linux version/,
      timeoutMs: enters ? 60_000 : PATIENCE_MS,
    });
    expect({ matched, forecast }).toMatchObject({ matched: enters });
    // What it will say, it says.
    const [, text] = /^"(.*)"$/.exec(forecast?.because ?? '') ?? [];
    if (!enters && text !== undefined) expect(stderr).toContain(text);
  };
  if (judge('qemu-system-x86_64') !== undefined) test(title, run, 70_000);
  else test.skip(`${title} [skipped: no qemu-system-x86_64 here]`, run);
});

/** grub-file looks for headers as GRUB's commands do. */
const GRUB_TESTS = [
  { loader: 'grub-multiboot', question: '--is-x86-multiboot' },
  { loader: 'grub-multiboot2', question: '--is-x86-multiboot2' },
  { loader: 'grub-linux', question: '--is-x86-linux' },
] as const;

describe.each([...WAYS, undefined])('GRUB with %j', (options) => {
  testWith(['grub-file'], 'finds the headers that were foretold', (grubFile) =>
    withTempFolder(async (folder) => {
      const image = readFileSync(testImage('61-64-gzip.bzImage'));
      const bytes = options === undefined ? image : (await wrap(image, options)).bytes;
      const path = join(folder, 'file');
      writeFileSync(path, bytes);
      const forecasts = forecastLoaders(bytes);
      for (const { loader, question } of GRUB_TESTS) {
        const enters = forecasts.find((row) => row.loader === loader)?.outcome === 'enters';
        expect({ question, found: grubFile.run([question, path]).status === 0 }).toEqual({ question, found: enters });
      }
    }),
  );
});
