import { crc32 } from 'node:zlib';
import { getU32, setU32, type ByteSource } from '@bzelf/bytes';
import type { PeImage } from './pe.js';

/**
 * The CRC-32 behind the protected-mode kernel. `none`: the file cannot carry one (protocol below 2.08, no payload, cut
 * short, or a zero slot as kernels from 6.15 on leave it). `signed`: good once what a signing tool rewrites is zeroed.
 */
export interface CrcResult {
  state: 'good' | 'bad' | 'none' | 'signed';
  /** File offset of the slot, and what it holds. */
  offset?: number;
  stored?: number;
  /** What it should hold for the bytes as they are. */
  computed?: number;
}

/**
 * The running CRC that the kernel build stores: polynomial 0x04c11db7 reflected, start 0xffffffff, no final inversion.
 * Over a range that ends in its own CRC it is 0. Source: arch/x86/boot/tools/build.c.
 */
export function computeCrc(bytes: Uint8Array): number {
  return ~crc32(bytes) >>> 0;
}

export interface CrcRange {
  /** One past the slot: (setup_sects + 1) * 512 + syssize * 16. */
  end: number;
  pe: PeImage | undefined;
}

/** Reads all of the image once. `range` undefined means that this image cannot carry a CRC. */
export function checkCrc(source: ByteSource, range: CrcRange | undefined): CrcResult {
  if (range === undefined || range.end < 4 || range.end > source.size) return { state: 'none' };
  const offset = range.end - 4;
  const stored = getU32(source.read(offset, 4));
  if (stored === 0) return { state: 'none', offset, stored };
  const bytes = source.read(0, range.end);
  const computed = computeCrc(bytes.subarray(0, offset));
  if (computed === stored) return { state: 'good', offset, stored, computed };
  const state = range.pe !== undefined && unsignedCrc(bytes, offset, range.pe) === stored ? 'signed' : 'bad';
  return { state, offset, stored, computed };
}

/** The CRC before signing: CheckSum and certificate directory were zero then. */
function unsignedCrc(bytes: Uint8Array, length: number, pe: PeImage): number | undefined {
  if (pe.certificateDirectoryOffset === undefined || pe.certificateDirectoryOffset + 8 > length) return undefined;
  const copy = new Uint8Array(bytes.subarray(0, length));
  copy.fill(0, pe.checkSumOffset, pe.checkSumOffset + 4);
  copy.fill(0, pe.certificateDirectoryOffset, pe.certificateDirectoryOffset + 8);
  return computeCrc(copy);
}

/** Writes the right CRC into the last four bytes of `[0, end)`. */
export function fixCrc(bytes: Uint8Array, end: number = bytes.length): void {
  setU32(bytes, end - 4, computeCrc(bytes.subarray(0, end - 4)));
}
