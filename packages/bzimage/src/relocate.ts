import { viewOf } from '@bzelf/bytes';
import { fail } from './errors.js';
import type { Relocations, VmlinuxPlacement } from './vmlinux.js';

/** How far the kernel is moved from where it was linked. */
export interface Slide {
  /** Output address − LOAD_PHYSICAL_ADDR, bytes; matters to i386 alone, where both move together. */
  readonly physical: bigint;
  /** Virtual, bytes; x86_64 chooses it apart from the physical one. */
  readonly virtual: bigint;
}

/**
 * Relocates a kernel that lies in memory as `placeVmlinux` says: `image[0]` is the byte linked at `linkBase`, wherever
 * it is now. Changes `image`. Throws bzimage/relocation-outside before anything is changed.
 * Source: arch/x86/boot/compressed/misc.c, handle_relocations.
 */
export function applyRelocations(
  image: Uint8Array,
  relocations: Relocations,
  placement: Pick<VmlinuxPlacement, 'class' | 'linkBase' | 'virtualBase'>,
  slide: Slide,
): void {
  const delta = placement.class === 64 ? slide.virtual : slide.physical;
  if (delta === 0n) return;
  // Entries are the low halves of link VAs, so the difference is right modulo 2^32 in either class.
  const base = Number(BigInt.asUintN(32, placement.virtualBase + placement.linkBase));
  const { abs32, inverse32, abs64 } = relocations;
  checkInside(abs32, { base, width: 4, size: image.length });
  checkInside(inverse32, { base, width: 4, size: image.length });
  checkInside(abs64, { base, width: 8, size: image.length });
  const view = viewOf(image);
  const delta32 = Number(BigInt.asIntN(32, delta));
  for (const address of abs32) add32(view, (address - base) >>> 0, delta32);
  for (const address of inverse32) add32(view, (address - base) >>> 0, -delta32);
  for (const address of abs64) add64(view, (address - base) >>> 0, delta);
}

const add32 = (view: DataView, at: number, delta: number): void =>
  view.setInt32(at, (view.getInt32(at, true) + delta) | 0, true);

const add64 = (view: DataView, at: number, delta: bigint): void =>
  view.setBigUint64(at, BigInt.asUintN(64, view.getBigUint64(at, true) + delta), true);

function checkInside(list: Uint32Array, { base, width, size }: { base: number; width: number; size: number }): void {
  for (const address of list) {
    const at = (address - base) >>> 0;
    if (at + width > size)
      throw fail('bzimage/relocation-outside', {
        field: `relocation of ${width} bytes`,
        found: address,
        expected: `an address from 0x${base.toString(16)} to 0x${(base + size - width).toString(16)}`,
      });
  }
}
