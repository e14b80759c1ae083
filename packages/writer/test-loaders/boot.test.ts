/** What the writer makes, booted by QEMU up to /init: the kernel itself says which command line and initrd it got. */
import { readFileSync } from 'node:fs';
import {
  bootQemu,
  clockArgument,
  judge,
  kernel,
  makeInitrd,
  testImage,
  testWithKernel,
  type FetchedKernel,
} from '@bzelf/testkit';
import { wrap, type WrapOptions } from '../src/index.js';

interface Boot {
  readonly id: string;
  readonly options: WrapOptions;
  readonly machines: readonly string[];
  readonly system?: 'x86_64' | 'i386';
}

const PVH: WrapOptions = { target: 'pvh' };
const PVH32: WrapOptions = { target: 'pvh', class: 32 };
const MULTIBOOT: WrapOptions = { target: 'multiboot' };
const UNIVERSAL: WrapOptions = { target: 'universal' };
const INPLACE: WrapOptions = { form: 'inplace', allowEfiLoss: true };
const VMLINUX: WrapOptions = { form: 'vmlinux' };
/** PVH is switched off in it: only the multiboot header is left. */
const OLD = 'pc-i440fx-3.1';

// prettier-ignore
const BOOTS: readonly Boot[] = [
  { id: '61-64-gzip',            options: PVH,                     machines: ['pc', 'q35', 'microvm'] },
  { id: '61-64-gzip',            options: PVH32,                   machines: ['pc', 'microvm'] },
  { id: '61-64-gzip',            options: { target: 'pvh-reloc' }, machines: ['pc'] },
  { id: '61-64-gzip',            options: MULTIBOOT,               machines: ['pc', 'q35', OLD] },
  { id: '61-64-gzip',            options: { target: 'multiboot2' }, machines: ['pc'] },
  { id: '61-64-gzip',            options: UNIVERSAL,               machines: ['pc', OLD] },
  { id: '61-64-gzip',            options: INPLACE,                 machines: ['pc', 'q35', 'microvm', OLD] },
  { id: '61-64-gzip',            options: VMLINUX,                 machines: ['pc', 'q35', 'microvm'] },
  { id: '61-64-bzip2',           options: PVH,                     machines: ['pc'] },
  { id: '61-64-lzma',            options: PVH,                     machines: ['pc'] },
  { id: '61-64-lzo',             options: PVH,                     machines: ['pc'] },
  { id: '61-32-gzip',            options: PVH,                     machines: ['pc'] },
  { id: '61-32-gzip',            options: PVH32,                   machines: ['pc', 'q35'], system: 'i386' },
  { id: '61-32-gzip',            options: MULTIBOOT,               machines: ['pc'], system: 'i386' },
  { id: '61-32-gzip',            options: INPLACE,                 machines: ['pc'], system: 'i386' },
  { id: '61-32-gzip',            options: VMLINUX,                 machines: ['pc'], system: 'i386' },
  { id: 'debian-6.1-cloud',      options: PVH,                     machines: ['pc', 'q35', 'microvm'] },
  { id: 'debian-6.1-cloud',      options: PVH32,                   machines: ['pc'] },
  { id: 'debian-6.1-cloud',      options: MULTIBOOT,               machines: ['q35'] },
  { id: 'debian-6.1-cloud',      options: VMLINUX,                 machines: ['pc'] },
  { id: 'debian-6.12-amd64',     options: PVH,                     machines: ['pc', 'microvm'] },
  { id: 'debian-6.12-amd64',     options: MULTIBOOT,               machines: ['pc'] },
  { id: 'debian-6.12-amd64',     options: INPLACE,                 machines: ['q35'] },
  { id: 'debian-6.12-amd64',     options: VMLINUX,                 machines: ['q35'] },
  { id: 'debian-6.1-amd64',      options: PVH,                     machines: ['q35'] },
  { id: 'debian-installer-i386', options: PVH,                     machines: ['pc'] },
  { id: 'debian-installer-i386', options: PVH32,                   machines: ['pc'], system: 'i386' },
  { id: 'debian-installer-i386', options: MULTIBOOT,               machines: ['q35'] },
  { id: 'debian-installer-i386', options: INPLACE,                 machines: ['pc'] },
];

const I386 = new Set(['61-32-gzip', 'debian-installer-i386']);
const bitsOf = (id: string) => (I386.has(id) ? 32 : 64);

const pathOf = (id: string): string | undefined =>
  id.startsWith('debian-') ? kernel(id as FetchedKernel) : testImage(`${id}.bzImage`);

const name = ({ form, target, class: elfClass }: WrapOptions): string =>
  [form ?? 'container', ...(target ? [target] : []), ...(elfClass ? [`ELF${elfClass}`] : [])].join(' ');

const rows = BOOTS.flatMap(({ machines, ...boot }) =>
  machines.map((machine) => ({
    ...boot,
    machine,
    system: boot.system ?? ('x86_64' as const),
    what: name(boot.options),
  })),
);

describe.each(rows)('$id as $what on $machine of qemu-system-$system', ({ id, options, machine, system }) => {
  const path = pathOf(id);
  const missing = [
    ...(judge(`qemu-system-${system}`) ? [] : [`no qemu-system-${system}`]),
    ...(path === undefined ? ['kernel not fetched'] : []),
  ];
  const title = 'boots to /init with the command line and the initrd it was given';
  if (path === undefined || missing.length > 0) {
    test.skip(`${title} [skipped: ${missing.join(', ')}]`, () => undefined);
    return;
  }
  test(
    title,
    async () => {
      const { bytes } = await wrap(readFileSync(path), options);
      const marker = `marker of ${id} on ${machine}`;
      const append = `console=ttyS0 earlyprintk=ttyS0 panic=-1 bzelf.test=${id}${clockArgument(machine)}`;
      await bootQemu({
        kernel: bytes,
        machine,
        system,
        append,
        initrd: makeInitrd({ bits: bitsOf(id), marker }),
        until: ['Linux version', `bzelf-init: cmdline=${append}`, `bzelf-init: marker=${marker}`],
        timeoutMs: 120_000,
      });
    },
    130_000,
  );
});

describe.each<{ id: FetchedKernel; target: string; seen: string | RegExp }>([
  { id: 'memtest86plus-x64', target: 'pvh', seen: 'Memtest86+ v6.10' }, // is moved to 1 MiB, where it has to run
  { id: 'memtest86plus-x64', target: 'multiboot', seen: 'Memtest86+ v6.10' },
  { id: 'memtest86plus-ia32', target: 'pvh', seen: 'Memtest86+ v6.10' },
  { id: 'ipxe', target: 'pvh', seen: /iPXE initialising devices[^]*bzelf-was-here: command not found/ }, // real mode only
  { id: 'ipxe', target: 'universal', seen: /iPXE initialising devices[^]*bzelf-was-here: command not found/ },
  { id: 'memdisk', target: 'pvh', seen: 'MEMDISK' },
])('$id as a container for $target', ({ id, target, seen }) => {
  const title = 'starts and writes on the screen';
  if (judge('qemu-system-x86_64') === undefined) {
    test.skip(`${title} [skipped: no qemu-system-x86_64]`, () => undefined);
    return;
  }
  testWithKernel(
    id,
    title,
    async (path) => {
      const { bytes } = await wrap(readFileSync(path), { target });
      const floppy = new Uint8Array(1440 * 1024);
      await bootQemu({ kernel: bytes, append: 'bzelf-was-here', initrd: floppy, screen: true, until: seen });
    },
    70_000,
  );
});

describe('what is built into a container', () => {
  const marker = 'built in';
  const initrd = makeInitrd({ bits: 64, marker });
  const cmdline = 'console=ttyS0 panic=-1 bzelf.built=in';
  const has = judge('qemu-system-x86_64') !== undefined;
  // prettier-ignore
  const cases: { mode: string; options: WrapOptions; append?: string; seen: string }[] = [
    { mode: 'counts when the loader gives nothing',      options: { cmdline, initrd },                          seen: cmdline },
    { mode: 'gives way to the command line of a loader', options: { cmdline, initrd },                          append: 'console=ttyS0 panic=-1', seen: 'console=ttyS0 panic=-1\r' },
    { mode: 'stands in front with cmdlineMode append',   options: { cmdline, initrd, cmdlineMode: 'append' },   append: 'quiet',                  seen: `${cmdline} quiet` },
    { mode: 'stays alone with cmdlineMode override',      options: { cmdline, initrd, cmdlineMode: 'override' },  append: 'quiet',                  seen: `${cmdline}\r` },
  ];
  (has ? test : test.skip).each(cases.map((row) => ({ ...row, targets: ['pvh', 'universal'] })))(
    `$mode${has ? '' : ' [skipped: no qemu-system-x86_64]'}`,
    async ({ options, append, seen, targets }) => {
      for (const target of targets) {
        const { bytes } = await wrap(readFileSync(testImage('61-64-gzip.bzImage')), { ...options, target });
        await bootQemu({
          kernel: bytes,
          ...(append !== undefined && { append }),
          until: [`bzelf-init: cmdline=${seen}`, `bzelf-init: marker=${marker}`],
        });
      }
    },
    120_000,
  );
});
