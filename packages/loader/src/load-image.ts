import { alignUp, hex, phys, type PhysAddr } from '@bzelf/bytes';
import { DEFAULT_LOAD, runtimeStart, type BzImage } from '@bzelf/bzimage';
import type { ElfFile, Phdr } from '@bzelf/elf';
import { rulesOf } from './bzimage-facts.js';
import { imageSpan, loadSegments } from './elf-facts.js';
import { fail } from './errors.js';
import type { KernelImage } from './kernel.js';
import type { PlanProtocol } from './load-plan.js';
import { subtract } from './memory.js';
import { chooseStart, type PlacementNeeds } from './placement.js';
import type { PlanBuilder } from './plan-builder.js';

const FOUR_GIB = 1n << 32n;
const MAX_PHYS = 1n << 46n;
/** The alignment of a 64-bit vmlinux: __startup_64 hangs on any other. Source: arch/x86/kernel/head64.c. */
const PMD = 0x200000n;

export interface LoadedImage {
  /** How far the image is from where its headers put it. */
  readonly delta: bigint;
  /** The same for the runtime window, which is never below the preferred address. */
  readonly runtimeDelta: bigint;
  /** Bytes from `start` on that the kernel uses there, when that is not its runtime window. */
  readonly imageLength?: bigint;
  /** Where the protected-mode kernel or the lowest segment is. */
  readonly start: PhysAddr;
  /** What kernel_alignment of boot_params must be, when it is not what the header says. */
  readonly alignment?: number;
}

/** Puts the protected-mode kernel where it goes and takes the memory in which it will unpack itself. */
export function loadProtectedMode(bz: BzImage, builder: PlanBuilder, above4G: boolean): LoadedImage {
  const { offset, size } = bz.protectedMode;
  const needs = bzImageNeeds(bz, above4G, builder.options.relocateTo);
  const { relocateTo } = builder.options;
  const start = isLowPlace(needs, relocateTo) ? relocateTo : chooseStart(builder.memory, needs, relocateTo);
  const window = runtimeStart(bz.header, start);
  // A kernel below its window writes behind its file bytes, into its bss, before it moves; no field tells how far, but
  // init_size is never less (6.1: head_64.S and pgtable_64.c; seen at 0x180428 from a 0x17c400 byte image at 2 MiB).
  const below = start + needs.size < window ? needs.size : window - start;
  if (below > 0n) builder.reserve(start, below, 'image');
  builder.reserve(window, needs.size, 'runtime');
  builder.copy(start, { fileOffset: offset, length: size }, 'image');
  const changed = needs.alignment !== rulesOf(bz).alignment;
  const runtimeDelta = window - needs.preferred;
  return {
    delta: start - needs.preferred,
    runtimeDelta,
    start,
    ...(below > 0n ? { imageLength: below } : {}),
    ...(changed ? { alignment: Number(needs.alignment) } : {}),
  };
}

/** A relocatable kernel may be loaded below its preferred address: it runs there and unpacks itself above. */
function isLowPlace(needs: PlacementNeeds, to: PhysAddr | undefined): to is PhysAddr {
  if (to === undefined || !needs.relocatable || to >= needs.preferred || to < DEFAULT_LOAD) return false;
  // 1 MiB is where every loader without a choice puts it; the kernel rounds up from there.
  return to === DEFAULT_LOAD || to % needs.alignment === 0n;
}

function bzImageNeeds(bz: BzImage, above4G: boolean, relocateTo: PhysAddr | undefined): PlacementNeeds {
  const { relocatable, alignment, minAlignment, preferred, initSize, highest } = rulesOf(bz);
  // boot.rst, field min_alignment: a loader that must may go down to it, and then says so in kernel_alignment.
  const isLower = relocateTo !== undefined && relocateTo % alignment !== 0n && minAlignment < alignment;
  const last = relocatable ? highest + initSize - 1n : MAX_PHYS - 1n;
  return {
    size: initSize,
    relocatable,
    alignment: isLower && relocateTo % minAlignment === 0n ? minAlignment : alignment,
    preferred,
    lowest: preferred,
    last: above4G || last < FOUR_GIB ? last : FOUR_GIB - 1n,
  };
}

/** Puts the segments of an ELF file where they go. */
export function loadElf(
  kernel: KernelImage & { readonly elf: ElfFile },
  builder: PlanBuilder,
  protocol: PlanProtocol,
): LoadedImage {
  const { elf } = kernel;
  const loads = checkedSegments(elf);
  const span = imageSpan(elf);
  const start = chooseStart(builder.memory, elfNeeds(kernel, span, protocol), builder.options.relocateTo);
  const delta = start - span.start;
  // What lies between the segments of a Linux kernel is the kernel's, too: it frees those gaps when it is up.
  const isWhole = kernel.form === 'vmlinux';
  if (isWhole) builder.reserve(start, span.end - span.start, 'kernel');
  for (const segment of loads) {
    if (!isWhole) builder.reserve(segment.p_paddr + delta, segment.p_memsz, 'kernel');
    builder.load({
      to: phys(segment.p_paddr + delta),
      from: { fileOffset: Number(segment.p_offset), length: Number(segment.p_filesz) },
      fileSize: segment.p_filesz,
      memorySize: segment.p_memsz,
      purpose: 'kernel',
    });
  }
  reserveRuntime(kernel, builder, delta);
  return { delta, runtimeDelta: delta, start };
}

/** A container's kernel unpacks itself in [preferred, + init_size): what no segment covers is taken, too. */
function reserveRuntime(kernel: KernelImage & { readonly elf: ElfFile }, builder: PlanBuilder, delta: bigint): void {
  if (kernel.form !== 'container' || kernel.placement === undefined) return;
  const start = kernel.placement.preferred + delta;
  const covered = loadSegments(kernel.elf).map((s) => ({
    start: s.p_paddr + delta,
    end: s.p_paddr + delta + s.p_memsz,
  }));
  for (const gap of subtract([{ start, end: start + kernel.placement.initSize }], covered))
    builder.reserve(gap.start, gap.end - gap.start, 'runtime');
}

function elfNeeds(kernel: KernelImage, span: { start: PhysAddr; end: bigint }, protocol: PlanProtocol): PlacementNeeds {
  const fixed: PlacementNeeds = {
    size: span.end - span.start,
    relocatable: false,
    alignment: 0x1000n,
    preferred: span.start,
    lowest: span.start,
    last: MAX_PHYS - 1n,
  };
  const movable = (alignment: bigint, lowest: PhysAddr, last: bigint): PlacementNeeds => ({
    ...fixed,
    relocatable: true,
    alignment,
    lowest,
    last,
  });
  const { pvhRelocation: pvh, multiboot2, placement } = kernel;
  if (protocol === 'pvh' && pvh !== undefined) return movable(pvh.align, pvh.min, pvh.max);
  if (protocol === 'multiboot2' && multiboot2?.relocatable !== undefined) {
    const { align, min_addr, max_addr } = multiboot2.relocatable;
    return movable(BigInt(align), phys(min_addr), BigInt(max_addr));
  }
  const isLinux64 = protocol === 'linux64' && kernel.form === 'vmlinux';
  if (isLinux64) return movable(PMD, phys(alignUp(span.start, PMD)), MAX_PHYS - 1n);
  const boot = protocol === 'linux32' || protocol === 'linux64';
  if (boot && kernel.form === 'container' && placement?.relocatable === true)
    return movable(placement.alignment, placement.lowest, protocol === 'linux64' ? MAX_PHYS - 1n : FOUR_GIB - 1n);
  return fixed;
}

/** The segments to load, when each fits the file and none overlaps another. Throws loader/bad-segment, loader/overlap. */
export function checkedSegments(elf: ElfFile): readonly Phdr[] {
  const loads = loadSegments(elf);
  if (loads.length === 0)
    throw fail('loader/bad-segment', { field: 'e_phnum', found: 'no PT_LOAD', expected: 'one or more' });
  loads.forEach((segment, index) => checkSegment(elf, segment, index));
  const sorted = loads.map((s) => ({ start: s.p_paddr, end: s.p_paddr + s.p_memsz })).sort(byStart);
  sorted.forEach(({ end }, i) => {
    const next = sorted[i + 1];
    if (next !== undefined && next.start < end)
      throw fail('loader/overlap', {
        field: 'PT_LOAD',
        found: `two segments at ${hex(next.start)}`,
        expected: 'memory of its own for each',
      });
  });
  return loads;
}

const byStart = (a: { start: bigint }, b: { start: bigint }): number => (a.start < b.start ? -1 : 1);

function checkSegment(elf: ElfFile, segment: Phdr, index: number): void {
  const { p_offset, p_filesz, p_memsz, p_paddr } = segment;
  const wrong = (field: string, found: bigint, expected: string) =>
    fail('loader/bad-segment', { field: `PT_LOAD[${index}].${field}`, found, expected });
  if (p_filesz > p_memsz) throw wrong('p_filesz', p_filesz, `at most ${hex(p_memsz)} (p_memsz)`);
  if (p_offset + p_filesz > BigInt(elf.source.size))
    throw wrong('p_filesz', p_filesz, `at most ${hex(elf.source.size)} (file size) less p_offset ${hex(p_offset)}`);
  if (p_paddr + p_memsz > 1n << 52n) throw wrong('p_memsz', p_memsz, 'a segment inside 52 bits of physical address');
}
