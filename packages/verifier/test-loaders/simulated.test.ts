/**
 * Loaders that cannot be had or run here: their rules for files, and the state that they enter a kernel in, played in the core. The table in
 * docs/loaders.md calls these rows simulated.
 */
import { readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import type { PhysAddr } from '@bzelf/bytes';
import { openKernel, ramIntervals, type KernelImage, type MemoryRange } from '@bzelf/loader';
import { kernel, matrixTitle, testImage, type FetchedKernel } from '@bzelf/testkit';
import { wrap, type WrapOptions } from '@bzelf/writer';
import { prepare } from '../src/execution/prepare';
import { forecastLoaders } from '../src/forecast';
import { BARE, startBare } from './support/bare-start';
import { startByProfile, type Simulation } from './support/simulation';

const RAM = 256 << 20;
const CMDLINE = 'console=ttyS0 simulated';
/** No whole pages. */
const INITRD = Uint8Array.from({ length: 70_001 }, (_, i) => (i * 7 + (i >> 8)) & 0xff);
/** What a container brings where the loader passes none. */
const BUILT_IN = { cmdline: 'console=ttyS0 nokaslr built-in', initrd: INITRD.subarray(1) };

interface Row {
  readonly loader: string;
  readonly way: string;
  /** Its name in LOADERS. */
  readonly rules: string;
  /** In PROFILES, or in BARE. */
  readonly state: string;
  readonly file: WrapOptions;
  readonly kernels: readonly string[];
}

const FIRECRACKER = { loader: 'Firecracker', rules: 'firecracker' };
const CLOUD_HYPERVISOR = { loader: 'cloud-hypervisor', way: 'PVH', rules: 'cloud-hypervisor', state: 'ch-pvh' };
const CROSVM = { loader: 'crosvm', rules: 'crosvm' };
const FILO = { loader: 'FILO', way: 'ELFBoot', rules: 'filo', state: 'filo' };
const ETHERBOOT = { loader: 'Etherboot', way: 'ELFBoot', rules: 'etherboot', state: 'etherboot' };
const COREBOOT = { loader: 'coreboot', way: 'payload', rules: 'coreboot', state: 'coreboot' };
const UBOOT = { loader: 'U-Boot', way: 'bootelf, on coreboot', rules: 'uboot', state: 'uboot on coreboot' };

// prettier-ignore
const ROWS: readonly Row[] = [
  { ...FIRECRACKER, way: 'PVH', state: 'firecracker-pvh',            file: { target: 'pvh' },           kernels: ['probe', '61-64-gzip', 'debian-6.1-cloud'] },
  { ...FIRECRACKER, way: 'PVH', state: 'firecracker-pvh',            file: { target: 'universal' },     kernels: ['probe'] },
  { ...FIRECRACKER, way: 'PVH', state: 'firecracker-pvh',            file: { form: 'vmlinux' },         kernels: ['61-64-gzip'] },
  { ...FIRECRACKER, way: '64-bit', state: 'firecracker-linux64',     file: { target: 'linux64' },       kernels: ['probe', '61-64-gzip'] },
  { ...CLOUD_HYPERVISOR,                                             file: { target: 'pvh' },           kernels: ['probe', '61-64-gzip', 'debian-6.1-cloud'] },
  { ...CLOUD_HYPERVISOR,                                             file: { target: 'universal' },     kernels: ['probe'] },
  { ...CLOUD_HYPERVISOR,                                             file: { form: 'vmlinux' },         kernels: ['61-64-gzip'] },
  { ...CROSVM, way: 'ELF64', state: 'crosvm-64',                     file: { target: 'pvh' },           kernels: ['probe', '61-64-gzip'] },
  { ...CROSVM, way: 'ELF64', state: 'crosvm-64',                     file: { target: 'linux64' },       kernels: ['probe', 'debian-6.1-cloud'] },
  { ...CROSVM, way: 'ELF64', state: 'crosvm-64',                     file: { form: 'vmlinux' },         kernels: ['61-64-gzip'] },
  { ...CROSVM, way: 'ELF32', state: 'crosvm-32',                     file: { target: 'multiboot' },     kernels: ['probe', '61-32-gzip'] },
  { ...COREBOOT,                                                     file: { target: 'elfboot32' },     kernels: ['probe', '61-64-gzip', '61-32-gzip', 'debian-6.1-cloud'] },
  { ...FILO,                                                         file: { target: 'elfboot32' },     kernels: ['probe', '61-64-gzip', '61-32-gzip'] },
  { ...ETHERBOOT,                                                    file: { target: 'elfboot32' },     kernels: ['probe', '61-64-gzip'] },
  { ...UBOOT,                                                        file: { target: 'uboot' },         kernels: ['probe', '61-64-gzip'] },
];

const pathOf = (id: string): string | undefined =>
  id.startsWith('debian-') ? kernel(id as FetchedKernel) : testImage(`${id}.bzImage`);
const fileOf = ({ form = 'container', target }: WrapOptions): string =>
  target === undefined ? form : `${form} ${target}`;

const CASES = ROWS.flatMap((row) => {
  const title = (id: string) => matrixTitle({ loader: row.loader, way: row.way, file: fileOf(row.file), kernel: id });
  return row.kernels.map((id) => ({ row, id, title: title(id) }));
});

describe.each(CASES)('$title', ({ row, id }) => {
  const path = pathOf(id);
  const title = 'is taken by the rules of the loader, and enters the kernel with what it was given';
  if (path === undefined) {
    test.skip(`${title} [skipped: no fetched ${id} here]`, () => undefined);
    return;
  }
  test(title, () => simulate(row, new Uint8Array(readFileSync(path))), 200_000);
});

async function simulate({ rules, state, file }: Row, image: Uint8Array): Promise<void> {
  const bare = BARE[state];
  const { bytes } = await wrap(image, { ...file, ...(bare === undefined ? {} : BUILT_IN) });
  const forecast = forecastLoaders(bytes).find(({ loader }) => loader === rules);
  expect(forecast).toMatchObject({ outcome: 'enters' });

  const prepared = await prepare(enteredAt(openKernel(bytes), forecast?.protocol, forecast?.entry));
  const result =
    bare === undefined
      ? await startByProfile(prepared, state, { ram: RAM, cmdline: CMDLINE, initrd: INITRD })
      : startBare(prepared, bare, RAM);
  expect(result.problems).toEqual([]);
  expect(result.given.plan.entry).toBe(forecast?.entry);
  expectGiven(result, bare === undefined ? result.given : BUILT_IN, prepared.point === undefined);
}

/** A loader that reads no notes does not enter where they say: crosvm enters e_entry. */
function enteredAt(image: KernelImage, protocol: string | undefined, address: PhysAddr | undefined): KernelImage {
  if (address === undefined) return image;
  const entries = image.entries.map((entry) => (entry.protocol === protocol ? { ...entry, address } : entry));
  return { ...image, entries };
}

function expectGiven(
  { given, cmdline, probe }: Simulation,
  expected: { readonly cmdline: string; readonly initrd?: Uint8Array },
  isProbe: boolean,
): void {
  if (!isProbe) return expect(cmdline).toBe(expected.cmdline);
  const { initrd } = expected;
  expect(probe?.cmdline).toBe(expected.cmdline);
  expect(probe?.ramdisk && { size: probe.ramdisk.size, crc32: probe.ramdisk.crc32 }).toEqual(
    initrd && { size: BigInt(initrd.length), crc32: crc32(initrd) },
  );
  const e820 = (probe?.e820 ?? []).map(
    ({ addr, size, type }) => ({ start: addr, length: size, type }) as unknown as MemoryRange,
  );
  expect(ramIntervals(e820)).toEqual(ramIntervals(given.memoryMap));
}
