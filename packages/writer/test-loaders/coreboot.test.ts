import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testImage, testWith, withTempFolder } from '@bzelf/testkit';
import { wrap } from '../src/index.js';

/** cbfstool parses a payload as coreboot's build does; it does not boot it. */
describe('coreboot', () => {
  for (const id of ['61-64-gzip', '61-32-gzip']) {
    testWith(['cbfstool'], `cbfstool adds ${id} for elfboot32 as a payload and lists it`, (cbfstool) =>
      withTempFolder(async (folder) => {
        const { bytes } = await wrap(readFileSync(testImage(`${id}.bzImage`)), { target: 'elfboot32' });
        writeFileSync(join(folder, 'kernel.elf'), bytes);
        const cbfs = (...words: string[]) => cbfstool.text(['test.rom', ...words], { cwd: folder });
        cbfs('create', '-m', 'x86', '-s', '0x1000000');
        cbfs('add-payload', '-f', 'kernel.elf', '-n', 'fallback/payload', '-c', 'none');
        expect(cbfs('print')).toMatch(/^fallback\/payload\s+0x[0-9a-f]+\s+simple elf\s+[0-9]+ none$/m);
      }),
    );
  }
});
