import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { matrixTitle, testImage, testWith, withTempFolder } from '@bzelf/testkit';
import { wrap } from '../src/index.js';

/** cbfstool parses a payload as coreboot's build does; it does not boot it. */
const row = { loader: 'cbfstool', way: 'add-payload', file: 'container elfboot32' };
for (const id of ['61-64-gzip', '61-32-gzip']) {
  describe(matrixTitle({ ...row, kernel: id }), () => {
    testWith(['cbfstool'], 'is added as a payload and listed', (cbfstool) =>
      withTempFolder(async (folder) => {
        const { bytes } = await wrap(readFileSync(testImage(`${id}.bzImage`)), { target: 'elfboot32' });
        writeFileSync(join(folder, 'kernel.elf'), bytes);
        const cbfs = (...words: string[]) => cbfstool.text(['test.rom', ...words], { cwd: folder });
        cbfs('create', '-m', 'x86', '-s', '0x1000000');
        cbfs('add-payload', '-f', 'kernel.elf', '-n', 'fallback/payload', '-c', 'none');
        expect(cbfs('print')).toMatch(/^fallback\/payload\s+0x[0-9a-f]+\s+simple elf\s+[0-9]+ none$/m);
      }),
    );
  });
}
