import { createHash } from 'node:crypto';
import { phys, type PhysAddr } from '@bzelf/bytes';
import type { BzImage } from '@bzelf/bzimage';
import {
  elfbootArgumentStyle,
  elfbootChecksum,
  elfbootProgramName,
  elfbootProgramVersion,
  encodeNotes,
  entryNote,
  imageNote,
  mappingNote,
  originNote,
  payloadNote,
  placementNote,
  subarchNote,
  type ImageNote,
  type OriginPiece,
  type Piece,
  type RawNote,
} from '@bzelf/elf';
import type { DeclaredEntry } from './entries.js';
import { fail } from './errors.js';
import type { WrapOptions } from './options.js';
import type { KernelPlacement } from './placement.js';

export const MADE_BY = 'bzelf 0.1.0';

/** QEMU takes any note of this type for a PVH entry, whoever owns it. Source: QEMU, read_pvh_start_addr. */
const PHYS32_ENTRY_TYPE = 18;

export interface NoteInputs {
  readonly bz: BzImage;
  readonly form: ImageNote['form'];
  readonly entries: readonly DeclaredEntry[];
  readonly placement: KernelPlacement;
  /** SHA-256 of the whole input, and where its bytes are; absent for the vmlinux form. */
  readonly origin?: { readonly sha256: Uint8Array; readonly size: number; readonly pieces: OriginPiece[] };
  /** File offset of the compressed payload in the output, 0 if it is not carried. */
  readonly payloadOffset: number;
  readonly payload: PayloadFacts;
  readonly options: WrapOptions;
}

/** What only decompression tells. */
export interface PayloadFacts {
  readonly sha256?: Uint8Array;
  readonly uncompressedLength?: number;
  /** Notes of the inner kernel to carry over. */
  readonly carried: readonly RawNote[];
}

export const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());

/** The notes of owner `bzelf`, in the order of their types; then what the caller adds. Throws writer/note-type. */
export function bzelfNotes({
  bz,
  form,
  entries,
  placement,
  origin,
  options,
  payloadOffset,
  payload,
}: NoteInputs): RawNote[] {
  for (const note of options.notes ?? []) {
    if (note.type === PHYS32_ENTRY_TYPE) throw fail('writer/note-type', { found: `owner ${note.owner}, type 18` });
  }
  return [
    imageNote.encode({ formatVersion: 1, form, bits: bz.bits, bootProtocol: bz.version, madeBy: MADE_BY }),
    ...entries.map((entry, id) => entryNote.encode({ ...entry, id })),
    subarchNote.encode(
      options.subarch ?? { subarch: bz.header.hardware_subarch ?? 0, data: bz.header.hardware_subarch_data ?? 0n },
    ),
    ...entries.map(({ ranges }, entryId) =>
      mappingNote.encode({ entryId, ranges: [...ranges, ...(options.ranges ?? [])] }),
    ),
    ...(origin ? [originNote.encode(origin)] : []),
    placementNote.encode(placementValue(placement)),
    ...payloadNotes(bz, payloadOffset, payload),
    ...(options.notes ?? []),
  ];
}

/** Highest start: the whole of init_size stays below 4 GiB, where every entry of ours can reach it. */
function placementValue({ relocatable, alignment, preferred, initSize, load }: KernelPlacement) {
  const top = ((0x1_0000_0000n - initSize) / alignment) * alignment;
  const lowest: PhysAddr = relocatable ? preferred : phys(load);
  return { relocatable, alignment, preferred, initSize, lowest, highest: relocatable ? phys(top) : lowest };
}

function payloadNotes(bz: BzImage, offset: number, { sha256: hash, uncompressedLength }: PayloadFacts): RawNote[] {
  if (bz.payload?.compressor === undefined) return [];
  const { compressor, length, uncompressedSize } = bz.payload;
  return [
    payloadNote.encode({
      compressor,
      offset,
      length,
      uncompressedLength: uncompressedLength ?? uncompressedSize ?? 0,
      ...(hash && { sha256: hash }),
    }),
  ];
}

/** EIN_ARGUMENT_STYLE of the 2006 kernel patches: boot_params in esi. */
const ARGUMENT_STYLE = 'Linux';

/**
 * The checksum is sealed when the file is whole. What is inside is told by its own word: "6.1.0-56-amd64 (debian-…)" is a release
 * of Linux, other images begin with a name.
 */
export function elfBootNotes({ kernelVersion = '' }: BzImage, { checksum }: { checksum: boolean }): RawNote[] {
  const [first = '', second = ''] = kernelVersion.split(' ');
  const isLinux = /^\d+\.\d/.test(first);
  return [
    elfbootProgramName.encode({ text: isLinux ? 'Linux' : first || 'bzImage' }),
    elfbootProgramVersion.encode({ text: (isLinux ? first : second) || 'unknown' }),
    ...(checksum ? [elfbootChecksum.encode({ checksum: 0 })] : []),
    elfbootArgumentStyle.encode({ text: ARGUMENT_STYLE }),
  ];
}

export function notesPiece(notes: readonly RawNote[]): Piece {
  const bytes = encodeNotes(notes);
  return { name: 'notes', size: bytes.length, align: 4, bytes };
}
