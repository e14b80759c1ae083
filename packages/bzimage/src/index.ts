export { BZIMAGE_ERRORS } from './errors.js';
export {
  CAN_USE_HEAP,
  HARDWARE_SUBARCH,
  HDRS,
  HEADER_END_MAX,
  KASLR_FLAG,
  KEEP_SEGMENTS,
  LOADED_HIGH,
  LOADER_IDS,
  LOADFLAGS,
  QUIET_FLAG,
  SETUP_HEADER,
  SETUP_HEADER_START,
  XLF_5LEVEL,
  XLF_5LEVEL_ENABLED,
  XLF_CAN_BE_LOADED_ABOVE_4G,
  XLF_EFI_HANDOVER_32,
  XLF_EFI_HANDOVER_64,
  XLF_EFI_KEXEC,
  XLF_KERNEL_64,
  XLOADFLAGS,
  effectiveVersion,
  flagNames,
  headerBytes,
  headerEnd,
  readSetupHeader,
  versionText,
  type FlagBit,
  type SetupHeader,
} from './setup-header.js';
export { probeBzImage, readBzImage, type BzImage, type FileRange } from './image.js';
export { KERNEL_INFO, readKernelInfo, type KernelInfo } from './kernel-info.js';
export { peInitrdSupport, readCertificates, readPe, type Certificate, type PeImage, type PeSection } from './pe.js';
export { checkCrc, computeCrc, fixCrc, type CrcRange, type CrcResult } from './crc.js';
export { COMPRESSORS, type Compressor, type CompressorName } from './payload/compressors.js';
export { detectCompressor } from './payload/detect.js';
export { DEFAULT_LIMIT, decompress, extractPayload, type DecompressOptions } from './payload/extract.js';
export type { Payload } from './payload/find.js';
export {
  parseRelocations,
  placeVmlinux,
  splitVmlinux,
  type Relocations,
  type SplitVmlinux,
  type VmlinuxPlacement,
  type VmlinuxSegment,
} from './vmlinux.js';
export { applyRelocations, type Slide } from './relocate.js';
export {
  CMDLINE_SIZE_DEFAULT,
  DEFAULT_LOAD,
  INITRD_ADDR_MAX_DEFAULT,
  cmdlineSizeMax,
  initrdAddrMax,
  isAllowedLoad,
  placementRules,
  runtimeStart,
  type PlacementRules,
} from './placement.js';
export {
  BOOT_PARAMS,
  E820_ENTRY,
  E820_MAX_ENTRIES_ZEROPAGE,
  E820_TYPES,
  E820_TYPE_ACPI,
  E820_TYPE_NVS,
  E820_TYPE_PMEM,
  E820_TYPE_PRAM,
  E820_TYPE_RAM,
  E820_TYPE_RESERVED,
  E820_TYPE_RESERVED_KERN,
  E820_TYPE_SOFT_RESERVED,
  E820_TYPE_UNUSABLE,
  EFI_INFO,
  SCREEN_INFO,
  SETUP_APPLE_PROPERTIES,
  SETUP_CC_BLOB,
  SETUP_DATA,
  SETUP_DATA_TYPES,
  SETUP_DTB,
  SETUP_E820_EXT,
  SETUP_EFI,
  SETUP_IMA,
  SETUP_INDIRECT,
  SETUP_INDIRECT_DATA,
  SETUP_JAILHOUSE,
  SETUP_KEXEC_KHO,
  SETUP_NONE,
  SETUP_PCI,
  SETUP_RNG_SEED,
  type BootParams,
  type E820Entry,
} from './boot-params.js';
export {
  buildBootParams,
  decodeBootParams,
  e820Overflow,
  type BootParamsOptions,
  type DecodedBootParams,
} from './build-boot-params.js';
export { e820ExtNode, readSetupDataNode, setupDataNode, setupIndirectNode, type SetupDataNode } from './setup-data.js';
export { bootParamsRanges, declaredRange, linux64Ranges, loadersRange, vmlinuxRanges } from './declared-ranges.js';
