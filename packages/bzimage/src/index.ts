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
