import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { judge } from './judge.js';
import { kernel } from './paths.js';
import type { QemuOptions } from './qemu.js';
import { withTempFolder } from './temp.js';

/** What is missing here to boot by Xen; empty when nothing is. */
export const missingForXen = (): string[] => [
  ...(judge('qemu-system-x86_64') === undefined ? ['qemu-system-x86_64'] : []),
  ...(kernel('xen', 'xen.gz') === undefined ? ['fetched xen'] : []),
];

export interface XenOptions {
  readonly dom0: Uint8Array;
  readonly cmdline: string;
  readonly initrd: Uint8Array;
  /** Who writes on COM1: the hypervisor, or dom0 itself; 'hypervisor' unless told. */
  readonly com1?: 'hypervisor' | 'dom0';
}

/**
 * Xen with a PVH dom0, for as long as `use` runs; it is given what makes QEMU start Xen. `readXenLog` is what the
 * hypervisor said on COM2 where COM1 is dom0's.
 */
export function withXen<T>(
  { dom0, cmdline, initrd, com1 = 'hypervisor' }: XenOptions,
  use: (
    qemu: Pick<QemuOptions, 'kernel' | 'append' | 'machine' | 'memory' | 'extra'>,
    readXenLog: () => string,
  ) => Promise<T>,
): Promise<T> {
  return withTempFolder((folder) => {
    const path = (name: string) => join(folder, name);
    writeFileSync(path('xen'), gunzipSync(readFileSync(kernel('xen', 'xen.gz') ?? '')));
    writeFileSync(path('dom0'), dom0);
    writeFileSync(path('initrd'), initrd);
    writeFileSync(path('log'), '');
    const port = com1 === 'dom0' ? 'com2' : 'com1';
    const qemu = {
      kernel: path('xen'),
      append: `${port}=115200 console=${port} dom0=pvh dom0_mem=400M guest_loglvl=all`,
      machine: 'q35',
      memory: 768,
      extra: [
        // QEMU's SVM reports RDTSCP as RDTSC, and Xen then finds an instruction that it was not told of.
        ...['-cpu', 'EPYC,+svm,+npt,-rdtscp', '-device', 'amd-iommu'],
        ...['-chardev', `file,id=xenlog,path=${path('log')}`, '-serial', 'chardev:xenlog'],
        // in a list of modules a comma is written twice
        ...['-initrd', `${path('dom0')} ${cmdline.replaceAll(',', ',,')},${path('initrd')}`],
      ],
    };
    return use(qemu, () => readFileSync(path('log'), 'latin1'));
  });
}
