/** Files and hand-overs that are broken in one way: the run says in which. */
import type { MappingRange } from '@bzelf/elf';
import { openKernel, type KernelImage } from '@bzelf/loader';
import { findProfile } from '../../src/profiles/find';
import type { Profile } from '../../src/profiles/profile';
import { prepare, type Prepared } from '../../src/execution/prepare';
import { runProfile, type ExecutionOptions } from '../../src/execution/run-profile';
import { verify } from '../../src/verify';
import { image, wrapped } from '../checks/edit';

const OPTIONS: ExecutionOptions = {
  until: 'entry',
  ram: 128 << 20,
  cmdline: 'console=ttyS0',
  initrd: new Uint8Array(5000).fill(7),
  deadline: 60_000,
  // through the stub and the copy of the image, and no further
  instructions: 400_000,
};

const made = new Map<string, Promise<Prepared>>();
function prepared(form: 'bzimage' | 'container'): Promise<Prepared> {
  const known = made.get(form);
  if (known !== undefined) return known;
  const bytes = form === 'bzimage' ? Promise.resolve(image()) : wrapped().then((editor) => editor.bytes);
  const fresh = bytes.then((own) => prepare(openKernel(own)));
  made.set(form, fresh);
  return fresh;
}

interface Change {
  readonly kernel?: (kernel: KernelImage) => Partial<KernelImage>;
  readonly profile?: Partial<Profile>;
  readonly options?: Partial<ExecutionOptions>;
}

async function run(form: 'bzimage' | 'container', profile: string, { kernel, ...change }: Change) {
  const own = await prepared(form);
  const changed = { ...own, kernel: { ...own.kernel, ...kernel?.(own.kernel) } as KernelImage };
  const played = { ...findProfile(profile), ...change.profile };
  return runProfile(changed, played, { ...OPTIONS, ...change.options });
}

/** Every MAPPING note with its ranges changed; a range that becomes undefined is gone. */
const ranges =
  (change: (range: MappingRange) => MappingRange | undefined) =>
  ({ mappings }: KernelImage): Partial<KernelImage> => ({
    mappings: mappings.map(({ entryId, ranges: all }) => ({
      entryId,
      ranges: all.flatMap((own) => change(own) ?? []),
    })),
  });
const only = (purpose: string, change: (range: MappingRange) => MappingRange | undefined) =>
  ranges((range) => (range.purpose === purpose ? change(range) : range));
const entries =
  (by: bigint) =>
  ({ entries: all }: KernelImage): Partial<KernelImage> => ({
    entries: all.map((entry) => ({ ...entry, address: (entry.address + by) as typeof entry.address })),
  });

interface Row extends Change {
  readonly name: string;
  readonly form: 'bzimage' | 'container';
  readonly by: string;
  readonly code: string;
  readonly found: RegExp;
}

// prettier-ignore
const BROKEN: readonly Row[] = [
  { name: 'boot_params that nobody declares', form: 'bzimage', by: 'linux64', code: 'run/fault', found: /#PF/,
    kernel: only('boot-params', () => undefined) },
  { name: 'a runtime range that ends early', form: 'container', by: 'pvh', code: 'run/unmapped', found: /at 0x1b/,
    kernel: only('runtime', (r) => ({ ...r, length: r.length - 0x8_0000n })) },
  { name: 'a runtime range that is missing', form: 'container', by: 'linux32', code: 'run/unmapped', found: /at 0x1/,
    kernel: only('runtime', () => undefined) },
  { name: 'a stub range that is missing', form: 'container', by: 'pvh', code: 'run/unmapped', found: /^1 byte at 0x1c0900f \(the loader's kernel\), after 0 instructions/,
    kernel: only('stub', () => undefined) },
  { name: 'a stub that may not be written to', form: 'container', by: 'pvh', code: 'run/unmapped', found: /^4 bytes at 0x1c0a8b0 \(the loader's kernel\), after 15/,
    kernel: only('stub', (r) => ({ ...r, write: false })) },
  { name: 'a stub that may not be executed', form: 'container', by: 'pvh', code: 'run/unmapped', found: /^1 byte at 0x1c09/,
    kernel: only('stub', (r) => ({ ...r, execute: false })) },
  { name: 'start_info that nobody declares', form: 'container', by: 'pvh', code: 'run/unmapped', found: /^4 bytes at 0x11000 \(the loader's hvm_start_info\), after 7/,
    kernel: only('start-info', () => undefined) },
  { name: 'page tables without the runtime range', form: 'bzimage', by: 'linux64', code: 'run/fault', found: /#PF/,
    kernel: only('runtime', () => undefined) },
  { name: 'an entry in the middle of an instruction', form: 'container', by: 'pvh', code: 'run/fault', found: /after/, kernel: entries(3n) },
  { name: 'an entry in memory that holds nothing', form: 'container', by: 'pvh', code: 'run/unmapped', found: /after/, kernel: entries(0x10_0000n), options: { instructions: 20_000 } },
  { name: 'too little memory', form: 'container', by: 'pvh', code: 'run/plan', found: /loader\//, options: { ram: 16 << 20 } },
  { name: 'too few instructions', form: 'bzimage', by: 'linux64', code: 'run/budget', found: /after 1,000 instructions/, options: { instructions: 1000 } },
  { name: 'too little time', form: 'bzimage', by: 'linux32', code: 'run/deadline', found: /no more time/, options: { deadline: 1 } },
];

test.each(BROKEN)('$name: $code', async ({ form, by, code, found, ...change }) => {
  const report = await run(form, by, change);
  const all = report.findings.map((finding) => `${finding.code} ${finding.field} ${finding.found}`);
  const hit = report.findings.find((finding) => finding.code === code && found.test(finding.found ?? ''));
  if (hit === undefined) throw new Error(`no ${code}, but:\n${all.join('\n')}`);
  expect(report.verdict).toBe(hit.severity === 'error' ? 'fail' : 'pass');
});

test('the table that firmware has left in low memory may be read', async () => {
  const { findings } = await run('container', 'filo', {});
  expect(findings.map(({ code, severity }) => `${severity} ${code}`)).toEqual(['error run/budget']);
});

test('a byte of the payload that is wrong is found before anything runs', async () => {
  const bytes = image().slice();
  bytes[0x10_0000] = (bytes[0x10_0000] ?? 0) ^ 0x10;
  const { verdict, payload, runs } = await verify(bytes, { profiles: ['linux64'] });
  expect(verdict).toBe('fail');
  expect(payload.map(({ code }) => code)).toEqual(['inner/corrupt']);
  expect(runs).toEqual([]);
});
