import { readAsciz, toSource, type ByteSource } from '@bzelf/bytes';
import { checkCrc, type CrcResult } from './crc.js';
import { fail } from './errors.js';
import { readKernelInfo, type KernelInfo } from './kernel-info.js';
import { findPayload, type Payload } from './payload/find.js';
import { readCertificates, readPe, type Certificate, type PeImage } from './pe.js';
import {
  HDRS,
  HEADER_END_MAX,
  LOADED_HIGH,
  XLF_KERNEL_64,
  effectiveVersion,
  headerBytes,
  readSetupHeader,
  type SetupHeader,
} from './setup-header.js';

/** A part of the file, bytes. */
export interface FileRange {
  readonly offset: number;
  readonly size: number;
}

export interface BzImage {
  readonly source: ByteSource;
  readonly header: SetupHeader;
  /** The header as the file has it, 0x1f1 to its end: what a loader copies into boot_params. */
  readonly headerBytes: Uint8Array;
  /** As in the file; rules go by `effectiveVersion` (2.14 counts as 2.13). */
  readonly version: number;
  /** Boot sector and setup, bytes. */
  readonly setupSize: number;
  readonly protectedMode: FileRange;
  /** What follows the protected-mode kernel (a certificate table); never loaded. */
  readonly trailing: FileRange;
  /** The widest way in beside real mode: 16 means that there is only real mode. */
  readonly bits: 16 | 32 | 64;
  readonly kernelVersion?: string;
  readonly pe?: PeImage;
  readonly payload?: Payload;
  /** Throws bzimage/bad-kernel-info when read, if the block is malformed. */
  readonly kernelInfo: KernelInfo | undefined;
  /** Signatures behind the image. Throws bzimage/bad-certificates when read. */
  readonly certificates: readonly Certificate[];
  /** Reads the whole file when first asked for. */
  readonly crc: CrcResult;
}

/** Is it a bzImage: 0xaa55, "HdrS", protocol 2.00 or later, LOADED_HIGH? Never throws. */
export function probeBzImage(input: Uint8Array | ByteSource): boolean {
  const source = toSource(input);
  if (source.size < 0x224) return false;
  const view = viewOfRange(source, 0x1fe, 0x26);
  return (
    view.getUint16(0, true) === 0xaa55 &&
    view.getUint32(4, true) === HDRS &&
    view.getUint16(8, true) >= 0x0200 &&
    (view.getUint8(0x13) & LOADED_HIGH) !== 0
  );
}

function viewOfRange(source: ByteSource, offset: number, length: number): DataView {
  const bytes = source.read(offset, length);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/**
 * Reads the headers of a bzImage; the kernel itself is only touched by `crc` and `extractPayload`.
 * Throws bzimage/too-short, bad-magic, too-old, zimage, header-too-short, no-protected-mode, payload-past-end.
 */
export function readBzImage(input: Uint8Array | ByteSource): BzImage {
  const source = toSource(input);
  const start = source.read(0, Math.min(HEADER_END_MAX + 0x80, source.size));
  const header = readSetupHeader(start);
  const setupSize = ((header.setup_sects || 4) + 1) * 512;
  const protectedMode = protectedModeRange(source.size, setupSize, header);
  const end = protectedMode.offset + protectedMode.size;
  const pe = readPe(source);
  const payload = findPayload(source, header, protectedMode);
  const kernelVersion = readKernelVersion(source, header);
  let crc: CrcResult | undefined;
  return {
    source,
    header,
    headerBytes: new Uint8Array(headerBytes(start)),
    version: header.version,
    setupSize,
    protectedMode,
    trailing: { offset: end, size: source.size - end },
    bits: bitsOf(header),
    ...(kernelVersion === undefined ? {} : { kernelVersion }),
    ...(pe === undefined ? {} : { pe }),
    ...(payload === undefined ? {} : { payload }),
    get kernelInfo() {
      return kernelInfo(source, header, protectedMode);
    },
    get certificates() {
      return pe === undefined ? [] : readCertificates(source, pe);
    },
    get crc() {
      return (crc ??= checkCrc(source, crcRange(header, setupSize, payload, pe)));
    },
  };
}

/**
 * From behind setup, `syssize` units of 16 bytes, clipped to the file (memtest86+ and iPXE end a few bytes early).
 * Before 2.04, and with syssize 0 (memdisk), it is the rest of the file.
 */
function protectedModeRange(fileSize: number, offset: number, header: SetupHeader): FileRange {
  if (offset >= fileSize)
    throw fail('bzimage/no-protected-mode', {
      offset: 0x1f1,
      field: 'setup_sects',
      found: header.setup_sects,
      expected: `setup inside the 0x${fileSize.toString(16)} bytes of the file`,
    });
  const declared = (header.syssize ?? 0) * 16;
  const rest = fileSize - offset;
  return { offset, size: declared === 0 ? rest : Math.min(declared, rest) };
}

/**
 * 64 by XLF_KERNEL_64. Images with a real-mode entry only: iPXE says so by code32_start 0, memdisk by a protected-mode
 * part without a size.
 */
function bitsOf(header: SetupHeader): 16 | 32 | 64 {
  if (((header.xloadflags ?? 0) & XLF_KERNEL_64) !== 0) return 64;
  return header.code32_start === 0 || ((header.syssize ?? 0) === 0 && header.version < 0x0204) ? 16 : 32;
}

/** boot.rst, field kernel_version: valid if nonzero and less than 0x200 * setup_sects. */
function readKernelVersion(source: ByteSource, header: SetupHeader): string | undefined {
  const value = header.kernel_version ?? 0;
  const setupEnd = ((header.setup_sects || 4) + 1) * 512;
  if (value === 0 || value >= 0x200 * (header.setup_sects || 4)) return undefined;
  const at = 0x200 + value;
  return readAsciz(source.read(at, Math.min(MAX_VERSION, setupEnd - at, Math.max(0, source.size - at))));
}
const MAX_VERSION = 512;

function kernelInfo(source: ByteSource, header: SetupHeader, pm: FileRange): KernelInfo | undefined {
  const at = header.kernel_info_offset ?? 0;
  if (at === 0) return undefined;
  const offset = pm.offset + at;
  if (at >= pm.size)
    throw fail('bzimage/bad-kernel-info', {
      offset: 0x268,
      field: 'kernel_info_offset',
      found: at,
      expected: `less than 0x${pm.size.toString(16)}, the size of the protected-mode kernel`,
    });
  return readKernelInfo(source.read(offset, Math.min(0x10, source.size - offset)), offset);
}

/** Kernel builds since 2.08 store a CRC; programs that only look like a kernel (no payload) never do. */
function crcRange(header: SetupHeader, setupSize: number, payload: Payload | undefined, pe: PeImage | undefined) {
  if (effectiveVersion(header.version) < 0x0208 || payload === undefined) return undefined;
  return { end: setupSize + (header.syssize ?? 0) * 16, pe };
}
