import { alignDown, alignUp, phys, type PhysAddr } from '@bzelf/bytes';
import { effectiveVersion, XLF_CAN_BE_LOADED_ABOVE_4G, XLF_KERNEL_64, type SetupHeader } from './setup-header.js';

/** Where a bzImage has always gone. boot.rst, "Memory Layout". */
export const DEFAULT_LOAD = phys(0x100000);
/** boot.rst, field initrd_addr_max: what holds before 2.03. */
export const INITRD_ADDR_MAX_DEFAULT = 0x37ffffff;
/** boot.rst, field cmdline_size: what holds before 2.06. */
export const CMDLINE_SIZE_DEFAULT = 255;

/** misc.c, extract_kernel: "Destination address too large" above these. i386: with the usual __PAGE_OFFSET 0xc0000000. */
const HIGHEST_END_64 = 0x4000_0000_0000n;
const HIGHEST_END_32 = 0x3800_0000n;
const FOUR_GIB = 0x1_0000_0000n;

export interface PlacementRules {
  /** relocatable_kernel (2.05). */
  readonly relocatable: boolean;
  /** What the runtime start is a multiple of. */
  readonly alignment: bigint;
  /** The least alignment that a loader may choose, with kernel_alignment rewritten (min_alignment, 2.10). */
  readonly minAlignment: bigint;
  readonly preferred: PhysAddr;
  /** From the runtime start on, bytes. */
  readonly initSize: bigint;
  /** Lowest and highest address that the protected-mode kernel may be loaded at. */
  readonly lowest: PhysAddr;
  readonly highest: PhysAddr;
}

/**
 * Placement by the header, with defaults for fields that its version does not have: pref_address 1 MiB, alignment 1,
 * and init_size three times the protected-mode kernel (as GRUB reckons for protocols before 2.10).
 */
export function placementRules(header: SetupHeader, protectedModeSize: number): PlacementRules {
  const relocatable = (header.relocatable_kernel ?? 0) !== 0;
  const alignment = relocatable ? BigInt(header.kernel_alignment ?? 0) || 1n : 1n;
  const preferred = phys(header.pref_address ?? DEFAULT_LOAD);
  const initSize = BigInt(header.init_size ?? 0) || alignUp(BigInt(protectedModeSize), 0x1000n) * 3n;
  const minAlignment = header.min_alignment === undefined ? alignment : 1n << BigInt(header.min_alignment & 63);
  const fixed = { relocatable, alignment, minAlignment, preferred, initSize };
  if (!relocatable) return { ...fixed, lowest: preferred, highest: preferred };
  const highest = alignDown(highestEnd(header) - initSize, alignment);
  return { ...fixed, lowest: DEFAULT_LOAD, highest: phys(highest > DEFAULT_LOAD ? highest : DEFAULT_LOAD) };
}

function highestEnd(header: SetupHeader): bigint {
  const xloadflags = header.xloadflags ?? 0;
  if ((xloadflags & XLF_CAN_BE_LOADED_ABOVE_4G) !== 0) return HIGHEST_END_64;
  return (xloadflags & XLF_KERNEL_64) !== 0 ? FOUR_GIB : HIGHEST_END_32;
}

/**
 * Where the kernel runs (and needs init_size) when its protected-mode part is loaded at `load`: not below
 * pref_address, aligned up. Source: boot.rst, field init_size (6.12 text); head_64.S.
 */
export function runtimeStart(header: SetupHeader, load: PhysAddr): PhysAddr {
  const preferred = phys(header.pref_address ?? DEFAULT_LOAD);
  if ((header.relocatable_kernel ?? 0) === 0) return preferred;
  return phys(alignUp(load > preferred ? load : preferred, BigInt(header.kernel_alignment ?? 0)));
}

/** Is `load` a place for the protected-mode kernel? */
export function isAllowedLoad(rules: PlacementRules, load: PhysAddr): boolean {
  return load >= rules.lowest && load <= rules.highest;
}

/**
 * The highest address that the last byte of an initrd may have: initrd_addr_max, or what 2.02 and earlier know. With
 * XLF_CAN_BE_LOADED_ABOVE_4G a loader may go beyond through ext_ramdisk_image; QEMU then takes 4 GiB − 1.
 */
export function initrdAddrMax(header: SetupHeader): PhysAddr {
  return phys(header.initrd_addr_max ?? INITRD_ADDR_MAX_DEFAULT);
}

/** Longest command line without its NUL, bytes. */
export function cmdlineSizeMax(header: SetupHeader): number {
  return effectiveVersion(header.version) >= 0x0206
    ? (header.cmdline_size ?? CMDLINE_SIZE_DEFAULT)
    : CMDLINE_SIZE_DEFAULT;
}
