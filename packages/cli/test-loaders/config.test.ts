/** `bzelf config` beside the kernel's own scripts/extract-ikconfig. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SMALL_KERNELS, judge, kernel, testImage, withTempFolder } from '@bzelf/testkit';
import { bzelf } from '../test/tool';

const SCRIPT = kernel('linux-source', 'extract-ikconfig');
/** What the script unpacks a kernel with. */
const TOOLS: Readonly<Record<string, string>> = { gzip: 'gzip', bzip2: 'bzip2', lzma: 'xz', lzo: 'lzop' };

// prettier-ignore
const ROWS = SMALL_KERNELS.flatMap((image) => [
  { image, form: 'as it is',  words: undefined },
  { image, form: 'container', words: ['--form', 'container'] },
  { image, form: 'inplace',   words: ['--form', 'inplace', '--allow-efi-loss'] },
  { image, form: 'vmlinux',   words: ['--form', 'vmlinux'] },
]);

describe.each(ROWS)('$image $form', ({ image, words }) => {
  const tool = TOOLS[image.split('-')[2] ?? ''] ?? '';
  const missing = [...(SCRIPT === undefined ? ['extract-ikconfig'] : []), ...(judge(tool) === undefined ? [tool] : [])];
  const run = () =>
    withTempFolder((folder) => {
      const path = testImage(`${image}.bzImage`);
      const bytes = words === undefined ? undefined : bzelf(['wrap', path, ...words, '-o', '-']).bytes;
      const file = bytes === undefined ? path : join(folder, 'k');
      if (bytes !== undefined) writeFileSync(file, bytes);
      const theirs = judge('sh')?.text([SCRIPT ?? '', file]);
      expect(theirs).toMatch(/^#\n# Automatically generated file/);
      expect(bzelf(['config', file]).out).toBe(theirs);
    });
  const title = 'has the configuration that extract-ikconfig finds';
  if (missing.length === 0) test(title, run, 60_000);
  else test.skip(`${title} [skipped: no ${missing.join(', no ')} here]`, run);
});
