import type { PhysAddr } from '@bzelf/bytes';
import type { EntryMode, EntryProtocol } from '@bzelf/elf';
import { bimodalTargets } from '../stub-entry.js';
import { isElfSubject, type ElfSubject, type Subject } from '../subject.js';

/**
 * `enters`: the kernel is entered as it wants to be. `refuses`: with a message. `hangs`: without one. `misreads`: it enters
 * something, in a state that it does not know. `unknown`: only the decompressed kernel tells.
 */
export type Outcome = 'enters' | 'refuses' | 'hangs' | 'misreads' | 'unknown';

/** What stands in the way, or the way's weak point, for programs that have words and remedies of their own for it. */
export type Obstacle =
  | 'no kernel'
  | 'elf by EFI'
  | 'no EFI stub'
  | 'handover only'
  | 'Multiboot in ELF64'
  | 'PVH not looked for'
  | 'no PVH note'
  | 'e_machine'
  | 'memory below 1 MiB'
  | 'segments'
  | 'no PV notes';

export interface Forecast {
  readonly outcome: Outcome;
  /** For people: what the loader finds and does, or says. */
  readonly because: string;
  /** Absent where the loader passes nothing that a protocol knows. */
  readonly protocol?: EntryProtocol;
  readonly entry?: PhysAddr;
  readonly obstacle?: Obstacle;
  /** What the kernel does not get from this loader. */
  readonly loses?: readonly ('initrd' | 'command line' | 'memory map' | 'what makes it dom0')[];
}

export interface Loader {
  readonly name: string;
  readonly doc: string;
  /** Where its rules were read. */
  readonly source: string;
  forecast(subject: Subject): Forecast;
}

export const refuses = (because: string, obstacle?: Obstacle): Forecast => ({
  outcome: 'refuses',
  because,
  ...(obstacle === undefined ? {} : { obstacle }),
});
export const misreads = (because: string): Forecast => ({ outcome: 'misreads', because });

export function enters(
  protocol: EntryProtocol | undefined,
  entry: PhysAddr | undefined,
  because: string,
  loses: Forecast['loses'] = [],
): Forecast {
  return {
    outcome: 'enters',
    because,
    ...(protocol === undefined ? {} : { protocol }),
    ...(entry === undefined ? {} : { entry }),
    ...(loses.length === 0 ? {} : { loses }),
  };
}

/** The rules of a loader that knows ELF and bzImage, in the order in which it looks. */
export const elfOr =
  (elf: (subject: ElfSubject) => Forecast, otherwise: (subject: Subject) => Forecast) =>
  (subject: Subject): Forecast =>
    isElfSubject(subject) ? elf(subject) : otherwise(subject);

/** Is there an entry for this mode at an address: a declared one, or the instruction of a stub that is good for both? */
export function hasCodeFor(subject: ElfSubject, mode: EntryMode, address: bigint): boolean {
  const declared = subject.kernel.entries.some(
    (entry) => entry.mode === mode && entry.address === address && !entry.setupRelative,
  );
  if (declared) return true;
  const both = bimodalTargets(subject, address);
  return both !== undefined && (mode === 'long64' || mode === 'protected32');
}

/** A loader of ELF files makes boot_params of its own; a decompressor finds no init_size and no alignment in them. */
export const BARE_DECOMPRESSOR =
  'it takes the file for an ELF file and enters the decompressor with boot_params of its own, which have neither init_size nor alignment';
