import { innerKernelOf, readInnerKernel, type InnerKernel, type KernelImage } from '@bzelf/loader';
import { entryPoint, type KernelEntryPoint } from '../kernel-entry.js';

/** A file, and the kernel in it, which every profile needs. */
export interface Prepared {
  readonly kernel: KernelImage;
  /** Undefined where there is no Linux inside. */
  readonly inner?: InnerKernel;
  readonly point?: KernelEntryPoint;
}

/** With the payload, when it is decompressed already. Throws what readInnerKernel throws. */
export async function prepare(kernel: KernelImage, payload?: Uint8Array): Promise<Prepared> {
  const { bzImage } = kernel;
  const isLinux = kernel.form === 'vmlinux' || bzImage?.payload !== undefined;
  if (!isLinux) return { kernel };
  const inner =
    bzImage === undefined || payload === undefined ? await readInnerKernel(kernel) : innerKernelOf(bzImage, payload);
  return { kernel, inner, point: entryPoint(kernel, inner) };
}
