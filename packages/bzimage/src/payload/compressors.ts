import { bunzip2 } from './bzip2.js';
import { gunzip } from './gzip.js';
import { unlz4 } from './lz4.js';
import { unlzma } from './lzma.js';
import { unlzo } from './lzo.js';
import { unxz } from './xz.js';
import { unzstd } from './zstd.js';
import type { Decoder } from './decoder.js';

export interface Compressor {
  readonly name: string;
  /** Bytes at the start of the payload. */
  readonly magic: readonly number[];
  /** Whether the kernel build appends the decompressed size, u32 little-endian (scripts/Makefile.lib, size_append). */
  readonly sizeTrailer: boolean;
  readonly decode: Decoder;
}

/** In the order they are tried. Source: scripts/Makefile.lib; boot.rst, field payload_offset (which omits lzo). */
// prettier-ignore
export const COMPRESSORS = [
  { name: 'gzip',  magic: [0x1f, 0x8b],                               sizeTrailer: false, decode: gunzip },
  { name: 'xz',    magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],       sizeTrailer: true,  decode: unxz },
  { name: 'bzip2', magic: [0x42, 0x5a, 0x68],                         sizeTrailer: true,  decode: bunzip2 },
  { name: 'lzma',  magic: [0x5d, 0x00, 0x00],                         sizeTrailer: true,  decode: unlzma },
  { name: 'lzo',   magic: [0x89, 0x4c, 0x5a, 0x4f, 0x00, 0x0d, 0x0a], sizeTrailer: true,  decode: unlzo },
  { name: 'lz4',   magic: [0x02, 0x21, 0x4c, 0x18],                   sizeTrailer: true,  decode: unlz4 },
  { name: 'zstd',  magic: [0x28, 0xb5, 0x2f, 0xfd],                   sizeTrailer: true,  decode: unzstd },
] as const satisfies readonly Compressor[];

export type CompressorName = (typeof COMPRESSORS)[number]['name'];
