/** Which kernels there are, from where each can be entered, and what says that it has started. */
import { FETCHED_KERNELS, kernel, SMALL_KERNELS, testImage } from '@bzelf/testkit';
import type { PlanProtocol } from '@bzelf/loader';

export interface KernelRow {
  readonly id: string;
  /** Undefined where it was not fetched. */
  readonly path: string | undefined;
  readonly protocols: readonly PlanProtocol[];
  /** Up to its own entry it takes less than 100 million instructions: every tier can do that in a test. */
  readonly isShort: boolean;
}

const SHORT = ['61-64-gzip', '61-64-lzo', '61-32-gzip', 'debian-6.1-cloud'];
const I386 = ['61-32-gzip', 'debian-installer-i386'];

const row = (id: string, path: string | undefined): KernelRow => ({
  id,
  path,
  protocols: I386.includes(id) ? ['linux32'] : ['linux32', 'linux64'],
  isShort: SHORT.includes(id),
});

export const KERNELS: readonly KernelRow[] = [
  ...SMALL_KERNELS.map((id) => row(id, testImage(`${id}.bzImage`))),
  ...FETCHED_KERNELS.filter((id) => id.startsWith('debian-')).map((id) => row(id, kernel(id))),
];
