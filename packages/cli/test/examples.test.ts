/** The programs of docs/examples, run as programs. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot, testImage, testWith, withTempFolder } from '@bzelf/testkit';
import { wrap } from '@bzelf/writer';

function run(name: string, ...words: string[]) {
  const options = { cwd: repositoryRoot(), encoding: 'utf8' as const };
  return spawnSync(process.execPath, ['scripts/run-example.mjs', name, ...words], options);
}

const image = () => readFileSync(testImage('61-64-gzip.bzImage'));

/** The sixteen bytes that the example found in the guest's memory at the entry, and where that is. */
function codeOf(text: string): { entry: number; code: string } {
  const [, entry, code] = /^code at (0x[0-9a-f]+): ([0-9a-f ]+)$/m.exec(text) ?? [];
  return { entry: Number(entry), code: (code ?? '').replaceAll(' ', '') };
}

test('load-kernel puts a bzImage where its 64-bit entry is at 0x200 of the protected-mode kernel', () => {
  const { stdout, stderr, status } = run('load-kernel', testImage('61-64-gzip.bzImage'));
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  expect(stdout).toMatch(/^bzimage, 64-bit, version 6\.1\.192 .*\nentry by linux64 .*[\s\S]*^started by linux64$/m);
  expect(codeOf(stdout)).toEqual({ entry: 0x1000200, code: image().subarray(0x4200, 0x4210).toString('hex') }); // setup_sects is 31
});

describe.each([
  { form: 'container', protocol: 'pvh' },
  { form: 'container', protocol: 'linux64' },
  { form: 'inplace', protocol: 'linux64' },
  { form: 'vmlinux', protocol: 'linux64' },
] as const)('load-kernel, $form by $protocol', ({ form, protocol }) => {
  testWith(['readelf'], 'has at the entry what readelf says is loaded there', (readelf) =>
    withTempFolder(async (folder) => {
      const path = join(folder, 'kernel.elf');
      const { bytes } = await wrap(image(), { form, allowEfiLoss: true });
      writeFileSync(path, bytes);
      const { stdout, stderr, status } = run('load-kernel', path, protocol);
      expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
      const { entry, code } = codeOf(stdout);
      const segments = [...readelf.text(['-lW', path]).matchAll(/^ {2}LOAD +(.*)$/gm)].map((line) =>
        (line[1] ?? '').split(/\s+/).slice(0, 4).map(Number),
      );
      const expected = segments.flatMap(([offset = 0, , paddr = 0, size = 0]) => {
        const at = offset + entry - paddr;
        return entry >= paddr && entry < paddr + size ? [Buffer.from(bytes.subarray(at, at + 16)).toString('hex')] : [];
      });
      expect(expected).toEqual([code]);
    }),
  );
});

test('load-kernel lets a kernel go until it says who it is', () => {
  const { stdout, stderr, status } = run('load-kernel', testImage('61-64-lzo.bzImage'), 'linux64', 'run');
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  expect(stdout).toMatch(/\] Linux version\nuntil after 5\d{7} instructions, \d+ pages touched\n$/);
}, 60_000);

test('load-kernel says how it is used, and which protocols there are', () => {
  const help = /^usage: load-kernel FILE \[linux64 \| pvh \|/;
  expect(run('load-kernel')).toMatchObject({ status: 2, stdout: '', stderr: expect.stringMatching(help) });
  expect(run('load-kernel', 'a', 'lilo')).toMatchObject({ status: 2, stderr: expect.stringMatching(help) });
});
