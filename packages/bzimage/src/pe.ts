import { readAsciz, struct, u16, u32, type ByteSource } from '@bzelf/bytes';
import { fail } from './errors.js';

/** The PE/COFF headers that an EFI kernel carries in its first sector. Source: PE format specification. */
// prettier-ignore
const COFF = struct('coff_header', [
  [0x00, u32, 'signature',              '"PE\\0\\0"'],
  [0x04, u16, 'Machine',                '0x8664, 0x14c'],
  [0x06, u16, 'NumberOfSections',       ''],
  [0x14, u16, 'SizeOfOptionalHeader',   'bytes'],
  [0x16, u16, 'Characteristics',        ''],
]);

/** Fields at the same place in PE32 and PE32+, from the optional header. */
// prettier-ignore
const OPTIONAL = struct('optional_header', [
  [0x00, u16, 'Magic',               '0x10b PE32, 0x20b PE32+'],
  [0x10, u32, 'AddressOfEntryPoint', 'RVA'],
  [0x2c, u16, 'MajorImageVersion',   'Linux: 1 and 2 an ordered version, from 3 on a bit mask (linux/pe.h)'],
  [0x2e, u16, 'MinorImageVersion',   ''],
  [0x38, u32, 'SizeOfImage',         'bytes'],
  [0x3c, u32, 'SizeOfHeaders',       'bytes'],
  [0x40, u32, 'CheckSum',            'rewritten by signing tools'],
  [0x44, u16, 'Subsystem',           '10 = EFI application'],
  [0x46, u16, 'DllCharacteristics',  ''],
]);

// prettier-ignore
const SECTION = struct('section_header', [
  [0x08, u32, 'VirtualSize',      'bytes'],
  [0x0c, u32, 'VirtualAddress',   'RVA'],
  [0x10, u32, 'SizeOfRawData',    'bytes'],
  [0x14, u32, 'PointerToRawData', 'file offset'],
  [0x24, u32, 'Characteristics',  ''],
]);

// prettier-ignore
const WIN_CERTIFICATE = struct('WIN_CERTIFICATE', [
  [0, u32, 'dwLength',         'with this header, bytes'],
  [4, u16, 'wRevision',        '0x200'],
  [6, u16, 'wCertificateType', '2 = PKCS#7 SignedData'],
]);

export interface PeSection {
  name: string;
  virtualAddress: number;
  virtualSize: number;
  fileOffset: number;
  fileSize: number;
  characteristics: number;
}

export interface PeImage {
  /** File offset of "PE\0\0", from e_lfanew. */
  offset: number;
  format: 'PE32' | 'PE32+';
  machine: number;
  entryPoint: number;
  subsystem: number;
  imageVersion: { major: number; minor: number };
  sizeOfImage: number;
  sizeOfHeaders: number;
  /** What signing rewrites: four bytes of CheckSum and eight of the certificate directory, as file offsets. */
  checkSumOffset: number;
  checkSum: number;
  certificateDirectoryOffset?: number;
  certificateTable?: { offset: number; size: number };
  sections: PeSection[];
}

export interface Certificate {
  /** File offset of its WIN_CERTIFICATE header. */
  offset: number;
  revision: number;
  type: number;
  bytes: Uint8Array;
}

const MAX_SECTIONS = 96;
const CERTIFICATE_DIRECTORY = 4;

/**
 * The PE headers behind "MZ", found through e_lfanew (kernels before 6.7 have text between). Undefined when there are
 * none, or none that a firmware would accept; never throws on bad bytes.
 */
export function readPe(source: ByteSource): PeImage | undefined {
  const dos = source.read(0, Math.min(0x40, source.size));
  if (dos.length < 0x40 || dos[0] !== 0x4d || dos[1] !== 0x5a) return undefined;
  const offset = new DataView(dos.buffer, dos.byteOffset).getUint32(0x3c, true);
  if (offset + 0x18 > source.size) return undefined;
  const coff = COFF.read(source.read(offset, COFF.size));
  if (coff.signature !== 0x4550) return undefined;
  const optionalOffset = offset + 0x18;
  const sizeOfOptional = Math.min(coff.SizeOfOptionalHeader, source.size - optionalOffset);
  const optional = source.read(optionalOffset, sizeOfOptional);
  if (optional.length < OPTIONAL.size) return undefined;
  const o = OPTIONAL.read(optional);
  if (o.Magic !== 0x10b && o.Magic !== 0x20b) return undefined;
  return {
    offset,
    format: o.Magic === 0x20b ? 'PE32+' : 'PE32',
    machine: coff.Machine,
    entryPoint: o.AddressOfEntryPoint,
    subsystem: o.Subsystem,
    imageVersion: { major: o.MajorImageVersion, minor: o.MinorImageVersion },
    sizeOfImage: o.SizeOfImage,
    sizeOfHeaders: o.SizeOfHeaders,
    checkSumOffset: optionalOffset + 0x40,
    checkSum: o.CheckSum,
    ...readCertificateDirectory(optional, optionalOffset, o.Magic === 0x20b),
    sections: readSections(source, optionalOffset + coff.SizeOfOptionalHeader, coff.NumberOfSections),
  };
}

/** Data directory 4; the only one whose address is a file offset. */
function readCertificateDirectory(optional: Uint8Array, at: number, plus: boolean) {
  const view = new DataView(optional.buffer, optional.byteOffset, optional.length);
  const directories = plus ? 0x70 : 0x60;
  const entry = directories + 8 * CERTIFICATE_DIRECTORY;
  if (optional.length < entry + 8 || view.getUint32(directories - 4, true) <= CERTIFICATE_DIRECTORY) return {};
  const offset = view.getUint32(entry, true);
  const size = view.getUint32(entry + 4, true);
  return {
    certificateDirectoryOffset: at + entry,
    ...(offset === 0 || size === 0 ? {} : { certificateTable: { offset, size } }),
  };
}

function readSections(source: ByteSource, at: number, count: number): PeSection[] {
  if (count > MAX_SECTIONS || at + count * 0x28 > source.size) return [];
  return Array.from({ length: count }, (_, i) => {
    const bytes = source.read(at + i * 0x28, 0x28);
    const s = SECTION.read(bytes);
    return {
      name: readAsciz(bytes.subarray(0, 8)),
      virtualAddress: s.VirtualAddress,
      virtualSize: s.VirtualSize,
      fileOffset: s.PointerToRawData,
      fileSize: s.SizeOfRawData,
      characteristics: s.Characteristics,
    };
  });
}

/**
 * The signatures appended to the image: WIN_CERTIFICATE records, each 8-aligned. Throws bzimage/bad-certificates.
 * Source: PE format, "The Attribute Certificate Table".
 */
export function readCertificates(source: ByteSource, pe: PeImage): Certificate[] {
  const table = pe.certificateTable;
  if (table === undefined) return [];
  const end = table.offset + table.size;
  if (end > source.size)
    throw fail('bzimage/bad-certificates', {
      ...(pe.certificateDirectoryOffset === undefined ? {} : { offset: pe.certificateDirectoryOffset }),
      field: 'certificate table',
      found: end,
      expected: `an end inside the file, at most 0x${source.size.toString(16)}`,
    });
  const certificates: Certificate[] = [];
  for (let at = table.offset; at + WIN_CERTIFICATE.size <= end;) {
    const { dwLength, wRevision, wCertificateType } = WIN_CERTIFICATE.read(source.read(at, WIN_CERTIFICATE.size));
    if (dwLength < WIN_CERTIFICATE.size || at + dwLength > end)
      throw fail('bzimage/bad-certificates', {
        offset: at,
        field: 'WIN_CERTIFICATE.dwLength',
        found: dwLength,
        expected: `8 to 0x${(end - at).toString(16)}`,
      });
    const bytes = source.read(at + WIN_CERTIFICATE.size, dwLength - WIN_CERTIFICATE.size);
    certificates.push({ offset: at, revision: wRevision, type: wCertificateType, bytes });
    at += Math.ceil(dwLength / 8) * 8;
  }
  return certificates;
}

/** linux/pe.h: "the kernel image's initrd can be given by LoadFile2 (LINUX_EFI_INITRD_MEDIA_GUID)" and its kin. */
export function peInitrdSupport(pe: PeImage): { mediaGuid: boolean; devicePath: boolean } {
  const { major } = pe.imageVersion;
  if (major < 3) return { mediaGuid: major >= 1, devicePath: false };
  return { mediaGuid: (major & 1) !== 0, devicePath: (major & 2) !== 0 };
}
