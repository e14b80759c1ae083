import { addBytes, phys, type PhysAddr } from '@bzelf/bytes';
import { fixCrc, type BzImage } from '@bzelf/bzimage';
import {
  ELF_TABLES,
  EM_386,
  EM_X86_64,
  ET_EXEC,
  PF_R,
  PF_W,
  PF_X,
  planElf,
  sealElfBootChecksum,
  writeElf,
  type ElfPlan,
  type ElfSpec,
  type OriginPiece,
  type Piece,
} from '@bzelf/elf';
import { bzImageEntries, ENTRY_64_OFFSET } from '../entries.js';
import { fail } from '../errors.js';
import { bzelfNotes, elfBootNotes, notesPiece, sha256 } from '../notes.js';
import { codeLength } from '../placement.js';
import type { FormContext, WrittenForm } from './context.js';
import { kept, loadSegment, mirrored, noteSection, noteSegment } from './parts.js';

const CRC_SIZE = 4;
const FOUR_GIB = 0x1_0000_0000n;
/** The sentinel of boot_params is the last byte before setup_header. Source: boot.rst, field setup_sects. */
const SENTINEL = 0x1ef;

/**
 * The same bzImage with an ELF header and two program headers over its boot sector, which no loader of the boot
 * protocol runs. Notes and section headers follow the last byte of the input.
 */
export function writeInplace(ctx: FormContext): WrittenForm {
  const { bz, options } = ctx;
  if (bz.pe && !options.allowEfiLoss) {
    throw fail('writer/efi-loss', {
      offset: 0,
      field: 'MZ',
      found: 'an EFI executable',
      hint: 'use --form container, which keeps the input, or accept it with --allow-efi-loss',
    });
  }
  const file = writeElf(planInplace(ctx));
  if (carriesCrc(bz)) fixCrc(file, bz.protectedMode.offset + bz.protectedMode.size);
  sealElfBootChecksum(file);
  return { parts: [file], warnings: bz.pe ? [EFI_LOST] : [] };
}

const EFI_LOST = 'the output is no EFI executable any more: no EFI stub, no Secure Boot, no kexec signature check';

const carriesCrc = ({ crc }: BzImage): boolean => crc.state === 'good' || crc.state === 'signed';

function planInplace(ctx: FormContext): ElfPlan {
  const { bz, input, placement } = ctx;
  const elfClass = bz.bits === 64 ? 64 : 32;
  const { ehdr, phdr } = ELF_TABLES[elfClass];
  const headers = ehdr.size + 2 * phdr.size;
  if (headers > SENTINEL) throw fail('writer/no-room', { found: headers, expected: `at most ${SENTINEL} bytes` });

  const load = runAddress(ctx);
  const end = load + placement.initSize;
  if (elfClass === 32 && end > FOUR_GIB) {
    throw fail('writer/does-not-fit', { field: 'pref_address', found: end, expected: 'an end below 4 GiB' });
  }
  const { offset, size } = bz.protectedMode;
  const notes = inplaceNotes(ctx, headers, load);
  // What only real-mode code enters has no permissions to declare: data.
  const flags = bz.bits === 16 ? PF_R | PF_W : PF_R | PF_W | PF_X;
  const kernel = loadSegment('input', { offset: offset - headers, size }, load, placement.initSize, flags);
  const spec: ElfSpec = {
    class: elfClass,
    e_type: ET_EXEC,
    e_machine: elfClass === 64 ? EM_X86_64 : EM_386,
    e_entry: entryAddress(ctx, load),
    segments: [noteSegment(notes), kernel],
    sections: [
      ...kept('.bzimage.setup', 'input', 0, offset - headers),
      ...mirrored('.kernel', kernel, bz.bits === 16 ? 0 : codeLength(bz)),
      ...kept('.bzimage.tail', 'input', offset + size - headers, input.length - offset - size),
      noteSection('notes'),
    ],
    pieces: [{ name: 'input', size: input.length - headers, align: 1, bytes: input.subarray(headers) }, notes],
  };
  return planElf(spec);
}

function inplaceNotes(ctx: FormContext, headers: number, load: PhysAddr): Piece {
  const { bz, input, placement, payload } = ctx;
  const notes = [
    ...bzelfNotes({
      ...ctx,
      form: 'inplace',
      entries: bzImageEntries(bz, load, placement.initSize),
      origin: { size: input.length, sha256: sha256(input), pieces: originPieces(ctx, headers) },
      payloadOffset: bz.payload?.offset ?? 0,
    }),
    ...payload.carried,
  ];
  return notesPiece([...notes, ...elfBootNotes(bz, { checksum: true })]);
}

/** The overwritten bytes travel in the note: the boot sector's head, and the CRC. */
function originPieces(ctx: FormContext, headers: number): OriginPiece[] {
  const { input, bz } = ctx;
  const inline = (at: number, length: number): OriginPiece => ({
    at,
    length,
    from: 'inline',
    bytes: input.subarray(at, at + length),
  });
  const inFile = (at: number, end: number): OriginPiece => ({ at, length: end - at, from: 'file', fileOffset: at });
  if (!carriesCrc(bz)) return [inline(0, headers), inFile(headers, input.length)];
  const crc = bz.protectedMode.offset + bz.protectedMode.size - CRC_SIZE;
  return [inline(0, headers), inFile(headers, crc), inline(crc, CRC_SIZE), inFile(crc + CRC_SIZE, input.length)].filter(
    ({ length }) => length > 0,
  );
}

/** No stub moves the kernel here: it is declared where the boot protocol wants it. */
const runAddress = ({ placement }: FormContext): PhysAddr => placement.run ?? placement.load;

/** e_entry is the kernel's own, by its widest protocol; 0, "no entry" by the gABI, where it has a real-mode one only. */
function entryAddress({ bz }: FormContext, load: PhysAddr): PhysAddr {
  if (bz.bits === 16) return phys(0);
  return bz.bits === 64 ? addBytes(load, ENTRY_64_OFFSET) : load;
}
