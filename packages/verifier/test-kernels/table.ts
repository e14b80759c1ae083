/** The table of kernels for docs/performance.md: scripts/core-kernels.mjs bundles and runs this. */
import { argv } from 'node:process';
import { judge } from '@bzelf/testkit';
import { compareWithQemu } from './compare';
import { KERNELS } from './kernels';

const count = (value: bigint | undefined): string => (value === undefined ? '-' : (Number(value) / 1e6).toFixed(2));
const wanted = argv.slice(2).filter((word) => !word.startsWith('--'));

const withTimes = argv.includes('--times');
const HEADINGS = [
  ...['kernel', 'entry', 'million instructions to the kernel', 'QEMU counts', 'pages that differ', 'pages touched'],
  ...['million to its command line', ...(withTimes ? ['seconds'] : [])],
];
const line = (cells: readonly (string | number)[]): void => console.log(`| ${cells.join(' | ')} |`);

line(HEADINGS);
line(HEADINGS.map(() => '---'));
for (const { id, path, protocols } of KERNELS) {
  if (path === undefined || judge('qemu-system-x86_64') === undefined) continue;
  if (wanted.length > 0 && !wanted.some((word) => id.includes(word))) continue;
  for (const protocol of protocols) {
    const tier = argv.includes('--interpreter') ? 'interpreter' : 'both';
    const { entry, qemu, pages, registers, touchedPages, banner } = await compareWithQemu(path, protocol, tier);
    const off =
      qemu.count === undefined ? '' : ` (${((Number(entry.count) / Number(qemu.count) - 1) * 100).toFixed(2)} %)`;
    const differ = [pages.length, ...registers].join(' ');
    const start = entry.reason === 'until' ? count(entry.count) : `${entry.reason} after ${count(entry.count)}`;
    const end = banner.reason === 'until' ? count(banner.count) : `${banner.reason} after ${count(banner.count)}`;
    const seconds = `${entry.seconds.toFixed(2)} (QEMU ${qemu.seconds.toFixed(2)}), ${banner.seconds.toFixed(2)}`;
    line([
      id,
      protocol,
      start,
      `${count(qemu.count)}${off}`,
      differ,
      touchedPages,
      end,
      ...(withTimes ? [seconds] : []),
    ]);
  }
}
