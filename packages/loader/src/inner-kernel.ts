import { phys, type PhysAddr } from '@bzelf/bytes';
import {
  applyRelocations,
  extractPayload,
  placeVmlinux,
  splitVmlinux,
  type BzImage,
  type Relocations,
} from '@bzelf/bzimage';
import { EM_X86_64, readElf, segmentBytes, type ElfFile } from '@bzelf/elf';
import { decodedNotes } from './decoded-notes.js';
import { imageSpan, loadSegments, pvhRelocationOf, valuesOf } from './elf-facts.js';
import { fail } from './errors.js';
import type { Slides } from './kaslr.js';
import type { KernelImage, PvhRelocation } from './kernel.js';
import { checkedSegments } from './load-image.js';
import type { Segment } from './plan-builder.js';

/** The ways into the kernel proper. */
export type DirectEntry = 'linux64' | 'linux32' | 'pvh';

/** The vmlinux, whatever was around it. */
export interface InnerKernel {
  readonly elf: ElfFile;
  readonly relocations?: Relocations;
  /** Physical, as linked. */
  readonly span: { readonly start: PhysAddr; readonly end: bigint };
  readonly size: bigint;
  readonly is64: boolean;
  /** Its code works at other physical addresses. */
  readonly isRelocatable: boolean;
  readonly alignment: bigint;
  /** The file itself is the vmlinux: its segments are copied from there. */
  readonly isFile: boolean;
}

export interface EntryTarget {
  /** As linked. */
  readonly address: PhysAddr;
  /** PVH only. */
  readonly relocation?: PvhRelocation;
}

/** No kernel is larger: KERNEL_IMAGE_SIZE of x86_64. */
const LARGEST = 0x4000_0000n;
const PMD = 0x200000n;
/** Bytes between the segments of a kernel: a few alignments of 2 MiB. A crafted file shall not cost a gigabyte. */
const MOST_GAPS = 0x400_0000n;

/** Decompresses where it must. Throws loader/no-payload, loader/bad-segment, and what @bzelf/bzimage throws. */
export async function readInnerKernel(kernel: KernelImage, limit?: number): Promise<InnerKernel> {
  if (kernel.form === 'vmlinux' || kernel.form === 'elf')
    return describe(kernel.elf, { isFile: true, isRelocatable: true });
  const { bzImage } = kernel;
  if (bzImage?.payload === undefined)
    throw fail('loader/no-payload', {
      field: 'payload_length',
      found: 'no payload',
      expected: 'a bzImage of Linux, protocol 2.08 or later',
    });
  return innerKernelOf(bzImage, await extractPayload(bzImage, limit === undefined ? {} : { limit }));
}

/** The same of a payload that was decompressed before. Throws loader/bad-segment, and what @bzelf/bzimage throws. */
export function innerKernelOf(bzImage: BzImage, payload: Uint8Array): InnerKernel {
  const { elf, relocations } = splitVmlinux(payload);
  const isRelocatable = (bzImage.header.relocatable_kernel ?? 0) !== 0;
  const alignment = BigInt(bzImage.header.kernel_alignment ?? 0);
  return describe(readElf(elf), {
    isFile: false,
    isRelocatable,
    alignment,
    ...(relocations === undefined ? {} : { relocations }),
  });
}

function describe(
  elf: ElfFile,
  more: { isFile: boolean; isRelocatable: boolean; alignment?: bigint; relocations?: Relocations },
): InnerKernel {
  checkedSegments(elf);
  const span = imageSpan(elf);
  const size = span.end - span.start;
  if (size === 0n || size > LARGEST)
    throw fail('loader/bad-segment', { field: 'PT_LOAD', found: size, expected: '1 byte to 1 GiB of kernel' });
  const is64 = elf.header.e_machine === EM_X86_64;
  // __startup_64 hangs unless the image is at a multiple of 2 MiB, whatever the header says.
  const least = is64 ? PMD : 0x2000n;
  const asked = more.alignment ?? 0n;
  return { ...more, elf, span, size, is64, alignment: asked > least ? asked : least };
}

/** Throws loader/no-entry. */
export function entryTarget({ elf, is64 }: InnerKernel, entry: DirectEntry): EntryTarget {
  const wrong = (expected: string) => fail('loader/no-entry', { field: 'entry', found: entry, expected });
  if (entry !== 'pvh') {
    if ((entry === 'linux64') !== is64)
      throw wrong(is64 ? 'linux64 or pvh: the kernel is 64-bit' : 'linux32 or pvh: the kernel is 32-bit');
    return { address: phys(elf.header.e_entry) };
  }
  const { notes } = decodedNotes(elf);
  const note = valuesOf(notes, 'xen-phys32-entry').at(-1);
  if (note === undefined) throw wrong('linux64 or linux32: the kernel was built without CONFIG_PVH');
  const relocation = pvhRelocationOf(elf, notes);
  return { address: note.entry, ...(relocation === undefined ? {} : { relocation }) };
}

/** The segments where the slides put them, relocated; a part that is not in the file is zero. */
export function memoryImage(inner: InnerKernel, slides: Slides): Segment[] {
  const { elf, relocations, isFile } = inner;
  const image =
    slides.virtual === 0n || relocations === undefined ? undefined : relocatedImage(inner, relocations, slides);
  return loadSegments(elf).map((segment) => {
    const at = Number(segment.p_paddr - inner.span.start);
    const length = Number(segment.p_filesz);
    const bytes = () => image?.subarray(at, at + length) ?? segmentBytes(elf, segment);
    return {
      to: phys(segment.p_paddr + slides.physical),
      from: isFile ? { fileOffset: Number(segment.p_offset), length } : { bytes: bytes() },
      fileSize: segment.p_filesz,
      memorySize: segment.p_memsz,
      purpose: 'kernel',
    };
  });
}

/** The kernel in one piece of memory, because relocations cross its segments. */
function relocatedImage({ elf, span }: InnerKernel, relocations: Relocations, slides: Slides): Uint8Array {
  const loads = loadSegments(elf);
  const end = loads.reduce<bigint>((high, s) => max(high, s.p_paddr + s.p_filesz), span.start);
  if (end - span.start > BigInt(elf.source.size) + MOST_GAPS)
    throw fail('loader/bad-segment', {
      field: 'PT_LOAD',
      found: end - span.start,
      expected: 'segments that lie close together',
    });
  const image = new Uint8Array(Number(end - span.start));
  for (const segment of loads) image.set(segmentBytes(elf, segment), Number(segment.p_paddr - span.start));
  const placement = placeVmlinux(elf.source.read(0, elf.source.size));
  applyRelocations(image, relocations, placement, slides);
  return image;
}

const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
