import { getU32, type ByteSource } from '@bzelf/bytes';
import { fail } from '../errors.js';
import type { FileRange } from '../image.js';
import type { SetupHeader } from '../setup-header.js';
import { detectCompressor } from './detect.js';
import type { CompressorName } from './compressors.js';

export interface Payload {
  /** File offset. */
  readonly offset: number;
  /** With the size word, if there is one. */
  readonly length: number;
  /** Undefined when its first bytes are no known magic. */
  readonly compressor: CompressorName | undefined;
  /** What the size word, or gzip's ISIZE, says; modulo 2^32, and not checked. */
  readonly uncompressedSize?: number;
}

/** boot.rst, fields payload_offset and payload_length (2.08). Throws bzimage/payload-past-end. */
export function findPayload(source: ByteSource, header: SetupHeader, pm: FileRange): Payload | undefined {
  const length = header.payload_length ?? 0;
  if (length === 0 || header.payload_offset === undefined) return undefined;
  const end = header.payload_offset + length;
  if (end > pm.size)
    throw fail('bzimage/payload-past-end', {
      offset: 0x248,
      field: 'payload_offset + payload_length',
      found: end,
      expected: `at most 0x${pm.size.toString(16)}, the size of the protected-mode kernel`,
      hint: 'the file looks cut short',
    });
  const offset = pm.offset + header.payload_offset;
  const compressor = detectCompressor(source.read(offset, Math.min(16, length)));
  const word = length >= 4 ? getU32(source.read(offset + length - 4, 4)) : undefined;
  return {
    offset,
    length,
    compressor,
    ...(compressor === undefined || word === undefined ? {} : { uncompressedSize: word }),
  };
}
