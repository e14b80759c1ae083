import { placeVmlinux } from '@bzelf/bzimage';
import { memoryImage, readInnerKernel, type InnerKernel, type KernelImage } from '@bzelf/loader';
import type { Machine } from '@bzelf/x86';
import { bytesOf } from './start.js';

/** Enough to know the entry by. */
const CODE_BYTES = 16;
const NO_SLIDE = { physical: 0n, virtual: 0n };

/** The first instruction of the kernel proper: what the decompressor jumps to. */
export interface KernelEntryPoint {
  /** Physical, as linked. With KASLR the kernel may be entered at this plus any multiple of `alignment`. */
  readonly address: bigint;
  readonly alignment: bigint;
  /** The first bytes there that are the same wherever the kernel lies. */
  readonly code: Uint8Array;
}

/**
 * Decompresses the kernel where it must; undefined for an ELF file that is entered directly, and for a bzImage that holds no vmlinux.
 * Throws what readInnerKernel throws.
 */
export async function findKernelEntry(kernel: KernelImage): Promise<KernelEntryPoint | undefined> {
  return kernel.bzImage?.payload === undefined ? undefined : entryPoint(kernel, await readInnerKernel(kernel));
}

/** The entry of the kernel inside, which was read before. */
export function entryPoint({ source }: KernelImage, inner: InnerKernel): KernelEntryPoint {
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

/** Every address below `end` at which the decompressor may enter the kernel; only the first unless `kaslr`. */
export function entryCandidates({ address, alignment }: KernelEntryPoint, end: bigint, kaslr: boolean): bigint[] {
  if (!kaslr) return [address];
  const lowest = address % alignment;
  const count = end > lowest ? Number((end - lowest - 1n) / alignment) + 1 : 0;
  return Array.from({ length: count }, (_, i) => lowest + BigInt(i) * alignment);
}

/** Whether the next instruction of a machine is the kernel's first, and not another one at the same place. */
export function isAtEntry({ ram, linearRip }: Pick<Machine, 'ram' | 'linearRip'>, { code }: KernelEntryPoint): boolean {
  const at = Number(linearRip);
  return code.every((byte, i) => byte === ram[at + i]);
}
