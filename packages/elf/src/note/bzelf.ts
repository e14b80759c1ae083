/**
 * bzelf's own notes. docs/notes.md is their specification; a test holds its tables against these.
 * Type 18 stays unused for ever: QEMU takes any note of that type, whoever owns it, for a PVH entry.
 */
import { alignUp, asciz, concat, phys, readAsciz } from '@bzelf/bytes';
import {
  ENTRY_ARGUMENTS,
  ENTRY_MODES,
  ENTRY_PROTOCOLS,
  IMAGE_FORMS,
  MAPPING_PURPOSES,
  NOTE_COMPRESSORS,
  ORIGIN_SOURCES,
  nameOf,
  valueOf,
} from './bzelf-values.js';
import {
  BZELF_ENTRY,
  BZELF_IMAGE,
  BZELF_MAPPING,
  BZELF_MAPPING_RANGE,
  BZELF_ORIGIN,
  BZELF_ORIGIN_PIECE,
  BZELF_PAYLOAD,
  BZELF_PLACEMENT,
  BZELF_SUBARCH,
  ENTRY_SETUP_RELATIVE,
  NOTE_VERSION,
  PAYLOAD_HAS_SHA256,
  PLACEMENT_RELOCATABLE,
  RANGE_FLAGS,
} from './bzelf-tables.js';
import type {
  ImageNote,
  EntryNote,
  SubarchNote,
  MappingRange,
  MappingNote,
  OriginPiece,
  OriginNote,
  PlacementNote,
  PayloadNote,
} from './bzelf-types.js';
import { badDesc, badSize, defineNote } from './codec.js';

export const BZELF_OWNER = 'bzelf';

/** Throws unless the fixed part is there and its layout version is ours. */
function checkFixed(table: { name: string; size: number }, desc: Uint8Array): void {
  if (desc.length < table.size) throw badSize(table.name, desc, `at least ${table.size}`);
  const version = (desc[0] ?? 0) | ((desc[1] ?? 0) << 8);
  if (version !== NOTE_VERSION) {
    throw badDesc(
      { offset: 0, field: `${table.name}.version`, found: version, expected: String(NOTE_VERSION) },
      'elf/note-bad-version',
    );
  }
}

export const imageNote = defineNote({
  kind: 'bzelf-image',
  owner: BZELF_OWNER,
  type: 1,
  name: 'IMAGE',
  doc: 'format version, form, kernel bitness, boot protocol, what made it',
  encodeDesc({ form, bits, bootProtocol, madeBy }: ImageNote) {
    const fixed = BZELF_IMAGE.encode({
      version: NOTE_VERSION,
      form: valueOf(IMAGE_FORMS, form),
      bits,
      boot_protocol: bootProtocol,
      made_by: BZELF_IMAGE.size,
    });
    return padTo4([fixed, asciz(madeBy)]);
  },
  decodeDesc(desc): ImageNote {
    checkFixed(BZELF_IMAGE, desc);
    const { form, bits, boot_protocol, made_by } = BZELF_IMAGE.read(desc);
    const where = (name: 'bits' | 'made_by') => ({ offset: BZELF_IMAGE.field(name).at, field: `IMAGE.${name}` });
    if (bits !== 16 && bits !== 32 && bits !== 64) {
      throw badDesc({ ...where('bits'), found: bits, expected: '16, 32 or 64' }, 'elf/note-bad-value');
    }
    if (made_by > desc.length)
      throw badDesc({ ...where('made_by'), found: made_by, expected: `at most ${desc.length}` });
    return {
      formatVersion: NOTE_VERSION,
      form: nameOf(IMAGE_FORMS, form, 'IMAGE.form', BZELF_IMAGE.field('form').at),
      bits,
      bootProtocol: boot_protocol,
      madeBy: readAsciz(desc.subarray(made_by)),
    };
  },
});

export const entryNote = defineNote({
  kind: 'bzelf-entry',
  owner: BZELF_OWNER,
  type: 2,
  name: 'ENTRY',
  doc: 'one way in: protocol, CPU mode, physical address, argument register',
  encodeDesc: ({ id, protocol, mode, address, argument, setupRelative }: EntryNote) =>
    BZELF_ENTRY.encode({
      version: NOTE_VERSION,
      flags: setupRelative ? ENTRY_SETUP_RELATIVE : 0,
      id,
      protocol: valueOf(ENTRY_PROTOCOLS, protocol),
      mode: valueOf(ENTRY_MODES, mode),
      argument: valueOf(ENTRY_ARGUMENTS, argument),
      address,
    }),
  decodeDesc(desc): EntryNote {
    checkFixed(BZELF_ENTRY, desc);
    const { flags, id, protocol, mode, argument, address } = BZELF_ENTRY.read(desc);
    const at = (name: 'protocol' | 'mode' | 'argument') => BZELF_ENTRY.field(name).at;
    return {
      id,
      protocol: nameOf(ENTRY_PROTOCOLS, protocol, 'ENTRY.protocol', at('protocol')),
      mode: nameOf(ENTRY_MODES, mode, 'ENTRY.mode', at('mode')),
      address: phys(address),
      argument: nameOf(ENTRY_ARGUMENTS, argument, 'ENTRY.argument', at('argument')),
      setupRelative: (flags & ENTRY_SETUP_RELATIVE) !== 0,
    };
  },
});

export const subarchNote = defineNote({
  kind: 'bzelf-subarch',
  owner: BZELF_OWNER,
  type: 3,
  name: 'SUBARCH',
  doc: 'hardware_subarch and hardware_subarch_data',
  encodeDesc: ({ subarch, data }: SubarchNote) => BZELF_SUBARCH.encode({ version: NOTE_VERSION, subarch, data }),
  decodeDesc(desc): SubarchNote {
    checkFixed(BZELF_SUBARCH, desc);
    const { subarch, data } = BZELF_SUBARCH.read(desc);
    return { subarch, data };
  },
});

export const mappingNote = defineNote({
  kind: 'bzelf-mapping',
  owner: BZELF_OWNER,
  type: 4,
  name: 'MAPPING',
  doc: 'the ranges to map before one entry',
  encodeDesc({ entryId, ranges }: MappingNote) {
    const fixed = BZELF_MAPPING.encode({
      version: NOTE_VERSION,
      entry_id: entryId,
      count: ranges.length,
      row_size: BZELF_MAPPING_RANGE.size,
      rows: BZELF_MAPPING.size,
    });
    return concat([fixed, ...ranges.map(encodeRange)]);
  },
  decodeDesc(desc): MappingNote {
    checkFixed(BZELF_MAPPING, desc);
    const { entry_id, count, row_size, rows } = BZELF_MAPPING.read(desc);
    const starts = rowStarts('MAPPING', desc, { count, row_size, rows, least: BZELF_MAPPING_RANGE.size });
    return { entryId: entry_id, ranges: starts.map((at) => decodeRange(desc, at)) };
  },
});

function encodeRange(range: MappingRange): Uint8Array {
  const given = { ...range, measured: range.evidence === 'measured' };
  let flags = 0;
  for (const [bit, name] of RANGE_FLAGS) if (given[name]) flags |= bit;
  return BZELF_MAPPING_RANGE.encode({
    start: range.start,
    length: range.length,
    virt_offset: BigInt.asUintN(64, range.virtOffset),
    flags,
    purpose: valueOf(MAPPING_PURPOSES, range.purpose),
  });
}

function decodeRange(desc: Uint8Array, at: number): MappingRange {
  const { start, length, virt_offset, flags, purpose } = BZELF_MAPPING_RANGE.read(desc, at);
  const purposeAt = at + BZELF_MAPPING_RANGE.field('purpose').at;
  const has = (wanted: (typeof RANGE_FLAGS)[number][1]) =>
    RANGE_FLAGS.some(([bit, name]) => name === wanted && (flags & bit) !== 0);
  return {
    start: phys(start),
    length,
    virtOffset: virt_offset,
    read: has('read'),
    write: has('write'),
    execute: has('execute'),
    purpose: nameOf(MAPPING_PURPOSES, purpose, 'MAPPING.purpose', purposeAt),
    required: has('required'),
    placedByLoader: has('placedByLoader'),
    evidence: has('measured') ? 'measured' : 'declared',
  };
}

export const originNote = defineNote({
  kind: 'bzelf-origin',
  owner: BZELF_OWNER,
  type: 5,
  name: 'ORIGIN',
  doc: 'size and SHA-256 of the bzImage, and where each of its bytes is',
  encodeDesc({ size, sha256, pieces }: OriginNote) {
    if (sha256.length !== 32) throw new Error('sha256 has 32 bytes');
    const fixed = BZELF_ORIGIN.encode({
      version: NOTE_VERSION,
      count: pieces.length,
      size: BigInt(size),
      sha256,
      row_size: BZELF_ORIGIN_PIECE.size,
      rows: BZELF_ORIGIN.size,
    });
    let inlineAt = BZELF_ORIGIN.size + pieces.length * BZELF_ORIGIN_PIECE.size;
    const rows = pieces.map((piece) => {
      const at = piece.from === 'file' ? piece.fileOffset : inlineAt;
      if (piece.from === 'inline') inlineAt += piece.length;
      return encodePiece(piece, at);
    });
    return padTo4([fixed, ...rows, ...pieces.flatMap((piece) => (piece.from === 'inline' ? [piece.bytes] : []))]);
  },
  decodeDesc(desc): OriginNote {
    checkFixed(BZELF_ORIGIN, desc);
    const { count, size, sha256, row_size, rows } = BZELF_ORIGIN.read(desc);
    const starts = rowStarts('ORIGIN', desc, { count, row_size, rows, least: BZELF_ORIGIN_PIECE.size });
    const pieces = starts.map((at) => decodePiece(desc, at));
    checkTiling(pieces, size);
    return { size: Number(size), sha256, pieces };
  },
});

function encodePiece(piece: OriginPiece, where: number): Uint8Array {
  if (piece.from === 'inline' && piece.bytes.length !== piece.length) throw new Error('an inline piece has its length');
  return BZELF_ORIGIN_PIECE.encode({
    at: BigInt(piece.at),
    length: BigInt(piece.length),
    where: BigInt(where),
    source: valueOf(ORIGIN_SOURCES, piece.from),
  });
}

function decodePiece(desc: Uint8Array, row: number): OriginPiece {
  const { at, length, where, source } = BZELF_ORIGIN_PIECE.read(desc, row);
  const from = nameOf(ORIGIN_SOURCES, source, 'ORIGIN.source', row + BZELF_ORIGIN_PIECE.field('source').at);
  const whereAt = { offset: row + BZELF_ORIGIN_PIECE.field('where').at, field: 'ORIGIN.where', found: where };
  if (at + length + where > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw badDesc({ ...whereAt, expected: 'offsets and lengths below 2^53' });
  }
  const common = { at: Number(at), length: Number(length) };
  if (from === 'file') return { ...common, from, fileOffset: Number(where) };
  if (where + length > BigInt(desc.length)) {
    throw badDesc({ ...whereAt, expected: `${length} bytes inside the descriptor of ${desc.length}` });
  }
  return { ...common, from, bytes: desc.slice(Number(where), Number(where + length)) };
}

/** unwrap copies the pieces one after the other, so a gap or an overlap would yield another file. */
function checkTiling(pieces: readonly OriginPiece[], size: bigint): void {
  let end = 0;
  for (const [i, { at, length }] of pieces.entries()) {
    if (at !== end) throw badDesc({ field: `ORIGIN.pieces[${i}].at`, found: at, expected: `0x${end.toString(16)}` });
    end += length;
  }
  if (BigInt(end) !== size) {
    throw badDesc({
      offset: BZELF_ORIGIN.field('size').at,
      field: 'ORIGIN.size',
      found: size,
      expected: `0x${end.toString(16)}`,
    });
  }
}

export const placementNote = defineNote({
  kind: 'bzelf-placement',
  owner: BZELF_OWNER,
  type: 6,
  name: 'PLACEMENT',
  doc: 'where the kernel may start: alignment, preferred, lowest and highest address, init_size',
  encodeDesc: ({ relocatable, alignment, preferred, initSize, lowest, highest }: PlacementNote) =>
    BZELF_PLACEMENT.encode({
      version: NOTE_VERSION,
      flags: relocatable ? PLACEMENT_RELOCATABLE : 0,
      alignment,
      preferred,
      init_size: initSize,
      lowest,
      highest,
    }),
  decodeDesc(desc): PlacementNote {
    checkFixed(BZELF_PLACEMENT, desc);
    const { flags, alignment, preferred, init_size, lowest, highest } = BZELF_PLACEMENT.read(desc);
    return {
      relocatable: (flags & PLACEMENT_RELOCATABLE) !== 0,
      alignment,
      preferred: phys(preferred),
      initSize: init_size,
      lowest: phys(lowest),
      highest: phys(highest),
    };
  },
});

export const payloadNote = defineNote({
  kind: 'bzelf-payload',
  owner: BZELF_OWNER,
  type: 7,
  name: 'PAYLOAD',
  doc: 'compressor, offset, lengths and SHA-256 of the vmlinux inside',
  encodeDesc({ compressor, offset, length, uncompressedLength, sha256 }: PayloadNote) {
    if (sha256 !== undefined && sha256.length !== 32) throw new Error('sha256 has 32 bytes');
    return BZELF_PAYLOAD.encode({
      version: NOTE_VERSION,
      flags: sha256 === undefined ? 0 : PAYLOAD_HAS_SHA256,
      compressor: valueOf(NOTE_COMPRESSORS, compressor),
      offset: BigInt(offset),
      length: BigInt(length),
      uncompressed_length: BigInt(uncompressedLength),
      ...(sha256 === undefined ? {} : { sha256 }),
    });
  },
  decodeDesc(desc): PayloadNote {
    checkFixed(BZELF_PAYLOAD, desc);
    const { flags, compressor, offset, length, uncompressed_length, sha256 } = BZELF_PAYLOAD.read(desc);
    if (offset + length + uncompressed_length > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw badDesc({ offset: 8, field: 'PAYLOAD.offset', found: offset, expected: 'offsets and lengths below 2^53' });
    }
    return {
      compressor: nameOf(NOTE_COMPRESSORS, compressor, 'PAYLOAD.compressor', BZELF_PAYLOAD.field('compressor').at),
      offset: Number(offset),
      length: Number(length),
      uncompressedLength: Number(uncompressed_length),
      ...((flags & PAYLOAD_HAS_SHA256) === 0 ? {} : { sha256 }),
    };
  },
});

/** Offsets of the rows of a list, checked against the descriptor before anything is allocated. */
function rowStarts(
  name: string,
  desc: Uint8Array,
  { count, row_size, rows, least }: { count: number; row_size: number; rows: number; least: number },
): number[] {
  if (row_size < least) throw badDesc({ field: `${name}.row_size`, found: row_size, expected: `at least ${least}` });
  if (rows + count * row_size > desc.length) {
    throw badDesc({
      field: `${name}.count`,
      found: count,
      expected: `rows within the descriptor of ${desc.length} bytes`,
    });
  }
  return Array.from({ length: count }, (_, i) => rows + i * row_size);
}

function padTo4(parts: readonly Uint8Array[]): Uint8Array {
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  return concat([...parts, new Uint8Array(alignUp(size, 4) - size)]);
}
