import type { ByteSource, PhysAddr } from '@bzelf/bytes';
import type { BzImage } from '@bzelf/bzimage';
import type {
  ElfFile,
  EntryNote,
  ImageNote,
  MappingNote,
  OriginNote,
  PayloadNote,
  PlacementNote,
  SubarchNote,
} from '@bzelf/elf';
import type { MultibootHeader } from '@bzelf/elf';

/** One way into the kernel. `evidence` says where it is written. */
export interface KernelEntry extends EntryNote {
  readonly evidence: 'bzelf-note' | 'xen-note' | 'elfboot-note' | 'setup_header' | 'multiboot-header' | 'e_entry';
}

/** XEN_ELFNOTE_PHYS32_RELOC with its defaults filled in. */
export interface PvhRelocation {
  readonly align: bigint;
  readonly min: PhysAddr;
  /** The highest last byte. */
  readonly max: PhysAddr;
}

interface KernelCommon {
  readonly source: ByteSource;
  readonly bits: 16 | 32 | 64;
  /** What `uname -r` and more will say, where the file tells it without being decompressed. */
  readonly kernelVersion?: string;
  /** As in the setup_header: 0x020f. */
  readonly bootProtocol?: number;
  readonly entries: readonly KernelEntry[];
  /** The ranges to map before an entry, by its id: from MAPPING notes, else what boot.rst declares. */
  readonly mappings: readonly MappingNote[];
  readonly image?: ImageNote;
  readonly placement?: PlacementNote;
  readonly payload?: PayloadNote;
  readonly subarch?: SubarchNote;
  readonly origin?: OriginNote;
  readonly multiboot?: MultibootHeader;
  readonly multiboot2?: MultibootHeader;
  readonly pvhRelocation?: PvhRelocation;
  /** What is odd in the file but does not keep it from being read. */
  readonly warnings: readonly string[];
}

/** A bzImage as the kernel build makes it. */
export interface BzImageKernel extends KernelCommon {
  readonly form: 'bzimage';
  readonly bzImage: BzImage;
}

/** A bzImage with an ELF header over its first bytes. */
export interface InplaceKernel extends KernelCommon {
  readonly form: 'inplace';
  readonly bzImage: BzImage;
  readonly elf: ElfFile;
}

/** An ELF file around a bzImage; the bzImage is read through the ORIGIN note. */
export interface ContainerKernel extends KernelCommon {
  readonly form: 'container';
  readonly elf: ElfFile;
  readonly bzImage?: BzImage;
}

/** A Linux kernel as ELF, ours or anybody's; or another ELF file that a boot protocol may enter. */
export interface ElfKernel extends KernelCommon {
  readonly form: 'vmlinux' | 'elf';
  readonly elf: ElfFile;
  readonly bzImage?: undefined;
}

export type KernelImage = BzImageKernel | InplaceKernel | ContainerKernel | ElfKernel;
