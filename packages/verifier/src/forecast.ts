import { toSource, type ByteSource } from '@bzelf/bytes';
import { LOADERS } from './loaders/index.js';
import type { Forecast } from './loaders/loader.js';
import { qemuForecast, type QemuMachine } from './loaders/qemu.js';
import { XEN } from './loaders/xen.js';
import { openSubject } from './subject.js';

export interface LoaderForecast extends Forecast {
  readonly loader: string;
}

/** What each known loader will do with a file, by its rules. Throws what openKernel throws. */
export function forecastLoaders(input: Uint8Array | ByteSource): LoaderForecast[] {
  const subject = openSubject(toSource(input));
  return LOADERS.map((loader) => ({ loader: loader.name, ...loader.forecast(subject) }));
}

/** What QEMU will do with a file on a machine that need not be one of LOADERS. Throws what openKernel throws. */
export const forecastQemu = (input: Uint8Array | ByteSource, machine: QemuMachine): Forecast =>
  qemuForecast(openSubject(toSource(input)), machine);

/** What a Xen guest of this kind will do with an ELF file, or the kernel inside a bzImage. Throws what openKernel throws. */
export function forecastXen(input: Uint8Array | ByteSource, kind: 'xen-pvh' | 'xen-pv'): Forecast {
  const loader = XEN.find(({ name }) => name === kind);
  if (loader === undefined) throw new Error(`no loader ${kind}`);
  return loader.forecast(openSubject(toSource(input)));
}
