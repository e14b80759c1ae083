import { makeInitrd, testImage, testWith } from '@bzelf/testkit';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withTempFolder } from '@bzelf/testkit';

const initrd = makeInitrd({ bits: 64, marker: 'some marker', files: { odd: Uint8Array.of(1, 2, 3) } });

testWith(['cpio'], 'cpio lists the members of an initrd', (cpio) => {
  expect(cpio.text(['-t', '--quiet'], { input: initrd }).trim().split('\n')).toEqual([
    'dev',
    'dev/console',
    'init',
    'marker',
    'odd',
  ]);
});

testWith(['cpio'], 'cpio unpacks the bytes that went in', async (cpio) => {
  await withTempFolder((cwd) => {
    cpio.bytes(['-i', '-d', '--quiet', 'init', 'marker', 'odd'], { input: initrd, cwd });
    expect(readFileSync(join(cwd, 'init'))).toEqual(readFileSync(testImage('init/init-64')));
    expect(readFileSync(join(cwd, 'marker'), 'utf8')).toBe('some marker');
    expect([...readFileSync(join(cwd, 'odd'))]).toEqual([1, 2, 3]);
  });
});

testWith(['readelf'], '/init is a static executable of the width it claims', (readelf) => {
  expect(readelf.text(['-h', testImage('init/init-64')])).toMatch(/ELF64[^]*X86-64/);
  expect(readelf.text(['-h', testImage('init/init-32')])).toMatch(/ELF32[^]*Intel 80386/);
});

testWith(['gcc', 'ld', 'bash', 'cmp'], '/init is what its source assembles to', (_gcc, _ld, bash) => {
  bash.bytes([testImage('init/build.sh'), '--check']);
});
