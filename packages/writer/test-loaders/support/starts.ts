import { readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import {
  kernel,
  makeInitrd,
  matrixTitle,
  parseProbeReport,
  testImage,
  type FetchedKernel,
  type QemuOptions,
  type QemuRun,
} from '@bzelf/testkit';
import { wrap, type WrapOptions } from '../../src/index.js';

/** A kernel, as the writer makes it, started by a loader in one of its ways. */
export interface Start {
  readonly way: string;
  /** Of test-images/ or of .cache/kernels/; `probe` reports what it was given instead of running /init. */
  readonly kernel: string;
  readonly options: WrapOptions;
  /** More words of the command line. */
  readonly words?: string;
  /** What the loader makes of the command line. */
  readonly passed?: (cmdline: string) => string;
  /** What else has to appear. */
  readonly also?: readonly string[];
}

export interface Given {
  readonly bytes: Uint8Array;
  readonly cmdline: string;
  readonly initrd: Uint8Array;
  /** For bootQemu: what has to appear, and how long that may take. */
  readonly watch: Pick<QemuOptions, 'until' | 'timeoutMs'>;
}

/** A describe per start. Each wraps the kernel, has it booted, and sees which command line and initrd arrived. */
export function describeStarts<S extends Start>(
  loader: string,
  missing: readonly string[],
  starts: readonly S[],
  boot: (given: Given, start: S) => Promise<QemuRun>,
): void {
  const rows = starts.map((start) => ({
    start,
    title: matrixTitle({ loader, way: start.way, file: fileName(start.options), kernel: start.kernel }),
  }));
  describe.each(rows)('$title', ({ start }) => {
    const path = pathOf(start.kernel);
    const absent = [...missing, ...(path === undefined ? [`fetched ${start.kernel}`] : [])];
    const title = `${start.kernel === 'probe' ? 'enters' : 'boots to /init'} with the command line and the initrd it was given`;
    if (path === undefined || absent.length > 0) {
      test.skip(`${title} [skipped: no ${absent.join(', no ')} here]`, () => undefined);
      return;
    }
    test(title, () => expectStart(start, readFileSync(path), (given) => boot(given, start)), 130_000);
  });
}

async function expectStart(start: Start, image: Uint8Array, boot: (given: Given) => Promise<QemuRun>): Promise<void> {
  const { bytes } = await wrap(image, { allowEfiLoss: true, ...start.options });
  const marker = `marker of ${start.kernel} by ${start.way}`;
  const initrd = makeInitrd({ bits: I386.has(start.kernel) ? 32 : 64, marker });
  const cmdline = `console=ttyS0 panic=-1 bzelf.test=${start.kernel}${start.words ?? ''}`;
  const passed = start.passed?.(cmdline) ?? cmdline;
  const isProbe = start.kernel === 'probe';
  const until = isProbe
    ? [/^probe: end\s/m]
    : ['Linux version', `bzelf-init: cmdline=${passed}\r`, `bzelf-init: marker=${marker}\r`, ...(start.also ?? [])];
  const run = await boot({ bytes, cmdline, initrd, watch: { until, timeoutMs: 120_000 } });
  if (!isProbe) return;
  const report = parseProbeReport(run.serial);
  expect({ cmdline: report?.cmdline, ramdisk: report?.ramdisk }).toMatchObject({
    cmdline: passed,
    ramdisk: { size: BigInt(initrd.length), crc32: crc32(initrd) },
  });
}

const I386: ReadonlySet<string> = new Set(['61-32-gzip', 'debian-installer-i386']);

export const pathOf = (id: string): string | undefined =>
  id.startsWith('debian-') ? kernel(id as FetchedKernel) : testImage(`${id}.bzImage`);

/** Form, target and class, as far as they were asked for. */
export const fileName = ({ form, target, class: elfClass }: WrapOptions): string =>
  [form ?? 'container', ...(target ? [target] : []), ...(elfClass ? [`ELF${elfClass}`] : [])].join(' ');
