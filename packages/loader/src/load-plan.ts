import type { PhysAddr, StructValues } from '@bzelf/bytes';
import type { SCREEN_INFO } from '@bzelf/bzimage';
import type { MappingRange } from '@bzelf/elf';
import type { CpuState } from './cpu.js';
import type { MemoryRange } from './memory.js';
import type { PageTables } from './page-tables.js';

/** The protocols that a load plan can follow. efi-handover and coreboot need firmware behind the kernel. */
export const PLAN_PROTOCOLS = [
  'linux64',
  'pvh',
  'linux32',
  'multiboot2',
  'multiboot',
  'linux16',
  'elfboot',
  'xen-pv',
] as const;
export type PlanProtocol = (typeof PLAN_PROTOCOLS)[number];

export interface SetupData {
  /** SETUP_*: 2 DTB, 9 RNG_SEED… Source: asm/setup_data.h. */
  readonly type: number;
  readonly data: Uint8Array;
}

/** Where a loader puts an object of its own: at an address, as low as it goes from one on, as high as it goes below one, or right behind the kernel. */
export type Place =
  | { readonly at: PhysAddr }
  | { readonly above: PhysAddr }
  | { readonly below: PhysAddr }
  | { readonly behind: 'kernel' };

/** Objects whose place a loader may choose, by their purpose in the plan's copies. */
export const PLACED_PURPOSES = [
  'boot_params',
  'cmdline',
  'initrd',
  'setup_data',
  'hvm_start_info',
  'hvm_modlist_entry',
  'hvm_memmap_table_entry',
  'multiboot_info',
  'multiboot2_info',
  'elfboot',
  'stack',
  'gdt',
  'page-tables',
] as const;
export type PlacedPurpose = (typeof PLACED_PURPOSES)[number];

export interface PlanOptions {
  /** Without it, the first of PLAN_PROTOCOLS that the file offers. */
  readonly protocol?: PlanProtocol;
  readonly memoryMap: readonly MemoryRange[];
  readonly cmdline?: string;
  /** The bytes, or only how many there will be: then the plan's copy says `initrdOffset`. */
  readonly initrd?: Uint8Array | { readonly size: number };
  /** Physical address of the RSDP. */
  readonly acpiRsdp?: PhysAddr;
  /** A copy of the RSDP (20 or 36 bytes), for Multiboot 2, which has no field for its address. */
  readonly acpiRsdpCopy?: Uint8Array;
  /** Where the kernel is to be loaded; without it, where it prefers to be, else the lowest place that it accepts. */
  readonly relocateTo?: PhysAddr;
  /**
   * Where certain objects go; all others wherever there is room. An object at an address may lie in what the memory map does not call RAM, as some
   * loaders have it. Without places of their own, the lists of hvm_start_info follow it.
   */
  readonly places?: Readonly<Partial<Record<PlacedPurpose, Place>>>;
  /** linux16: the segment of the real-mode block, 0x1000 to 0x9000; without it, the lowest that is free. */
  readonly realModeSegment?: number;
  /** type_of_loader; 0xff (unknown) unless told. */
  readonly loaderId?: number;
  /** The name that Multiboot and ELFBoot pass on. */
  readonly bootloader?: string;
  /** Linux boot protocols: nodes of the setup_data list. */
  readonly setupData?: readonly SetupData[];
  /** Linux boot protocols: hardware_subarch and its data; without it, the SUBARCH note's, else what the header has. */
  readonly subarch?: { readonly subarch: number; readonly data: bigint };
  /** Linux boot protocols: fields of screen_info; all zero (no screen) unless told. */
  readonly screenInfo?: Partial<StructValues<typeof SCREEN_INFO>>;
  /** PVH: version of hvm_start_info (default 1). */
  readonly startInfoVersion?: 0 | 1;
  /** linux64: map the ranges, too, that a MAPPING note calls optional (default true). */
  readonly optionalMappings?: boolean;
  /** linux64: more ranges for the page tables, for a loader that must survive the switch to them. */
  readonly extraMappings?: readonly MappingRange[];
}

/** Where the bytes of a copy come from. `initrdOffset` only when the initrd was given as a size. */
export type CopySource =
  | { readonly fileOffset: number; readonly length: number }
  | { readonly bytes: Uint8Array }
  | { readonly initrdOffset: number; readonly length: number };

export interface Copy {
  readonly to: PhysAddr;
  readonly from: CopySource;
  readonly purpose: string;
}

export interface PlanRange {
  readonly start: PhysAddr;
  /** Bytes. */
  readonly length: bigint;
  readonly purpose: string;
}

export type ParameterBlockKind =
  'boot_params' | 'hvm_start_info' | 'multiboot_info' | 'multiboot2_info' | 'elfboot' | 'xen start_info';

export interface ParameterBlock {
  readonly kind: ParameterBlockKind;
  readonly address: PhysAddr;
  readonly bytes: Uint8Array;
}

/**
 * Everything a loader does, as data: carry out `copies` and `zeros` (they do not overlap), leave `reserve` alone, set
 * the processor as `cpu` says, and let it run. Every byte of the parameter block, command line, GDT and page tables is
 * among the copies.
 */
export interface LoadPlan {
  readonly protocol: PlanProtocol;
  /** The first instruction, physical. */
  readonly entry: PhysAddr;
  readonly copies: readonly Copy[];
  readonly zeros: readonly PlanRange[];
  /** Memory that the kernel overwrites while it starts: nothing that must survive may lie there. */
  readonly reserve: readonly PlanRange[];
  readonly cpu: CpuState;
  readonly parameterBlock?: ParameterBlock;
  readonly cmdline?: PlanRange;
  readonly initrd?: PlanRange;
  readonly pageTables?: PageTables;
  /** What the page tables map. */
  readonly mappings?: readonly MappingRange[];
  readonly warnings: readonly string[];
}

export const copyLength = ({ from }: Copy): number => ('bytes' in from ? from.bytes.length : from.length);
