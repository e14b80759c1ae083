import { extractPayload, splitVmlinux } from '@bzelf/bzimage';
import { PT_LOAD, readElf, type ElfFile } from '@bzelf/elf';
import type { KernelImage } from '@bzelf/loader';
import type { Machine } from '@bzelf/x86';

/** Enough to know the entry by, and before the first address that a virtual slide changes. */
const CODE_BYTES = 16;
/** Where the header does not say; x86_64 never aligns to less. */
const USUAL_ALIGNMENT = 0x20_0000n;

/** The first instruction of the kernel proper: what the decompressor jumps to. */
export interface KernelEntryPoint {
  /** Physical, as linked. With KASLR the kernel may be entered at this plus any multiple of `alignment`. */
  readonly address: bigint;
  readonly alignment: bigint;
  /** The bytes there, as they are before relocation. */
  readonly code: Uint8Array;
}

/**
 * Decompresses the kernel where it must; undefined for an ELF file that is entered directly, and for a bzImage that holds no vmlinux.
 * Throws what @bzelf/bzimage and @bzelf/elf throw.
 */
export async function findKernelEntry(kernel: KernelImage): Promise<KernelEntryPoint | undefined> {
  const { bzImage } = kernel;
  if (bzImage?.payload === undefined) return undefined;
  const elf = readElf(splitVmlinux(await extractPayload(bzImage)).elf);
  const alignment = BigInt(bzImage.header.kernel_alignment ?? 0);
  return {
    address: elf.header.e_entry,
    alignment: alignment === 0n ? USUAL_ALIGNMENT : alignment,
    code: codeAt(elf, elf.header.e_entry),
  };
}

function codeAt(elf: ElfFile, address: bigint): Uint8Array {
  const segment = elf.segments.find(
    ({ p_type, p_paddr, p_filesz }) => p_type === PT_LOAD && address >= p_paddr && address < p_paddr + p_filesz,
  );
  if (segment === undefined) return new Uint8Array(0);
  const skip = address - segment.p_paddr;
  const left = segment.p_filesz - skip;
  return elf.source.read(Number(segment.p_offset + skip), left < CODE_BYTES ? Number(left) : CODE_BYTES);
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
