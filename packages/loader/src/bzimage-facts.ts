import { alignUp, phys, type PhysAddr } from '@bzelf/bytes';
import {
  linux64Ranges,
  placementRules,
  XLF_CAN_BE_LOADED_ABOVE_4G,
  XLF_EFI_HANDOVER_32,
  XLF_EFI_HANDOVER_64,
  type BzImage,
  type PlacementRules,
} from '@bzelf/bzimage';
import type { MappingNote, PayloadNote, PlacementNote, SubarchNote } from '@bzelf/elf';
import type { KernelEntry } from './kernel.js';

const PAGE = 0x1000n;

export const canBeAbove4G = ({ header }: BzImage): boolean =>
  ((header.xloadflags ?? 0) & XLF_CAN_BE_LOADED_ABOVE_4G) !== 0;

/** The rules of the header, with an init_size that covers at least the file and whole pages. */
export function rulesOf({ header, protectedMode }: BzImage): PlacementRules {
  const rules = placementRules(header, protectedMode.size);
  const image = BigInt(protectedMode.size);
  return { ...rules, initSize: alignUp(rules.initSize > image ? rules.initSize : image, PAGE) };
}

export interface BzImageFacts {
  readonly bits: 16 | 32 | 64;
  readonly kernelVersion?: string;
  readonly bootProtocol: number;
  readonly entries: readonly KernelEntry[];
  readonly mappings: readonly MappingNote[];
  readonly placement: PlacementNote;
  readonly payload?: PayloadNote;
  readonly subarch?: SubarchNote;
}

/** What the setup_header says of entries and placement, in the words of our notes. */
export function bzImageFacts(bz: BzImage): BzImageFacts {
  const placement = placementOf(bz);
  const entries = entriesOf(bz, placement.preferred);
  const linux64 = entries.find((entry) => entry.protocol === 'linux64');
  const { hardware_subarch: subarch, hardware_subarch_data: data = 0n } = bz.header;
  const image = { start: placement.preferred, length: BigInt(bz.protectedMode.size) };
  const runtime = { start: placement.preferred, length: placement.initSize };
  return {
    bits: bz.bits,
    ...(bz.kernelVersion === undefined ? {} : { kernelVersion: bz.kernelVersion }),
    bootProtocol: bz.version,
    entries,
    mappings: linux64 === undefined ? [] : [{ entryId: linux64.id, ranges: linux64Ranges(image, runtime) }],
    placement,
    ...(bz.payload === undefined ? {} : { payload: payloadOf(bz.payload) }),
    ...(subarch === undefined ? {} : { subarch: { subarch, data } }),
  };
}

function placementOf(bz: BzImage): PlacementNote {
  const { relocatable, alignment, preferred, initSize, lowest, highest } = rulesOf(bz);
  return { relocatable, alignment, preferred, initSize, lowest, highest };
}

function payloadOf({ compressor, offset, length, uncompressedSize }: NonNullable<BzImage['payload']>): PayloadNote {
  return { compressor: compressor ?? 'unknown', offset, length, uncompressedLength: uncompressedSize ?? 0 };
}

/** Source: boot.rst, "32-bit boot protocol", "64-bit boot protocol", "EFI handover protocol". */
function entriesOf({ bits, header }: BzImage, load: PhysAddr): KernelEntry[] {
  const entries: Omit<KernelEntry, 'id' | 'evidence'>[] = [];
  const at = (offset: number): PhysAddr => phys(load + BigInt(offset));
  if (bits === 64)
    entries.push({ protocol: 'linux64', mode: 'long64', address: at(0x200), argument: 'rsi', setupRelative: false });
  if (bits !== 16)
    entries.push({ protocol: 'linux32', mode: 'protected32', address: at(0), argument: 'esi', setupRelative: false });
  entries.push({ protocol: 'linux16', mode: 'real16', address: phys(0x200), argument: 'ds', setupRelative: true });
  const handover = header.handover_offset ?? 0;
  // Before 2.12 the bits did not exist and the entry was the one of the kernel's own width.
  const offered =
    header.xloadflags === undefined || (header.xloadflags & (XLF_EFI_HANDOVER_32 | XLF_EFI_HANDOVER_64)) !== 0;
  if (handover !== 0 && offered && bits === 64)
    entries.push({
      protocol: 'efi-handover',
      mode: 'long64',
      address: at(handover + 0x200),
      argument: 'rdi',
      setupRelative: false,
    });
  if (handover !== 0 && offered && bits === 32)
    entries.push({
      protocol: 'efi-handover',
      mode: 'protected32',
      address: at(handover),
      argument: 'stack',
      setupRelative: false,
    });
  return entries.map((entry, id) => ({ ...entry, id, evidence: 'setup_header' }));
}
