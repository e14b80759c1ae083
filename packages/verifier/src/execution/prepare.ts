import { placeVmlinux } from '@bzelf/bzimage';
import { memoryImage, readInnerKernel, type InnerKernel, type KernelImage } from '@bzelf/loader';
import { bytesOf } from '../start.js';
import type { KernelEntryPoint } from '../kernel-entry.js';

/** Enough to know the entry by. */
const CODE_BYTES = 16;
const NO_SLIDE = { physical: 0n, virtual: 0n };

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

function entryPoint({ source }: KernelImage, inner: InnerKernel): KernelEntryPoint {
  const address = inner.elf.header.e_entry;
  const segment = memoryImage(inner, NO_SLIDE).find(({ to, fileSize }) => address >= to && address < to + fileSize);
  const skip = segment === undefined ? 0 : Number(address - segment.to);
  const code =
    segment?.from === undefined
      ? new Uint8Array(0)
      : bytesOf({ ...segment, from: segment.from }, { kernel: source }).subarray(skip, skip + constantBytes(inner));
  return { address, alignment: inner.alignment, code };
}

/** Bytes at the entry before the first one that relocation changes. */
function constantBytes({ elf, relocations }: InnerKernel): number {
  if (relocations === undefined) return CODE_BYTES;
  const { virtualBase, entry } = placeVmlinux(elf.source.read(0, elf.source.size));
  const at = Number(BigInt.asUintN(32, virtualBase + entry));
  const { abs32, inverse32, abs64 } = relocations;
  const lists = [abs32, inverse32, abs64];
  const distances = lists.flatMap((list) => [...list.filter((word) => word >= at && word < at + CODE_BYTES)]);
  return Math.min(CODE_BYTES, ...distances.map((word) => word - at));
}
