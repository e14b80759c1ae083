import { alignUp, hex, phys, type PhysAddr } from '@bzelf/bytes';
import { fail } from './errors.js';
import type { FreeMemory } from './memory.js';
import { slots, type PlacementNeeds } from './placement.js';

/**
 * `off`; or slides that the caller chose; or a seed, from which slides are drawn by the kernel's own rules. The same
 * seed, file and memory map give the same slides.
 */
export type KaslrChoice =
  'off' | { readonly seed: bigint } | { readonly physicalSlide?: bigint; readonly virtualSlide?: bigint };

export interface Slides {
  readonly physical: bigint;
  readonly virtual: bigint;
}

export interface SlideRules {
  /** Where the kernel is linked to run, physical. */
  readonly start: PhysAddr;
  /** Bytes from there on. */
  readonly size: bigint;
  readonly alignment: bigint;
  readonly lowest: PhysAddr;
  /** The highest last byte. */
  readonly last: bigint;
  readonly physical: boolean;
  /** The relocation table is there. */
  readonly virtual: boolean;
  /** One slide for both: a 32-bit kernel, or an entry that is linked to a physical address. */
  readonly together: boolean;
  /** The end of the virtual window that starts with the kernel's linked addresses at `start`. */
  readonly imageSize: bigint;
}

/** Linux does not go below this with random physical addresses. Source: boot/compressed/kaslr.c, choose_random_location. */
const LOWEST_RANDOM = 0x2000_0000n;

/** Throws loader/bad-slide, loader/no-relocations, loader/not-relocatable, loader/no-room. */
export function chooseSlides(memory: FreeMemory, rules: SlideRules, choice: KaslrChoice): Slides {
  if (choice === 'off') return { physical: 0n, virtual: 0n };
  if ('seed' in choice) return drawSlides(memory, rules, choice.seed);
  const physical = choice.physicalSlide ?? (rules.together ? choice.virtualSlide : undefined) ?? 0n;
  const virtual = choice.virtualSlide ?? (rules.together ? physical : 0n);
  checkPhysical(rules, physical);
  checkVirtual(rules, virtual);
  if (rules.together && physical !== virtual)
    throw fail('loader/bad-slide', {
      field: 'virtualSlide',
      found: virtual,
      expected: `${hex(physical)}, the physical slide: this entry knows one address only`,
    });
  return { physical, virtual };
}

function checkPhysical({ start, size, alignment, last, physical }: SlideRules, slide: bigint): void {
  if (slide === 0n) return;
  const wrong = (expected: string) =>
    fail('loader/bad-slide', { field: 'physicalSlide', found: signed(slide), expected });
  if (!physical) throw fail('loader/not-relocatable', { field: 'physicalSlide', found: signed(slide), expected: '0' });
  if (slide % alignment !== 0n) throw wrong(`a multiple of ${hex(alignment)}`);
  if (start + slide < 0n || start + slide + size - 1n > last) throw wrong(`an image inside ${hex(0n)}-${hex(last)}`);
}

function checkVirtual({ start, size, alignment, virtual, imageSize }: SlideRules, slide: bigint): void {
  if (slide === 0n) return;
  const wrong = (expected: string) =>
    fail('loader/bad-slide', { field: 'virtualSlide', found: signed(slide), expected });
  if (!virtual)
    throw fail('loader/no-relocations', {
      field: 'virtualSlide',
      found: signed(slide),
      expected: '0',
      hint: 'the table is behind the vmlinux in a bzImage; a vmlinux by itself has none',
    });
  if (slide < 0n || slide % alignment !== 0n) throw wrong(`a multiple of ${hex(alignment)}, not below 0`);
  if (start + slide + size > imageSize) throw wrong(`at most ${hex(imageSize - start - size)} (KERNEL_IMAGE_SIZE)`);
}

const signed = (value: bigint): string => (value < 0n ? `-${hex(-value)}` : hex(value));

/** As choose_random_location does: any aligned slot of free RAM, and any virtual slot, each equally likely. */
function drawSlides(memory: FreeMemory, rules: SlideRules, seed: bigint): Slides {
  const random = splitMix64(seed);
  if (!rules.physical && !rules.virtual) return { physical: 0n, virtual: 0n };
  const physical = rules.physical ? drawPhysical(memory, rules, random) : 0n;
  if (rules.together) return { physical, virtual: physical };
  if (!rules.virtual) return { physical, virtual: 0n };
  const count = (rules.imageSize - rules.start - rules.size) / rules.alignment + 1n;
  return { physical, virtual: pick(random, count) * rules.alignment };
}

function drawPhysical(memory: FreeMemory, rules: SlideRules, random: () => bigint): bigint {
  const wish = min(rules.start, LOWEST_RANDOM);
  const lowest = alignUp(wish > rules.lowest ? wish : rules.lowest, rules.alignment);
  // A slide is a multiple of the alignment, so the slots are counted from the linked start.
  const skew = rules.start % rules.alignment;
  const needs: PlacementNeeds = {
    size: rules.size + skew,
    relocatable: true,
    alignment: rules.alignment,
    preferred: rules.start,
    lowest: phys(rules.together && lowest < rules.start ? rules.start : lowest),
    last: rules.together ? min(rules.last, rules.imageSize - 1n) : rules.last,
  };
  const free = slots(memory, needs);
  if (free.count === 0n)
    throw fail('loader/no-room', {
      field: 'kernel',
      found: `no aligned range of ${hex(rules.size)} bytes from ${hex(needs.lowest)} on`,
      expected: `RAM for the kernel, aligned to ${hex(rules.alignment)}`,
      hint: 'give the machine more memory',
    });
  return free.at(pick(random, free.count)) + skew - rules.start;
}

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** SplitMix64: small, well known, and the same everywhere. Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators". */
export function splitMix64(seed: bigint): () => bigint {
  let state = BigInt.asUintN(64, seed);
  return () => {
    state = BigInt.asUintN(64, state + 0x9e37_79b9_7f4a_7c15n);
    let z = state;
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58_476d_1ce4_e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d0_49bb_1331_11ebn);
    return z ^ (z >> 31n);
  };
}

/** A number below `count`: the high half of a product, as reciprocal_scale does. */
const pick = (random: () => bigint, count: bigint): bigint => (random() * count) >> 64n;
