/** What `bzelf libvirt` says a machine will do is what QEMU then does. */
import { bootQemu, judge, runQemu, testWithKernel, withTempFolder } from '@bzelf/testkit';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DOMAINS, domainXml, forecastFor, kernelAs } from '../test/libvirt-support';
import { bzelf } from '../test/tool';

const CMDLINE = 'console=ttyS0 earlyprintk=ttyS0';
/** A kernel that starts says so within two seconds; one that hangs is given this long. */
const PATIENCE_MS = 6_000;

// prettier-ignore
const CASES = [
  ...['bzImage', 'inplace', 'pvh', 'multiboot', 'universal', 'vmlinux', 'linux64'].map((kernel) => ({ domain: 'pc', machine: 'pc', kernel, bits: 64 as const })),
  ...['pvh', 'multiboot', 'universal', 'multiboot2'].map((kernel) => ({ domain: 'pc-3.1', machine: 'pc-i440fx-3.1', kernel, bits: 64 as const })),
  ...['pvh', 'bzImage'].map((kernel) => ({ domain: 'q35', machine: 'q35', kernel, bits: 64 as const })),
  ...['pvh', 'multiboot', 'inplace'].map((kernel) => ({ domain: 'microvm', machine: 'microvm,isa-serial=on', kernel, bits: 64 as const })),
  ...['bzImage', 'pvh', 'pvh of class 32', 'multiboot'].map((kernel) => ({ domain: 'i686', machine: 'pc', kernel, bits: 32 as const })),
  { domain: 'i686', machine: 'pc', kernel: 'bzImage', bits: 64 as const },
];

const missing = ['qemu-system-x86_64', 'qemu-system-i386'].filter((name) => judge(name) === undefined);

describe.each(CASES)('$domain with a $bits-bit kernel as $kernel', ({ domain, machine, kernel, bits }) => {
  const run = async () => {
    const bytes = await kernelAs(kernel, bits);
    const { problems } = await forecastFor(domainXml(domain), bytes);
    const system = domain === 'i686' ? 'i386' : 'x86_64';
    const { matched } = await runQemu({
      system,
      machine,
      kernel: bytes,
      append: CMDLINE,
      until: /Linux version/,
      timeoutMs: problems.length > 0 ? PATIENCE_MS : 40_000,
    });
    expect({ boots: matched, problems }).toEqual({ boots: problems.length === 0, problems });
  };
  if (missing.length === 0) test('does what was said', run, 60_000);
  else test.skip(`does what was said [skipped: no ${missing.join(', no ')} here]`, run);
});

const OVMF = '/usr/share/OVMF/OVMF_CODE_4M.fd';
const VARIABLES = '/usr/share/OVMF/OVMF_VARS_4M.fd';
const pflash = (path: string) => ['-drive', `if=pflash,format=raw,snapshot=on,file=${path}`];

// prettier-ignore
const BY_EFI = [
  { form: 'as it is',       words: [],                                            boots: true,  problems: [] },
  { form: 'in place',       words: ['--form', 'inplace', '--allow-efi-loss'],     boots: true,  problems: ['warning'] },
  { form: 'in a container', words: ['--form', 'container'],                       boots: false, problems: ['error'] },
];

describe.each(BY_EFI)('a Debian kernel $form by EFI firmware', ({ words, boots, problems }) => {
  const title = existsSync(OVMF) ? 'does what was said' : 'does what was said [skipped: no OVMF here]';
  testWithKernel(
    'debian-6.1-cloud',
    title,
    async (path) => {
      if (!existsSync(OVMF)) return;
      const kernel = words.length === 0 ? readFileSync(path) : bzelf(['wrap', path, '-o', '-', ...words]).bytes;
      const said = await forecastFor(domainXml('q35-efi'), kernel);
      expect(said.problems.map(({ severity }) => severity)).toEqual(problems);
      const extra = [...pflash(OVMF), ...pflash(VARIABLES)];
      const timeoutMs = boots ? 60_000 : 15_000;
      const run = await runQemu({ machine: 'q35', kernel, append: CMDLINE, extra, until: /Linux version/, timeoutMs });
      expect(run.matched).toBe(boots);
    },
    90_000,
  );
});

testWithKernel(
  'debian-6.1-cloud',
  'a Debian kernel rewritten for an old machine type boots there',
  (path) =>
    withTempFolder(async (folder) => {
      const kernel = join(folder, 'k.elf');
      const words = ['--rewrite', '-o', join(folder, 'new.xml'), '--kernel-out', kernel, '--kernel', path];
      expect(bzelf(['libvirt', join(DOMAINS, 'pc-3.1.xml'), ...words])).toMatchObject({ exit: 0 });
      await bootQemu({ machine: 'pc-i440fx-3.1', kernel, append: CMDLINE, until: /Linux version 6\.1/ });
    }),
  90_000,
);

testWithKernel(
  'debian-6.1-amd64',
  'a Debian kernel is one for Xen PV, as a bzImage and as --rewrite makes it',
  (path) =>
    withTempFolder(async (folder) => {
      const { boot } = await forecastFor(domainXml('xen-pv'), readFileSync(path));
      expect(boot?.protocol).toBe('xen-pv');
      const words = [
        '--rewrite',
        '-o',
        join(folder, 'new.xml'),
        '--kernel-out',
        join(folder, 'k.elf'),
        '--kernel',
        path,
      ];
      const { out, exit } = bzelf(['libvirt', join(DOMAINS, 'xen-pv.xml'), ...words]);
      expect([exit, out]).toEqual([0, expect.stringMatching(/boots by +xen-pv[\s\S]*vmlinux for xen-pv/)]);
    }),
  90_000,
);
