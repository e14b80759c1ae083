import { alignUp, phys, type PhysAddr } from '@bzelf/bytes';
import { placementRules, type BzImage } from '@bzelf/bzimage';

/** crosvm loads nothing below, and SeaBIOS, GRUB and the ROMs use what lies below. Source: docs/loaders.md. */
export const LOWEST_LOAD = 0x20_0000n;
/** CONFIG_PHYSICAL_START of every distribution: where a kernel that says nothing goes. */
const DEFAULT_LOAD = 0x100_0000n;

/** Where the protected-mode kernel is loaded, and where it has to run. */
export interface KernelPlacement {
  readonly load: PhysAddr;
  /** Set when the kernel cannot run where it is loaded: the entry stub moves it there. */
  readonly run?: PhysAddr;
  /** Bytes from `load` that belong to the kernel while it starts. */
  readonly reserve: bigint;
  /** Bytes that the kernel needs from where it runs: init_size, or a guess for headers before 2.10. */
  readonly initSize: bigint;
  readonly initSizeGuessed: boolean;
  readonly relocatable: boolean;
  /** Bytes; 1 where the header says nothing. */
  readonly alignment: bigint;
  readonly preferred: PhysAddr;
}

export function placeKernel(bz: BzImage): KernelPlacement {
  const { header, protectedMode } = bz;
  const size = BigInt(protectedMode.size);
  const { relocatable, alignment, preferred, initSize: needed } = placementRules(header, protectedMode.size);
  const initSize = needed > size ? needed : size;
  const common = { initSize, initSizeGuessed: header.init_size === undefined, relocatable, alignment, preferred };

  const load = preferred >= LOWEST_LOAD ? preferred : phys(alignUp(DEFAULT_LOAD, alignment));
  const runsWhereLoaded = bz.bits !== 16 && (relocatable || load === preferred);
  return runsWhereLoaded ? { load, reserve: initSize, ...common } : { load, run: preferred, reserve: size, ...common };
}

/** What of the input is loaded: the protected-mode kernel; for a 16-bit kernel its real-mode part before it, too. */
export function loadedImage({ bits, protectedMode }: BzImage): { readonly offset: number; readonly size: number } {
  return bits === 16 ? { offset: 0, size: protectedMode.offset + protectedMode.size } : protectedMode;
}

/** Bytes of the protected-mode kernel that are code for sure: up to the payload, or the page of its entries. */
export function codeLength({ payload, protectedMode }: BzImage): number {
  return payload ? payload.offset - protectedMode.offset : Math.min(ENTRY_PAGE, protectedMode.size);
}
const ENTRY_PAGE = 0x1000;
