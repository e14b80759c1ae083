import { phys, type PhysAddr } from '@bzelf/bytes';
import type { MappingPurpose, MappingRange } from '@bzelf/elf';

/** An object of a plan that a MAPPING range may stand for. */
export interface PlacedObject {
  readonly purpose: MappingPurpose;
  readonly start: PhysAddr;
  /** Bytes. */
  readonly length: bigint;
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
        .map((o) => ({ ...range, start: o.start, length: o.length, placedByLoader: false, required: true }));
    const moved = range.purpose === 'runtime' ? runtimeDelta : MOVES_WITH_IMAGE.includes(range.purpose) ? delta : 0n;
    const length = range.purpose === 'image' ? (imageLength ?? range.length) : range.length;
    return [{ ...range, start: phys(range.start + moved), length }];
  });
}
