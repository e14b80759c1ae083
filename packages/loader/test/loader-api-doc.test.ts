import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot, testImage } from '@bzelf/testkit';
import { PLAN_PROTOCOLS, type LoadPlan } from '../src/index.js';

const DOC = readFileSync(join(repositoryRoot(), 'docs/loader-api.md'), 'utf8');

/** The example is written into a file beside this test, so that jest compiles it and finds its imports as it does ours. */
async function runExample(): Promise<{
  load(path: string, initrd: Uint8Array): { plan: LoadPlan; memory: Uint8Array };
  bytesCopied(plan: LoadPlan): number;
}> {
  const code = /```ts\n([\s\S]*?)```/.exec(DOC)?.[1] ?? '';
  const folder = mkdtempSync(join(repositoryRoot(), 'packages/loader/test/example-'));
  try {
    const file = join(folder, 'example.ts');
    writeFileSync(file, code);
    return (await import(file)) as Awaited<ReturnType<typeof runExample>>;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('the example of docs/loader-api.md loads a kernel', async () => {
  const { load, bytesCopied } = await runExample();
  const initrd = new TextEncoder().encode('an initrd');
  const { plan, memory } = load(testImage('61-64-gzip.bzImage'), initrd);
  const at = (start: bigint, length: number) => memory.subarray(Number(start), Number(start) + length);
  const file = readFileSync(testImage('61-64-gzip.bzImage'));
  expect(Buffer.from(at(plan.entry - 0x200n, 0x1000)).equals(file.subarray(0x4000, 0x5000))).toBe(true); // setup_sects is 31
  expect(at(plan.initrd?.start ?? 0n, 9)).toEqual(initrd);
  expect(new TextDecoder().decode(at(plan.cmdline?.start ?? 0n, 13))).toBe('console=ttyS0');
  expect(new TextDecoder().decode(at(plan.cpu.registers.rsi + 0x202n, 4))).toBe('HdrS');
  expect(bytesCopied(plan)).toBeGreaterThan(file.length - 0x4000);
});

test('every protocol has its row in docs/loader-api.md, in the order in which they are tried', () => {
  const section = DOC.slice(DOC.indexOf('## planLoad'), DOC.indexOf('`efi-handover`'));
  expect([...section.matchAll(/^\| `([a-z0-9-]+)`/gm)].map((row) => row[1])).toEqual([...PLAN_PROTOCOLS]);
});

test('every option of planLoad is in docs/loader-api.md', () => {
  const source = readFileSync(join(repositoryRoot(), 'packages/loader/src/load-plan.ts'), 'utf8');
  const options = /export interface PlanOptions \{([\s\S]*?)\n\}/.exec(source)?.[1] ?? '';
  const names = [...options.matchAll(/^ {2}readonly (\w+)\??:/gm)].map((m) => m[1] ?? '');
  expect(names.length).toBeGreaterThan(10);
  expect(names.filter((name) => !DOC.includes(`\`${name}\``))).toEqual([]);
});
