import { phys } from '@bzelf/bytes';
import { buildLinuxParams } from './boot-params.js';
import {
  entryTarget,
  memoryImage,
  readInnerKernel,
  type DirectEntry,
  type EntryTarget,
  type InnerKernel,
} from './inner-kernel.js';
import { chooseSlides, type KaslrChoice, type SlideRules, type Slides } from './kaslr.js';
import type { KernelImage } from './kernel.js';
import type { LoadPlan, PlanOptions, PlanRange } from './load-plan.js';
import { vmlinuxRanges } from '@bzelf/bzimage';
import { PlanBuilder } from './plan-builder.js';
import { cmdlineLimit, finishLinux64, initrdLimits } from './protocols/linux.js';
import { finishPvh } from './protocols/pvh.js';

/** The window of the kernel's virtual addresses. Source: asm/page_64_types.h, asm/page_32_types.h, KERNEL_IMAGE_SIZE. */
const KERNEL_IMAGE_SIZE_64 = 0x4000_0000n;
const KERNEL_IMAGE_SIZE_32 = 0x2000_0000n;
const FOUR_GIB = 1n << 32n;
const MAX_PHYS = 1n << 46n;

export interface DirectStartOptions extends Omit<PlanOptions, 'protocol' | 'relocateTo' | 'realModeSegment'> {
  /** Without it, the entry of the kernel's own width. */
  readonly entry?: DirectEntry;
  /** Without it, `off`: the kernel runs where it is linked to run. */
  readonly kaslr?: KaslrChoice;
  /** The largest decompressed kernel, bytes; what @bzelf/bzimage allows unless told. */
  readonly limit?: number;
}

/** A load plan that starts the kernel itself; its decompressor does not run. */
export interface DirectPlan extends LoadPlan {
  /** How far the kernel is from where it is linked to be. */
  readonly slides: { readonly physical: bigint; readonly virtual: bigint };
}

/** What is known before anything is placed. */
interface Task {
  readonly kernel: KernelImage;
  readonly inner: InnerKernel;
  readonly entry: DirectEntry;
  readonly target: EntryTarget;
  readonly builder: PlanBuilder;
}

/**
 * Does what the kernel's decompressor does - decompress, place, relocate, choose the slides - and plans an entry into the
 * kernel proper. Source: arch/x86/boot/compressed/misc.c, kaslr.c.
 */
export async function directStart(kernel: KernelImage, options: DirectStartOptions): Promise<DirectPlan> {
  const inner = await readInnerKernel(kernel, options.limit);
  const entry = options.entry ?? (inner.is64 ? 'linux64' : 'linux32');
  const target = entryTarget(inner, entry);
  const task: Task = { kernel, inner, entry, target, builder: new PlanBuilder(options) };
  const { initrd, slides } = placeAll(task, options.kaslr ?? 'off');
  return { ...enter(task, slides, initrd), slides };
}

function placeAll(
  { kernel, inner, entry, target, builder }: Task,
  choice: KaslrChoice,
): { initrd: PlanRange | undefined; slides: Slides } {
  const limits = initrdLimits({
    bits: inner.is64 ? 64 : 32,
    ...(kernel.bzImage === undefined ? {} : { bzImage: kernel.bzImage }),
  });
  const fallback = entry === 'linux64' ? limits.fallback : min(limits.fallback, FOUR_GIB - 1n);
  const placeInitrd = () => builder.placeInitrd(limits.max, fallback);
  const isRandom = typeof choice === 'object' && 'seed' in choice;
  // A random kernel takes what is left, as in the kernel's own KASLR; a fixed one has no choice and comes first.
  const early = isRandom ? placeInitrd() : undefined;
  const rules = slideRules(inner, target, entry);
  const slides = chooseSlides(builder.memory, rules, choice);
  if (isRandom && !rules.virtual) builder.warn('the relocation table is missing: the virtual addresses are not random');
  builder.reserve(inner.span.start + slides.physical, inner.size, 'kernel');
  for (const segment of memoryImage(inner, slides)) builder.load(segment);
  return { initrd: early ?? (isRandom ? undefined : placeInitrd()), slides };
}

function slideRules(inner: InnerKernel, { relocation }: EntryTarget, entry: DirectEntry): SlideRules {
  const { span, size, is64, isRelocatable, relocations, alignment } = inner;
  // Without PHYS32_RELOC the PVH entry uses physical addresses as it was linked to; relocation moves them, too.
  const together = !is64 || (entry === 'pvh' && relocation === undefined);
  const canMove = isRelocatable && (!together || relocations !== undefined);
  const last = entry === 'linux64' ? MAX_PHYS - 1n : FOUR_GIB - 1n;
  return {
    start: span.start,
    size,
    alignment: relocation !== undefined && relocation.align > alignment ? relocation.align : alignment,
    lowest: phys(relocation?.min ?? alignment),
    last: relocation === undefined ? last : min(relocation.max, last),
    physical: canMove,
    virtual: relocations !== undefined,
    together,
    // The identity map with which the PVH entry starts reaches to 1 GiB; so does the kernel's window on x86_64.
    imageSize: is64 ? KERNEL_IMAGE_SIZE_64 : KERNEL_IMAGE_SIZE_32,
  };
}

/** The entry into the kernel proper, with the parameter block that it wants. */
function enter(task: Task, slides: Slides, initrd: PlanRange | undefined): LoadPlan {
  const { kernel, inner, entry, target, builder } = task;
  const start = phys(target.address + slides.physical);
  if (entry === 'pvh') return finishPvh(builder, start, cmdlineLimit(kernel), initrd);
  const cmdline = builder.putCmdline(cmdlineLimit(kernel));
  const params = buildLinuxParams(builder, {
    is64: inner.is64,
    ...(kernel.bzImage === undefined ? {} : { bzImage: kernel.bzImage }),
    ...(kernel.subarch === undefined ? {} : { subarch: kernel.subarch }),
    ...(cmdline === undefined ? {} : { cmdline }),
    ...(initrd === undefined ? {} : { initrd }),
    kaslr: slides.virtual !== 0n || slides.physical !== 0n,
  });
  if (entry === 'linux64')
    return finishLinux64(builder, {
      entry: start,
      params,
      ranges: vmlinuxRanges(inner.span),
      image: { delta: slides.physical, runtimeDelta: slides.physical },
    });
  const cpu = builder.flatCpu('protected32', start, { rsi: params.block.address });
  return builder.finish({ protocol: 'linux32', entry: start, cpu, parameterBlock: params.block });
}

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
