export { BOOT_CS, BOOT_DS, BOOT_TSS, bootGdt, descriptor, REGISTER_NAMES, registers } from './cpu.js';
export type { CpuState, RegisterName, Registers, SegmentName, SegmentState } from './cpu.js';
export { directStart, type DirectPlan, type DirectStartOptions } from './direct-start.js';
export { LOADER_ERRORS } from './errors.js';
export { innerKernelOf, memoryImage, readInnerKernel, type DirectEntry, type InnerKernel } from './inner-kernel.js';
export { splitMix64, type KaslrChoice, type Slides } from './kaslr.js';
export type {
  BzImageKernel,
  ContainerKernel,
  ElfKernel,
  InplaceKernel,
  KernelEntry,
  KernelImage,
  PvhRelocation,
} from './kernel.js';
export { copyLength, PLACED_PURPOSES, PLAN_PROTOCOLS } from './load-plan.js';
export type {
  Copy,
  CopySource,
  LoadPlan,
  ParameterBlock,
  ParameterBlockKind,
  Place,
  PlacedPurpose,
  PlanOptions,
  PlanProtocol,
  PlanRange,
  SetupData,
} from './load-plan.js';
export { resolveRanges, type PlacedObject, type ResolveOptions } from './mappings.js';
export {
  FreeMemory,
  MEMORY_ACPI,
  MEMORY_NVS,
  MEMORY_RAM,
  MEMORY_RESERVED,
  MEMORY_UNUSABLE,
  pcMemoryMap,
  ramIntervals,
  showRange,
  type Interval,
  type MemoryRange,
} from './memory.js';
export {
  encodeMultiboot2Info,
  encodeMultibootInfo,
  MULTIBOOT2_BOOTLOADER_MAGIC,
  MULTIBOOT_BOOTLOADER_MAGIC,
  MULTIBOOT_INFO,
} from './multiboot-info.js';
export { openKernel } from './open.js';
export { originSource } from './origin-source.js';
export { buildPageTables, draftPageTables, mappedBytes } from './page-tables.js';
export type { PageRange, PageTableDraft, PageTableOptions, PageTables } from './page-tables.js';
export { planLoad, planProtocols } from './plan.js';
export { PROTOCOLS } from './protocols/index.js';
export {
  decodeStartInfo,
  encodeStartInfo,
  HVM_MEMMAP_TABLE_ENTRY,
  HVM_MODLIST_ENTRY,
  HVM_START_INFO,
  HVM_START_MAGIC,
} from './start-info.js';
export { XEN_START_INFO } from './xen-start-info.js';
