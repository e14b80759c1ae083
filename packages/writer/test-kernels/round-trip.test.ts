/** Every kernel that Debian ships, in every form: back bit for bit, and nothing that readelf or eu-elflint dislikes. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { extractPayload, readBzImage, splitVmlinux } from '@bzelf/bzimage';
import { FETCHED_KERNELS, judge, testWithKernel, withTempFolder, type FetchedKernel, type Judge } from '@bzelf/testkit';
import { TARGETS, unwrap, wrap, type WrapOptions } from '../src/index.js';

const WITHOUT_PAYLOAD: readonly FetchedKernel[] = ['memtest86plus-x64', 'memtest86plus-ia32', 'ipxe', 'memdisk'];
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const readelf = judge('readelf');
const elflint = judge('eu-elflint');

/** What the judges complain of, beside note types that they do not know. */
function complaints(bytes: Uint8Array): Promise<string[]> {
  return withTempFolder((folder) => {
    const path = join(folder, 'file.elf');
    writeFileSync(path, bytes);
    const said = (tool: Judge | undefined, words: string[]) => {
      const run = tool?.run([...words, path]);
      return run ? `${new TextDecoder().decode(run.stdout)}\n${run.stderr}`.split('\n') : [];
    };
    return [
      ...said(readelf, ['-hlSnW']).filter((line) => /warning|error/i.test(line)),
      ...said(elflint, ['--gnu-ld']).filter((line) => line && !/unknown object file note type|^No errors/.test(line)),
    ];
  });
}

describe.each(FETCHED_KERNELS)('%s', (id) => {
  const kept: WrapOptions[] = TARGETS.flatMap(({ name, forms }) =>
    forms.filter((form) => form !== 'vmlinux').map((form) => ({ target: name, form, allowEfiLoss: true })),
  );
  testWithKernel(id, 'comes back from every form and target', async (path) => {
    const input = readFileSync(path);
    for (const options of kept) {
      const { bytes } = await wrap(input, options);
      const label = `${options.form} ${options.target}`;
      expect(`${label} ${digest(unwrap(bytes))}`).toBe(`${label} ${digest(input)}`);
    }
  });

  if (WITHOUT_PAYLOAD.includes(id)) {
    testWithKernel(id, 'has no vmlinux form, and says so', async (path) => {
      const vmlinux = wrap(readFileSync(path), { form: 'vmlinux' });
      await expect(vmlinux).rejects.toMatchObject({ code: 'writer/no-payload' });
    });
  }

  if (readelf === undefined || elflint === undefined) {
    test.skip('is judged by readelf and eu-elflint [skipped: not both are here]', () => undefined);
    return;
  }
  testWithKernel(id, 'has nothing to complain of in any form and target', async (path) => {
    const input = readFileSync(path);
    for (const options of kept) {
      const { bytes } = await wrap(input, options);
      const label = `${options.form} ${options.target}`;
      expect({ label, complaints: await complaints(bytes) }).toEqual({ label, complaints: [] });
    }
  });

  if (WITHOUT_PAYLOAD.includes(id)) return;
  testWithKernel(id, 'as vmlinux has the complaints of the kernel build, and no more', async (path) => {
    const input = readFileSync(path);
    const { elf } = splitVmlinux(await extractPayload(readBzImage(input)));
    const { bytes } = await wrap(input, { form: 'vmlinux' });
    expect(await complaints(bytes)).toEqual(await complaints(elf));
  });
});
