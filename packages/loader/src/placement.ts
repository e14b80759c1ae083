import { alignDown, alignUp, hex, isPowerOfTwo, phys, type PhysAddr } from '@bzelf/bytes';
import { fail } from './errors.js';
import { showRange, type FreeMemory, type PlaceRequest } from './memory.js';

/** What an image asks of the place where it is put. */
export interface PlacementNeeds {
  /** Bytes that must be RAM from the start on. */
  readonly size: bigint;
  readonly relocatable: boolean;
  readonly alignment: bigint;
  readonly preferred: PhysAddr;
  readonly lowest: PhysAddr;
  /** The highest allowed last byte. */
  readonly last: bigint;
}

/**
 * Where the image starts: at `relocateTo` if given, else where it prefers to be, else at the lowest place that it
 * accepts. Takes nothing. Throws loader/not-relocatable, loader/misaligned, loader/out-of-range, loader/no-room.
 */
export function chooseStart(memory: FreeMemory, needs: PlacementNeeds, relocateTo?: PhysAddr): PhysAddr {
  checkAlignment(needs.alignment);
  if (relocateTo !== undefined) return checkedStart(needs, relocateTo);
  if (!needs.relocatable || memory.isFree(needs.preferred, needs.size)) return needs.preferred;
  const low = needs.lowest;
  const request: PlaceRequest = {
    size: needs.size,
    align: needs.alignment,
    purpose: 'kernel',
    low,
    high: needs.last + 1n,
    from: 'bottom',
  };
  return memory.find(request) ?? noPlace(memory, request, needs);
}

function checkAlignment(alignment: bigint): void {
  if (!isPowerOfTwo(alignment))
    throw fail('loader/misaligned', { field: 'alignment', found: alignment, expected: 'a power of two' });
}

function checkedStart(needs: PlacementNeeds, start: PhysAddr): PhysAddr {
  if (start === needs.preferred) return start;
  if (!needs.relocatable)
    throw fail('loader/not-relocatable', {
      field: 'relocateTo',
      found: start,
      expected: `${hex(needs.preferred)}, the only address it runs at`,
    });
  if (start % needs.alignment !== 0n)
    throw fail('loader/misaligned', {
      field: 'relocateTo',
      found: start,
      expected: `a multiple of ${hex(needs.alignment)}`,
    });
  if (start < needs.lowest || start + needs.size - 1n > needs.last)
    throw fail('loader/out-of-range', {
      field: 'relocateTo',
      found: showRange(start, start + needs.size),
      expected: `inside ${hex(needs.lowest)}-${hex(needs.last)}`,
    });
  return start;
}

/** The reason why nothing was found: the error names the preferred range and the largest free one. */
function noPlace(memory: FreeMemory, request: PlaceRequest, needs: PlacementNeeds): never {
  const { low = 0n, high = 0n } = request;
  const sizes = memory.free(low, high).map((f) => f.end - alignUp<bigint>(f.start, needs.alignment));
  const best = sizes.reduce((most, size) => (size > most ? size : most), 0n);
  throw fail('loader/no-room', {
    field: 'kernel',
    found: `no RAM at ${showRange(needs.preferred, needs.preferred + needs.size)}; the largest aligned range from ${hex(low)} on has ${hex(best)} bytes`,
    expected: `${hex(needs.size)} bytes of RAM, aligned to ${hex(needs.alignment)}`,
    hint: 'give the machine more memory',
  });
}

/** How many starts there are in free RAM, and the n-th of them, ascending: the slots of Linux's KASLR. */
export function slots(
  memory: FreeMemory,
  { size, alignment, lowest, last }: PlacementNeeds,
): { count: bigint; at(index: bigint): PhysAddr } {
  const runs = memory
    .free(lowest, last + 1n)
    .map(({ start, end }) => ({
      first: alignUp<bigint>(start, alignment),
      last: alignDown<bigint>(end - size, alignment),
    }))
    .filter((run) => run.last >= run.first)
    .map((run) => ({ first: run.first, count: (run.last - run.first) / alignment + 1n }));
  return {
    count: runs.reduce((sum, run) => sum + run.count, 0n),
    at(index) {
      let rest = index;
      for (const run of runs) {
        if (rest < run.count) return phys(run.first + rest * alignment);
        rest -= run.count;
      }
      throw new Error(`there is no slot ${index}`);
    },
  };
}
