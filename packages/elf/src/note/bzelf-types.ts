/** What bzelf's notes say, decoded. */
import type { PhysAddr } from '@bzelf/bytes';
import type { ENTRY_ARGUMENTS, ENTRY_MODES, ENTRY_PROTOCOLS, IMAGE_FORMS, MAPPING_PURPOSES } from './bzelf-values.js';

export type ImageForm = keyof typeof IMAGE_FORMS;
export type EntryProtocol = keyof typeof ENTRY_PROTOCOLS;
export type EntryMode = keyof typeof ENTRY_MODES;
export type EntryArgument = keyof typeof ENTRY_ARGUMENTS;
export type MappingPurpose = keyof typeof MAPPING_PURPOSES;

export interface ImageNote {
  readonly formatVersion: 1;
  readonly form: ImageForm;
  /** What the kernel runs in. */
  readonly bits: 16 | 32 | 64;
  /** As in the setup_header: 0x020f. */
  readonly bootProtocol: number;
  readonly madeBy: string;
}

export interface EntryNote {
  /** MAPPING notes refer to an entry by this number. */
  readonly id: number;
  readonly protocol: EntryProtocol;
  readonly mode: EntryMode;
  readonly address: PhysAddr;
  /** Where the loader puts the address of the parameter block. */
  readonly argument: EntryArgument;
  /** linux16: `address` counts from where the loader put the setup. */
  readonly setupRelative: boolean;
}

export interface SubarchNote {
  /** hardware_subarch of boot protocol 2.07. */
  readonly subarch: number;
  /** hardware_subarch_data. */
  readonly data: bigint;
}

export interface MappingRange {
  readonly start: PhysAddr;
  /** Bytes. */
  readonly length: bigint;
  /** virtual = physical + virtOffset, modulo 2^64; 0: P==V. */
  readonly virtOffset: bigint;
  readonly read: boolean;
  readonly write: boolean;
  readonly execute: boolean;
  readonly purpose: MappingPurpose;
  readonly required: boolean;
  /** `start` is only a suggestion: the loader chooses it. */
  readonly placedByLoader: boolean;
  /** From the headers, or observed while the kernel ran. */
  readonly evidence: 'declared' | 'measured';
}

/** The ranges to map before one entry. */
export interface MappingNote {
  readonly entryId: number;
  readonly ranges: readonly MappingRange[];
}

/** A run of the original's bytes: still in this file at `fileOffset`, or kept in the note. */
export type OriginPiece = {
  /** Offset in the original. */
  readonly at: number;
  readonly length: number;
} & ({ readonly from: 'file'; readonly fileOffset: number } | { readonly from: 'inline'; readonly bytes: Uint8Array });

export interface OriginNote {
  /** Bytes of the original. */
  readonly size: number;
  readonly sha256: Uint8Array;
  /** In order, without gap or overlap, they cover [0, size). */
  readonly pieces: readonly OriginPiece[];
}

export interface PlacementNote {
  readonly relocatable: boolean;
  readonly alignment: bigint;
  readonly preferred: PhysAddr;
  /** Bytes that the kernel needs from its start while it starts. */
  readonly initSize: bigint;
  readonly lowest: PhysAddr;
  /** Highest allowed start. */
  readonly highest: PhysAddr;
}

export interface PayloadNote {
  /** gzip, bzip2, lzma, xz, lzo, lz4, zstd or none. */
  readonly compressor: string;
  /** In this ELF file; 0 when it does not carry the payload as such. */
  readonly offset: number;
  readonly length: number;
  readonly uncompressedLength: number;
  /** Of the decompressed payload. */
  readonly sha256?: Uint8Array;
}
