import { readInnerKernel, type InnerKernel, type KernelImage } from '@bzelf/loader';
import { entryPoint, type KernelEntryPoint } from '../kernel-entry.js';

/** A file, and the kernel in it, which every profile needs. */
export interface Prepared {
  readonly kernel: KernelImage;
  /** Undefined where there is no Linux inside. */
  readonly inner?: InnerKernel;
  readonly point?: KernelEntryPoint;
}

/** Decompresses once. Throws what readInnerKernel throws. */
export async function prepare(kernel: KernelImage): Promise<Prepared> {
  const isLinux = kernel.form === 'vmlinux' || kernel.bzImage?.payload !== undefined;
  if (!isLinux) return { kernel };
  const inner = await readInnerKernel(kernel);
  return { kernel, inner, point: entryPoint(kernel, inner) };
}
