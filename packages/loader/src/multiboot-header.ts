import { getU16, getU32, struct, u32, viewOf, type ByteSource } from '@bzelf/bytes';

export const MULTIBOOT_HEADER_MAGIC = 0x1bad_b002;
export const MULTIBOOT2_HEADER_MAGIC = 0xe852_50d6;
/** The windows in which a loader looks. Sources: Multiboot Specification 0.6.96 and 2.0, "OS image format". */
const WINDOW = 8192;
const WINDOW2 = 32768;
/** Flag 16 of the first version: the address fields are valid. */
const ADDRESS_FIELDS = 1 << 16;

// prettier-ignore
export const MULTIBOOT_HEADER = struct('multiboot_header', [
  [0x00, u32, 'magic',         '0x1badb002'],
  [0x04, u32, 'flags',         'bit 0 page-aligned modules, 1 memory map wanted, 2 video, 16 address fields'],
  [0x08, u32, 'checksum',      'the sum of the three is 0'],
  [0x0c, u32, 'header_addr',   'where this header is loaded, physical'],
  [0x10, u32, 'load_addr',     'start of the image, physical'],
  [0x14, u32, 'load_end_addr', 'end of what is loaded; 0 = the rest of the file'],
  [0x18, u32, 'bss_end_addr',  'end of what is zeroed; 0 = nothing'],
  [0x1c, u32, 'entry_addr',    'physical'],
]);

/** Addresses that override the ELF segments. */
export interface AddressFields {
  readonly header_addr: number;
  readonly load_addr: number;
  readonly load_end_addr: number;
  readonly bss_end_addr: number;
}

export interface MultibootHeader {
  readonly version: 1 | 2;
  /** File offset of the header. */
  readonly offset: number;
  /** Version 1 only. */
  readonly flags: number;
  readonly address?: AddressFields;
  readonly entry_addr?: number;
  /** Version 2, tag 10. */
  readonly relocatable?: {
    readonly min_addr: number;
    readonly max_addr: number;
    readonly align: number;
    readonly preference: number;
  };
  /** Types of tags that a loader must know and that are not in the specification. */
  readonly unknownTags: readonly number[];
}

/** The first Multiboot 1 header with a correct checksum, or undefined. */
export function findMultibootHeader(source: ByteSource): MultibootHeader | undefined {
  const bytes = source.read(0, Math.min(WINDOW, source.size));
  const view = viewOf(bytes);
  for (let at = 0; at + 12 <= bytes.length; at += 4) {
    if (view.getUint32(at, true) !== MULTIBOOT_HEADER_MAGIC) continue;
    if (((getU32(bytes, at) + getU32(bytes, at + 4) + getU32(bytes, at + 8)) & 0xffff_ffff) !== 0) continue;
    const flags = getU32(bytes, at + 4);
    if ((flags & ADDRESS_FIELDS) === 0) return { version: 1, offset: at, flags, unknownTags: [] };
    if (at + MULTIBOOT_HEADER.size > bytes.length) continue;
    const { header_addr, load_addr, load_end_addr, bss_end_addr, entry_addr } = MULTIBOOT_HEADER.read(bytes, at);
    return {
      version: 1,
      offset: at,
      flags,
      address: { header_addr, load_addr, load_end_addr, bss_end_addr },
      entry_addr,
      unknownTags: [],
    };
  }
  return undefined;
}

/** The first Multiboot 2 header for i386 with a correct checksum and tags that end inside it, or undefined. */
export function findMultiboot2Header(source: ByteSource): MultibootHeader | undefined {
  const bytes = source.read(0, Math.min(WINDOW2, source.size));
  const view = viewOf(bytes);
  for (let at = 0; at + 16 <= bytes.length; at += 8) {
    if (view.getUint32(at, true) !== MULTIBOOT2_HEADER_MAGIC || view.getUint32(at + 4, true) !== 0) continue;
    const length = getU32(bytes, at + 8);
    const sum = getU32(bytes, at) + length + getU32(bytes, at + 12);
    if (sum % 0x1_0000_0000 !== 0 || at + length > bytes.length) continue;
    return { version: 2, offset: at, flags: 0, ...readTags(bytes.subarray(at + 16, at + length)) };
  }
  return undefined;
}

type Tags = Pick<MultibootHeader, 'address' | 'entry_addr' | 'relocatable' | 'unknownTags'>;

function readTags(bytes: Uint8Array): Tags {
  let tags: Tags = { unknownTags: [] };
  for (let at = 0; at + 8 <= bytes.length;) {
    const type = getU16(bytes, at);
    const size = getU32(bytes, at + 4);
    if (type === 0 || size < 8 || at + size > bytes.length) break;
    tags = withTag(tags, type, (getU16(bytes, at + 2) & 1) !== 0, bytes.subarray(at + 8, at + size));
    at += Math.ceil(size / 8) * 8;
  }
  return tags;
}

/** Source: Multiboot2 Specification, "Header tags". */
function withTag(tags: Tags, type: number, optional: boolean, body: Uint8Array): Tags {
  const word = (index: number): number => getU32(body, index * 4);
  if (type === 2 && body.length >= 16)
    return {
      ...tags,
      address: { header_addr: word(0), load_addr: word(1), load_end_addr: word(2), bss_end_addr: word(3) },
    };
  if (type === 3 && body.length >= 4) return { ...tags, entry_addr: word(0) };
  if (type === 10 && body.length >= 16)
    return { ...tags, relocatable: { min_addr: word(0), max_addr: word(1), align: word(2), preference: word(3) } };
  if (type > 10 && !optional) return { ...tags, unknownTags: [...tags.unknownTags, type] };
  return tags;
}
