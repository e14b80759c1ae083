import { phys, type PhysAddr } from '@bzelf/bytes';
import type { MappingPurpose, MappingRange } from '@bzelf/elf';

/** An object of a plan that a MAPPING range may stand for. */
export interface PlacedObject {
  readonly purpose: MappingPurpose;
  readonly start: PhysAddr;
  /** Bytes. */
  readonly length: bigint;
}

/** A declared range with P==V and every access but the ones named. */
export function declaredRange(
  purpose: MappingPurpose,
  start: bigint,
  length: bigint,
  more: Partial<MappingRange> = {},
): MappingRange {
  return {
    start: phys(start),
    length,
    virtOffset: 0n,
    read: true,
    write: true,
    execute: false,
    purpose,
    required: true,
    placedByLoader: false,
    evidence: 'declared',
    ...more,
  };
}

/** A page, whatever the kernel may ask of it: the size that a MAPPING note states for an object it cannot know. */
const PAGE = 0x1000n;

/**
 * What the 64-bit boot protocol wants mapped, for a kernel that comes without MAPPING notes.
 * Source: boot.rst, "64-bit boot protocol", and what head_64.S reads before it has page tables of its own: low memory
 * only when it must switch between 4- and 5-level paging.
 */
export function linux64Ranges(
  image: { start: bigint; length: bigint },
  runtime: { start: bigint; length: bigint },
): MappingRange[] {
  return [
    declaredRange('image', image.start, image.length, { execute: true }),
    declaredRange('runtime', runtime.start, runtime.length, { execute: true }),
    declaredRange('boot-params', 0n, PAGE, { placedByLoader: true }),
    declaredRange('cmdline', 0n, PAGE, { placedByLoader: true, write: false }),
    declaredRange('setup-data', 0n, PAGE, { placedByLoader: true, write: false }),
    declaredRange('low-memory', 0n, 0x100000n, { required: false }),
  ];
}

/**
 * What startup_64 of a vmlinux reads and writes before it has page tables of its own: the image, boot_params, and with
 * memory encryption the command line and the setup_data list. Source: arch/x86/kernel/head_64.S, head64.c.
 */
export function vmlinuxRanges(span: { start: bigint; end: bigint }): MappingRange[] {
  return [
    declaredRange('image', span.start, span.end - span.start, { execute: true }),
    declaredRange('boot-params', 0n, PAGE, { placedByLoader: true }),
    declaredRange('cmdline', 0n, PAGE, { placedByLoader: true, write: false }),
    declaredRange('setup-data', 0n, PAGE, { placedByLoader: true, write: false }),
  ];
}

export interface ResolveOptions {
  /** How far the image was moved from where its notes put it. */
  readonly delta: bigint;
  /** The same for the runtime window; `delta` unless told. */
  readonly runtimeDelta?: bigint;
  /** Length of the image range, when the kernel uses more than its file bytes there. */
  readonly imageLength?: bigint;
  readonly objects: readonly PlacedObject[];
  /** Keep ranges that the note calls optional. */
  readonly optional: boolean;
}

const MOVES_WITH_IMAGE: readonly MappingPurpose[] = ['image', 'stub'];

/**
 * The ranges of a MAPPING note with the addresses of this plan: what the loader places takes the place of the note's
 * suggestion, and what this plan does not have (no command line, no setup_data) is left out.
 */
export function resolveRanges(
  ranges: readonly MappingRange[],
  { delta, runtimeDelta = delta, imageLength, objects, optional }: ResolveOptions,
): MappingRange[] {
  return ranges.flatMap((range): MappingRange[] => {
    // What this plan has placed is wanted, even where a kernel can do without it.
    if (!range.required && !optional && !range.placedByLoader) return [];
    if (range.placedByLoader)
      return objects
        .filter((o) => o.purpose === range.purpose)
        .map((o) => ({ ...range, start: o.start, length: o.length, placedByLoader: false }));
    const moved = range.purpose === 'runtime' ? runtimeDelta : MOVES_WITH_IMAGE.includes(range.purpose) ? delta : 0n;
    const length = range.purpose === 'image' ? (imageLength ?? range.length) : range.length;
    return [{ ...range, start: phys(range.start + moved), length }];
  });
}
