/** What the writer makes, booted by QEMU up to /init: the kernel itself says which command line and initrd it got. */
import { readFileSync } from 'node:fs';
import {
  bootQemu,
  clockArgument,
  judge,
  makeInitrd,
  matrixTitle,
  testImage,
  testWithKernel,
  type FetchedKernel,
} from '@bzelf/testkit';
import { wrap, type WrapOptions } from '../src/index.js';
import { describeStarts, fileName } from './support/starts.js';

interface Boot {
  readonly kernel: string;
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
/** Without ACPI, Debian's QEMU takes qboot for SeaBIOS. */
const QBOOT = 'microvm,acpi=off';

// prettier-ignore
const BOOTS: readonly Boot[] = [
  { kernel: 'probe',                 options: PVH,                     machines: ['pc', 'q35', 'microvm', QBOOT] },
  { kernel: 'probe',                 options: MULTIBOOT,               machines: [OLD] },
  { kernel: '61-64-gzip',            options: PVH,                     machines: ['pc', 'q35', 'microvm'] },
  { kernel: '61-64-gzip',            options: PVH32,                   machines: ['pc', 'microvm'] },
  { kernel: '61-64-gzip',            options: { target: 'pvh-reloc' }, machines: ['pc'] },
  { kernel: '61-64-gzip',            options: MULTIBOOT,               machines: ['pc', 'q35', OLD] },
  { kernel: '61-64-gzip',            options: { target: 'multiboot2' }, machines: ['pc'] },
  { kernel: '61-64-gzip',            options: UNIVERSAL,               machines: ['pc', OLD] },
  { kernel: '61-64-gzip',            options: INPLACE,                 machines: ['pc', 'q35', 'microvm', OLD] },
  { kernel: '61-64-gzip',            options: VMLINUX,                 machines: ['pc', 'q35', 'microvm'] },
  { kernel: '61-64-bzip2',           options: PVH,                     machines: ['pc'] },
  { kernel: '61-64-lzma',            options: PVH,                     machines: ['pc'] },
  { kernel: '61-64-lzo',             options: PVH,                     machines: ['pc'] },
  { kernel: '61-32-gzip',            options: PVH,                     machines: ['pc'] },
  { kernel: '61-32-gzip',            options: PVH32,                   machines: ['pc', 'q35'], system: 'i386' },
  { kernel: '61-32-gzip',            options: MULTIBOOT,               machines: ['pc'], system: 'i386' },
  { kernel: '61-32-gzip',            options: INPLACE,                 machines: ['pc'], system: 'i386' },
  { kernel: '61-32-gzip',            options: VMLINUX,                 machines: ['pc'], system: 'i386' },
  { kernel: 'debian-6.1-cloud',      options: PVH,                     machines: ['pc', 'q35', 'microvm', QBOOT] },
  { kernel: 'debian-6.1-cloud',      options: PVH32,                   machines: ['pc'] },
  { kernel: 'debian-6.1-cloud',      options: MULTIBOOT,               machines: ['q35', OLD] },
  { kernel: 'debian-6.1-cloud',      options: VMLINUX,                 machines: ['pc'] },
  { kernel: 'debian-6.12-amd64',     options: PVH,                     machines: ['pc', 'microvm'] },
  { kernel: 'debian-6.12-amd64',     options: MULTIBOOT,               machines: ['pc'] },
  { kernel: 'debian-6.12-amd64',     options: INPLACE,                 machines: ['q35'] },
  { kernel: 'debian-6.12-amd64',     options: VMLINUX,                 machines: ['q35'] },
  { kernel: 'debian-6.1-amd64',      options: PVH,                     machines: ['q35'] },
  { kernel: 'debian-installer-i386', options: PVH,                     machines: ['pc'] },
  { kernel: 'debian-installer-i386', options: PVH32,                   machines: ['pc'], system: 'i386' },
  { kernel: 'debian-installer-i386', options: MULTIBOOT,               machines: ['q35'] },
  { kernel: 'debian-installer-i386', options: INPLACE,                 machines: ['pc'] },
];

const STARTS = BOOTS.flatMap(({ machines, ...boot }) =>
  machines.map((machine) => ({
    ...boot,
    way: `-M ${machine}`,
    machine,
    words: ` earlyprintk=ttyS0${clockArgument(machine)}`,
  })),
);

for (const system of ['x86_64', 'i386'] as const) {
  const missing = judge(`qemu-system-${system}`) === undefined ? [`qemu-system-${system}`] : [];
  const starts = STARTS.filter((start) => (start.system ?? 'x86_64') === system);
  describeStarts(`qemu-system-${system}`, missing, starts, ({ bytes, cmdline, initrd, watch }, { machine }) =>
    bootQemu({ kernel: bytes, machine, system, append: cmdline, initrd, ...watch }),
  );
}

const ON_SCREEN: readonly { id: FetchedKernel; target: string; seen: string | RegExp }[] = [
  { id: 'memtest86plus-x64', target: 'pvh', seen: 'Memtest86+ v6.10' }, // is moved to 1 MiB, where it has to run
  { id: 'memtest86plus-x64', target: 'multiboot', seen: 'Memtest86+ v6.10' },
  { id: 'memtest86plus-ia32', target: 'pvh', seen: 'Memtest86+ v6.10' },
  { id: 'ipxe', target: 'pvh', seen: /iPXE initialising devices[^]*bzelf-was-here: command not found/ }, // real mode only
  { id: 'ipxe', target: 'universal', seen: /iPXE initialising devices[^]*bzelf-was-here: command not found/ },
  { id: 'memdisk', target: 'pvh', seen: 'MEMDISK' },
];

describe.each(
  ON_SCREEN.map(({ id, target, seen }) => ({
    id,
    target,
    seen,
    row: matrixTitle({ loader: 'qemu-system-x86_64', way: '-M pc', file: fileName({ target }), kernel: id }),
  })),
)('$row', ({ id, target, seen }) => {
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
      await bootQemu({
        kernel: bytes,
        append: 'bzelf-was-here',
        initrd: floppy,
        screen: true,
        until: seen,
        timeoutMs: 120_000,
      });
    },
    130_000,
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
