export {
  ELFCLASS32,
  ELFCLASS64,
  ELFDATA2LSB,
  ELFDATA2MSB,
  EV_CURRENT,
  EI_CLASS,
  EI_DATA,
  EI_VERSION,
  EI_OSABI,
  ET_NONE,
  ET_REL,
  ET_EXEC,
  ET_DYN,
  ET_CORE,
  EM_386,
  EM_486,
  EM_X86_64,
  PT_NULL,
  PT_LOAD,
  PT_DYNAMIC,
  PT_INTERP,
  PT_NOTE,
  PT_SHLIB,
  PT_PHDR,
  PT_TLS,
  PT_GNU_EH_FRAME,
  PT_GNU_STACK,
  PT_GNU_RELRO,
  PT_GNU_PROPERTY,
  PF_X,
  PF_W,
  PF_R,
  SHT_NULL,
  SHT_PROGBITS,
  SHT_SYMTAB,
  SHT_STRTAB,
  SHT_RELA,
  SHT_HASH,
  SHT_DYNAMIC,
  SHT_NOTE,
  SHT_NOBITS,
  SHT_REL,
  SHT_DYNSYM,
  SHF_WRITE,
  SHF_ALLOC,
  SHF_EXECINSTR,
  SHF_MERGE,
  SHF_STRINGS,
  SHN_UNDEF,
  SHN_XINDEX,
  PN_XNUM,
  E_TYPE_NAMES,
  E_MACHINE_NAMES,
  P_TYPE_NAMES,
} from './constants.js';
export { ELF_ERRORS } from './errors.js';
export { ELF_TABLES, type ElfClass } from './class.js';
export { ELF32_EHDR, ELF64_EHDR, type Ehdr } from './ehdr.js';
export { ELF32_PHDR, ELF64_PHDR, type Phdr } from './phdr.js';
export { ELF32_SHDR, ELF64_SHDR, type Shdr } from './shdr.js';
export { ELF_MAGIC, probeElf, readElf, sectionBytes, segmentBytes, type ElfFile, type Section } from './read.js';
export { planElf, type ElfPlan, type ElfSpec, type Piece, type PlannedPiece } from './layout.js';
export { type SectionSpec, type SegmentSpec } from './layout.js';
export { elfParts, writeElf } from './write.js';
export {
  elfBootChecksum,
  elfBootChecksumField,
  ipChecksum,
  ipCombine,
  ipSum,
  sealElfBootChecksum,
} from './checksum.js';

export { ELF_NHDR, encodeNotes, type RawNote } from './note/nhdr.js';
export {
  noteAlign,
  readNotes,
  scanNotes,
  walkNotes,
  type Note,
  type NoteContainer,
  type NoteScan,
} from './note/read.js';
export { NOTE_READERS, viewNotesAs, type NoteReader, type NoteView, type ViewedNote } from './note/view.js';
export { type NoteCodec, type NoteContext } from './note/codec.js';
export { BZELF_NOTES, NOTE_CODECS, decodeNote, noteCodec, type AnyNoteCodec, type DecodedNote } from './note/index.js';

export {
  BZELF_OWNER,
  entryNote,
  imageNote,
  mappingNote,
  originNote,
  payloadNote,
  placementNote,
  subarchNote,
} from './note/bzelf.js';
export type {
  EntryArgument,
  EntryMode,
  EntryNote,
  EntryProtocol,
  ImageForm,
  ImageNote,
  MappingNote,
  MappingPurpose,
  MappingRange,
  OriginNote,
  OriginPiece,
  PayloadNote,
  PlacementNote,
  SubarchNote,
} from './note/bzelf-types.js';
export {
  ENTRY_ARGUMENTS,
  ENTRY_MODES,
  ENTRY_PROTOCOLS,
  IMAGE_FORMS,
  MAPPING_PURPOSES,
  NOTE_COMPRESSORS,
  ORIGIN_SOURCES,
  SUBARCH_NAMES,
  subarchName,
} from './note/bzelf-values.js';
export {
  BZELF_ENTRY,
  BZELF_IMAGE,
  BZELF_MAPPING,
  BZELF_MAPPING_RANGE,
  BZELF_ORIGIN,
  BZELF_ORIGIN_PIECE,
  BZELF_PAYLOAD,
  BZELF_PLACEMENT,
  BZELF_SUBARCH,
  NOTE_VERSION,
  RANGE_FLAGS,
} from './note/bzelf-tables.js';
export {
  XEN_FEATURES,
  XEN_NOTES,
  XEN_OWNER,
  xenBsdSymtab,
  xenFeatureNames,
  xenFeatures,
  xenL1MfnValid,
  xenPhys32Entry,
  xenPhys32Reloc,
  xenSupportedFeatures,
  type XenFeature,
  type XenPhys32Reloc,
  type XenSupportedFeatures,
} from './note/xen.js';
export {
  ELFBOOT_NOTES,
  ELFBOOT_OWNER,
  elfbootArgumentStyle,
  elfbootChecksum,
  elfbootProgramName,
  elfbootProgramVersion,
} from './note/elfboot.js';
export {
  GNU_ABI_OS,
  GNU_NOTES,
  GNU_OWNER,
  gnuAbiTag,
  gnuBuildId,
  gnuGoldVersion,
  gnuHwcap,
  gnuProperty,
  type GnuHwcap,
  type GnuProperty,
} from './note/gnu.js';
export { LINUX_NOTES, LINUX_OWNER, linuxBuildSalt, linuxLtoInfo, linuxVersion } from './note/linux.js';
export { OTHER_NOTES, fdoDlopen, fdoPackaging, stapsdtProbe, type JsonNote, type StapsdtNote } from './note/other.js';
export {
  EBN_ETHERBOOT,
  EBN_GENERIC,
  ELFBOOT_MAGIC,
  ELF_BHDR,
  decodeElfBootBlock,
  encodeElfBootBlock,
} from './elfboot-block.js';
export {
  ADDRESSES_VALID,
  findBootHeaders,
  findMultiboot2Header,
  findMultibootHeader,
  MULTIBOOT2_HEADER,
  MULTIBOOT2_HEADER_MAGIC,
  MULTIBOOT2_TAG,
  MULTIBOOT_HEADER,
  MULTIBOOT_HEADER_MAGIC,
  type AddressFields,
  type FoundHeader,
  type MultibootHeader,
} from './multiboot-header.js';
