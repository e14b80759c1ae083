import { readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { describeRun, parseProbeReport, runQemu, testImage, type ProbeReport, type QemuOptions } from '@bzelf/testkit';
import { STUB } from '../../src/stub/index.js';
import { testContainer, type TestContainer } from './container.js';
import { launcherElf, placeElf, type LaunchState, type Placed } from './launcher.js';
import type { MapEntry } from './tables.js';

export const probe = new Uint8Array(readFileSync(testImage('probe.bzImage')));
export const initrd = Uint8Array.from({ length: 70_001 }, (_, i) => (i * 7 + (i >> 8)) & 0xff);
export const initrdCrc = crc32(initrd);

export const MIB = 0x10_0000;
/** What the launcher says of memory: 40 MiB of RAM with a hole below 1 MiB. */
export const MAP: readonly MapEntry[] = [
  { addr: 0, size: 0x9_f000, type: 1 },
  { addr: 0x9_f000, size: 0x6_1000, type: 2 },
  { addr: MIB, size: 39 * MIB, type: 1 },
];
export const asBigints = (map: readonly MapEntry[]) =>
  map.map(({ addr, size, type }) => ({ addr: BigInt(addr), size: BigInt(size), type }));

/** Where the tests put what a loader passes; behind the container, before the launcher. */
export const INFO = 0x180_0000;
export const CMDLINE = 0x181_0000;
export const EXTRA = 0x182_0000;
export const INITRD = 0x184_0000;

export async function run(
  options: Omit<QemuOptions, 'until'>,
  until: QemuOptions['until'] = /^(probe: end\n|bzelf: .*\(entered[^)]*\))/m,
) {
  const done = await runQemu({ memory: 128, timeoutMs: 30_000, until, ...options });
  const report = parseProbeReport(done.serial);
  if (!done.matched) throw new Error(describeRun(done));
  return { ...done, report };
}

export async function reportOf(options: Omit<QemuOptions, 'until'>): Promise<ProbeReport> {
  const done = await run(options);
  if (!done.report) throw new Error(describeRun(done));
  expect(done.debugcon.replaceAll('\r', '')).toContain('probe: end');
  return done.report;
}

export interface Launch extends Omit<LaunchState, 'entry' | 'memory'> {
  readonly container?: TestContainer;
  readonly at?: 'entry' | 'entry32' | 'entry64';
  readonly memory: readonly Placed[];
  /** The container is loaded this far from where it was linked. */
  readonly delta?: number;
}

export function launch(
  { container = testContainer(probe), at = 'entry', delta = 0, ...state }: Launch,
  qemu: Partial<QemuOptions> = {},
) {
  const file = launcherElf({
    ...state,
    entry: container.address.stub + delta + STUB[at],
    memory: [...placeElf(container.file, delta), ...state.memory],
  });
  return { kernel: file, ...qemu };
}

/** The state that boot.rst promises at the kernel's entries. */
export function expectLinuxState(report: ProbeReport, entry: 'linux32' | 'linux64') {
  expect(report.entry).toBe(entry);
  const { registers, segments } = report;
  expect(segments).toMatchObject({ cs: 0x10n, ds: 0x18n, es: 0x18n, ss: 0x18n });
  expect(registers).toMatchObject({ rsi: report.bp, rbx: 0n, rdi: 0n, rbp: 0n });
  expect((registers['rflags'] ?? 0n) & 0x600n).toBe(0n); // IF and DF
  expect((registers['cr0'] ?? 0n) & 0x6000_0000n).toBe(0n); // CD and NW
  if (entry === 'linux32')
    expect({ paging: (registers['cr0'] ?? 0n) >> 31n, cr4: registers['cr4'] }).toEqual({ paging: 0n, cr4: 0n });
  expect(report.sentinel).toBe(0n);
}

export const withInitrd = { addr: BigInt(INITRD), size: BigInt(initrd.length), crc32: initrdCrc };
