import { phys, type PhysAddr } from '@bzelf/bytes';
import { cmdlineSizeMax, initrdAddrMax, INITRD_ADDR_MAX_DEFAULT, linux64Ranges } from '@bzelf/bzimage';
import type { MappingRange } from '@bzelf/elf';
import { buildLinuxParams, type LinuxParams } from '../boot-params.js';
import { canBeAbove4G } from '../bzimage-facts.js';
import { imageSpan } from '../elf-facts.js';
import type { KernelEntry, KernelImage } from '../kernel.js';
import { loadElf, loadProtectedMode, type LoadedImage } from '../load-image.js';
import type { LoadPlan, PlanProtocol } from '../load-plan.js';
import { resolveRanges, type PlacedObject } from '../mappings.js';
import { draftPageTables, type PageTables } from '../page-tables.js';
import type { PlanBuilder } from '../plan-builder.js';
import type { Protocol } from './protocol.js';

const FOUR_GIB_LAST = 0xffff_ffffn;
const MAX_PHYS_LAST = (1n << 46n) - 1n;
/** What a 32-bit kernel of unknown age reaches. */
const OLD_INITRD_MAX = BigInt(INITRD_ADDR_MAX_DEFAULT);

/** Highest last byte of an initrd: where the kernel says, and as far as it can reach if that is full. */
export function initrdLimits({ bzImage, bits }: Pick<KernelImage, 'bzImage' | 'bits'>): {
  max: bigint;
  fallback: bigint;
} {
  if (bzImage === undefined)
    return bits === 64
      ? { max: FOUR_GIB_LAST, fallback: MAX_PHYS_LAST }
      : { max: OLD_INITRD_MAX, fallback: OLD_INITRD_MAX };
  const max: bigint = initrdAddrMax(bzImage.header);
  const reach = bits === 64 && canBeAbove4G(bzImage) ? MAX_PHYS_LAST : max;
  return { max, fallback: reach > max ? reach : max };
}

/** An ELF kernel has no such field; COMMAND_LINE_SIZE is 2048. */
export const cmdlineLimit = ({ bzImage }: Pick<KernelImage, 'bzImage'>): number =>
  bzImage === undefined ? 2047 : cmdlineSizeMax(bzImage.header);

function load(kernel: KernelImage, builder: PlanBuilder, protocol: PlanProtocol): LoadedImage {
  if (kernel.form === 'bzimage' || kernel.form === 'inplace')
    return loadProtectedMode(kernel.bzImage, builder, protocol === 'linux64');
  return loadElf(kernel, builder, protocol);
}

/** Kernel, initrd, command line and boot_params: what the 32-bit and the 64-bit protocol have in common. */
function prepare(kernel: KernelImage, entry: KernelEntry, builder: PlanBuilder, protocol: 'linux32' | 'linux64') {
  const image = load(kernel, builder, protocol);
  const limits = initrdLimits(kernel);
  const initrd = builder.placeInitrd(
    limits.max,
    protocol === 'linux64' ? limits.fallback : min(limits.fallback, FOUR_GIB_LAST),
  );
  const cmdline = builder.putCmdline(cmdlineLimit(kernel));
  const params = buildLinuxParams(builder, {
    is64: kernel.bits === 64,
    ...(kernel.bzImage === undefined ? {} : { bzImage: kernel.bzImage }),
    ...(kernel.form === 'bzimage' || kernel.form === 'inplace' ? { code32Start: image.start } : {}),
    ...(image.alignment === undefined ? {} : { kernelAlignment: image.alignment }),
    ...(kernel.subarch === undefined ? {} : { subarch: kernel.subarch }),
    ...(cmdline === undefined ? {} : { cmdline }),
    ...(initrd === undefined ? {} : { initrd }),
  });
  return { image, params, entry: phys(entry.address + image.delta) };
}

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** Source: boot.rst, "32-bit boot protocol". */
export const linux32: Protocol = {
  name: 'linux32',
  doc: 'Linux boot protocol, 32-bit entry: flat protected mode, esi = boot_params',
  plan(kernel, kernelEntry, builder) {
    const { entry, params } = prepare(kernel, kernelEntry, builder, 'linux32');
    const cpu = builder.flatCpu('protected32', entry, { rsi: params.block.address });
    return builder.finish({ protocol: 'linux32', entry, cpu, parameterBlock: params.block });
  },
};

/** Source: boot.rst, "64-bit boot protocol". */
export const linux64: Protocol = {
  name: 'linux64',
  doc: 'Linux boot protocol, 64-bit entry: long mode, page tables of exactly what the kernel needs, rsi = boot_params',
  plan(kernel, kernelEntry, builder) {
    const { entry, params, image } = prepare(kernel, kernelEntry, builder, 'linux64');
    return finishLinux64(builder, { entry, params, ranges: rangesOf(kernel, kernelEntry, image), image });
  },
};

function rangesOf(kernel: KernelImage, entry: KernelEntry, image: LoadedImage): readonly MappingRange[] {
  const note = kernel.mappings.find((m) => m.entryId === entry.id);
  if (note !== undefined) return note.ranges;
  const span =
    kernel.form === 'bzimage'
      ? { start: image.start - image.delta, end: image.start - image.delta }
      : imageSpan(kernel.elf);
  const whole = { start: span.start, length: span.end - span.start };
  return linux64Ranges(whole, whole);
}

export interface Linux64Finish {
  readonly entry: PhysAddr;
  readonly params: LinuxParams;
  readonly ranges: readonly MappingRange[];
  readonly image: Pick<LoadedImage, 'delta' | 'runtimeDelta' | 'imageLength'>;
}

/** Page tables of exactly the ranges, and long mode on top of them. */
export function finishLinux64(builder: PlanBuilder, { entry, params, ranges, image }: Linux64Finish): LoadPlan {
  const { optionalMappings = true, extraMappings = [] } = builder.options;
  const resolved = resolveRanges(ranges, { ...image, objects: params.objects, optional: optionalMappings });
  const wantsTables = ranges.some((r) => r.purpose === 'page-tables' && (r.required || optionalMappings));
  const { pageTables, mappings } = putPageTables(builder, [...resolved, ...extraMappings], wantsTables);
  const cpu = builder.flatCpu('long64', entry, { rsi: params.block.address }, pageTables.root);
  return builder.finish({ protocol: 'linux64', entry, cpu, parameterBlock: params.block, pageTables, mappings });
}

/** Tables that map themselves need at most one more table for each level below the root. */
const SELF_MAPPING = 4 * 4096;

function putPageTables(
  builder: PlanBuilder,
  ranges: MappingRange[],
  mapThemselves: boolean,
): { pageTables: PageTables; mappings: MappingRange[] } {
  const draft = draftPageTables({ mode: 'long', ranges });
  const size = draft.size + (mapThemselves ? SELF_MAPPING : 0);
  const at = builder.room(size, 'page-tables');
  const own: PlacedObject = { purpose: 'page-tables', start: at, length: BigInt(size) };
  const mappings: MappingRange[] = mapThemselves
    ? [
        ...ranges,
        {
          ...own,
          virtOffset: 0n,
          read: true,
          write: true,
          execute: false,
          required: true,
          placedByLoader: false,
          evidence: 'declared',
        },
      ]
    : ranges;
  const pageTables = mapThemselves ? draftPageTables({ mode: 'long', ranges: mappings }).encode(at) : draft.encode(at);
  builder.copy(at, { bytes: pageTables.bytes }, 'page-tables');
  return { pageTables, mappings };
}
