/** Descriptor layouts of bzelf's notes, little-endian. Offsets count from the descriptor. Source: docs/notes.md. */
import { raw, struct, u16, u32, u64 } from '@bzelf/bytes';

/** The layout version that every descriptor begins with. */
export const NOTE_VERSION = 1;

// prettier-ignore
export const BZELF_IMAGE = struct('IMAGE', [
  // at  type  name             meaning
  [0,    u16,  'version',       'layout version, 1'],
  [2,    u16,  'form',          'form of this file'],
  [4,    u16,  'bits',          'what the kernel runs in: 16, 32 or 64'],
  [6,    u16,  'boot_protocol', 'boot protocol version of the kernel, 0xMMmm'],
  [8,    u32,  'flags',         'none yet, 0'],
  [12,   u32,  'made_by',       'offset in the descriptor of a NUL-terminated string: the program that wrote the file'],
]);

/** ENTRY.flags */
export const ENTRY_SETUP_RELATIVE = 1;

// prettier-ignore
export const BZELF_ENTRY = struct('ENTRY', [
  [0,    u16,  'version',       'layout version, 1'],
  [2,    u16,  'flags',         'bit 0: address counts from where the loader put the setup'],
  [4,    u32,  'id',            'number of this entry; MAPPING refers to it'],
  [8,    u16,  'protocol',      'boot protocol'],
  [10,   u16,  'mode',          'CPU mode at the entry'],
  [12,   u16,  'argument',      'where the address of the parameter block is'],
  [14,   u16,  'reserved',      '0'],
  [16,   u64,  'address',       'physical address of the entry'],
]);

// prettier-ignore
export const BZELF_SUBARCH = struct('SUBARCH', [
  [0,    u16,  'version',       'layout version, 1'],
  [2,    u16,  'flags',         'none yet, 0'],
  [4,    u32,  'subarch',       'hardware_subarch for boot_params'],
  [8,    u64,  'data',          'hardware_subarch_data for boot_params'],
]);

// prettier-ignore
export const BZELF_MAPPING = struct('MAPPING', [
  [0,    u16,  'version',       'layout version, 1'],
  [2,    u16,  'flags',         'none yet, 0'],
  [4,    u32,  'entry_id',      'id of the ENTRY that these ranges are for'],
  [8,    u32,  'count',         'number of rows'],
  [12,   u16,  'row_size',      'bytes from one row to the next, at least 32'],
  [14,   u16,  'rows',          'offset in the descriptor of the first row'],
]);

/** Bits of a range's flags. */
export const RANGE_FLAGS = [
  [1, 'read'],
  [2, 'write'],
  [4, 'execute'],
  [8, 'required'],
  [16, 'placedByLoader'],
  [32, 'measured'],
] as const;

// prettier-ignore
export const BZELF_MAPPING_RANGE = struct('MAPPING row', [
  [0,    u64,  'start',         'physical start'],
  [8,    u64,  'length',        'bytes'],
  [16,   u64,  'virt_offset',   'virtual address = physical + this, modulo 2^64; 0: P==V'],
  [24,   u32,  'flags',         'access and kind of the range'],
  [28,   u16,  'purpose',       'what the range is for'],
  [30,   u16,  'reserved',      '0'],
]);

// prettier-ignore
export const BZELF_ORIGIN = struct('ORIGIN', [
  [0,    u16,     'version',    'layout version, 1'],
  [2,    u16,     'flags',      'none yet, 0'],
  [4,    u32,     'count',      'number of rows'],
  [8,    u64,     'size',       'bytes of the original file'],
  [16,   raw(32), 'sha256',     'SHA-256 of the original file'],
  [48,   u16,     'row_size',   'bytes from one row to the next, at least 32'],
  [50,   u16,     'rows',       'offset in the descriptor of the first row'],
  [52,   u32,     'reserved',   '0'],
]);

// prettier-ignore
export const BZELF_ORIGIN_PIECE = struct('ORIGIN row', [
  [0,    u64,  'at',            'offset in the original file; rows ascend without gap or overlap'],
  [8,    u64,  'length',        'bytes'],
  [16,   u64,  'where',         'offset of these bytes: in this file, or in this descriptor'],
  [24,   u32,  'source',        'which of the two'],
  [28,   u32,  'reserved',      '0'],
]);

/** PLACEMENT.flags */
export const PLACEMENT_RELOCATABLE = 1;

// prettier-ignore
export const BZELF_PLACEMENT = struct('PLACEMENT', [
  [0,    u16,  'version',       'layout version, 1'],
  [2,    u16,  'flags',         'bit 0: the kernel may be loaded elsewhere than at preferred'],
  [4,    u32,  'reserved',      '0'],
  [8,    u64,  'alignment',     'the start must be a multiple of this, bytes'],
  [16,   u64,  'preferred',     'physical start that the kernel prefers'],
  [24,   u64,  'init_size',     'bytes from the start that must be free memory while the kernel starts'],
  [32,   u64,  'lowest',        'lowest allowed physical start'],
  [40,   u64,  'highest',       'highest allowed physical start'],
]);

/** PAYLOAD.flags */
export const PAYLOAD_HAS_SHA256 = 1;

// prettier-ignore
export const BZELF_PAYLOAD = struct('PAYLOAD', [
  [0,    u16,     'version',    'layout version, 1'],
  [2,    u16,     'flags',      'bit 0: sha256 is valid'],
  [4,    u16,     'compressor', 'compression of the payload'],
  [6,    u16,     'reserved',   '0'],
  [8,    u64,     'offset',     'offset of the payload in this file; 0: not here as such'],
  [16,   u64,     'length',     'bytes of the payload, compressed'],
  [24,   u64,     'uncompressed_length', 'bytes of the payload, decompressed'],
  [32,   raw(32), 'sha256',     'SHA-256 of the decompressed payload'],
]);
