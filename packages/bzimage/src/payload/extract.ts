import { BzelfError, isBzelfError } from '@bzelf/bytes';
import type { BzImage } from '../image.js';
import { fail } from '../errors.js';
import { COMPRESSORS, type CompressorName } from './compressors.js';
import { corrupt } from './decoder.js';

/** Larger than any kernel; what a crafted file may make us allocate. */
export const DEFAULT_LIMIT = 1 << 30;

export interface DecompressOptions {
  /** The decompressed size, if known. What comes out must have it. */
  readonly size?: number;
  /** Most bytes that may come out; 1 GiB unless told. */
  readonly limit?: number;
}

/**
 * Decodes one stream; bytes behind its end are ignored. Throws bzimage/payload-corrupt, payload-too-large,
 * payload-unsupported, payload-size-unknown (lzma alone without a size) and decoder-missing.
 */
export async function decompress(
  name: CompressorName,
  bytes: Uint8Array,
  { size, limit = DEFAULT_LIMIT }: DecompressOptions = {},
): Promise<Uint8Array> {
  const compressor = COMPRESSORS.find((row) => row.name === name);
  if (compressor === undefined) throw fail('bzimage/unknown-compressor', { found: name });
  if (size === 0 && bytes.length > 0) throw corrupt(name, 'a size word of 0');
  const output = await compressor.decode({ bytes, size, limit });
  // The size word is 32 bits wide, so a size is compared modulo 2^32.
  if (size !== undefined && output.length >>> 0 !== size >>> 0)
    throw corrupt(name, `${output.length} bytes decoded where the size word says ${size}`, bytes.length);
  return output;
}

/** The decompressed vmlinux with what follows it (vmlinux.bin.all). Throws what `decompress` throws, and no-payload. */
export async function extractPayload(image: BzImage, { limit = DEFAULT_LIMIT } = {}): Promise<Uint8Array> {
  const { payload, source } = image;
  if (payload === undefined)
    throw fail('bzimage/no-payload', { hint: 'only Linux kernels from 2.6.26 on (protocol 2.08) say where it is' });
  const compressor = COMPRESSORS.find((row) => row.name === payload.compressor);
  if (compressor === undefined) throw unknown(image, payload.offset);
  const bytes = source.read(payload.offset, payload.length);
  const stream = compressor.sizeTrailer ? bytes.subarray(0, Math.max(0, bytes.length - 4)) : bytes;
  const size = payload.uncompressedSize;
  try {
    return await decompress(compressor.name, stream, { limit, ...(size === undefined ? {} : { size }) });
  } catch (error) {
    throw inFile(error, payload.offset);
  }
}

/** A stream's offset becomes one of the file. */
function inFile(error: unknown, base: number): unknown {
  if (!isBzelfError(error) || error.offset === undefined) return error;
  const { code, message, offset, field, found, expected, hint, cause } = error;
  const details = Object.entries({ field, found, expected, hint, cause }).filter(([, value]) => value !== undefined);
  return new BzelfError(code, message, { ...Object.fromEntries(details), offset: base + offset });
}

function unknown(image: BzImage, offset: number) {
  const magic = image.source.read(offset, Math.min(8, image.source.size - offset));
  return fail('bzimage/unknown-compressor', {
    offset,
    field: 'payload',
    found: [...magic].map((byte) => byte.toString(16).padStart(2, '0')).join(' '),
    expected: COMPRESSORS.map((row) => row.name).join(', '),
  });
}
