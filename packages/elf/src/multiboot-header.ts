import { getU16, getU32, struct, toSource, u16, u32, type ByteSource, type StructValues } from '@bzelf/bytes';

/** Multiboot header, all 48 bytes: iPXE wants them to be there. Source: Multiboot 0.6.96, chapter 3.1. */
// prettier-ignore
export const MULTIBOOT_HEADER = struct('multiboot_header', [
  [0x00, u32, 'magic',         '0x1BADB002'],
  [0x04, u32, 'flags',         'bit 0 align modules, bit 1 memory information, bit 16 address fields valid'],
  [0x08, u32, 'checksum',      'magic + flags + checksum = 0 mod 2^32'],
  [0x0c, u32, 'header_addr',   'physical address of this header'],
  [0x10, u32, 'load_addr',     'physical address of the first byte to load'],
  [0x14, u32, 'load_end_addr', 'physical address behind the last byte to load'],
  [0x18, u32, 'bss_end_addr',  'physical address behind the memory to zero'],
  [0x1c, u32, 'entry_addr',    'physical address of the 32-bit entry'],
  [0x20, u32, 'mode_type',     'video: unused'],
  [0x24, u32, 'width',         'video: unused'],
  [0x28, u32, 'height',        'video: unused'],
  [0x2c, u32, 'depth',         'video: unused'],
]);

/** Multiboot 2 header without its tags. Source: Multiboot 2.0, chapter 3.1.1. */
// prettier-ignore
export const MULTIBOOT2_HEADER = struct('multiboot2_header', [
  [0x00, u32, 'magic',         '0xE85250D6'],
  [0x04, u32, 'architecture',  '0: 32-bit protected mode of i386'],
  [0x08, u32, 'header_length', 'bytes, tags included'],
  [0x0c, u32, 'checksum',      'the sum of the four fields is 0 mod 2^32'],
]);

/** A tag of a Multiboot 2 header; 8-aligned. */
// prettier-ignore
export const MULTIBOOT2_TAG = struct('multiboot_header_tag', [
  [0, u16, 'type',  '2 address, 3 entry, 6 module alignment, 10 relocatable, 0 end'],
  [2, u16, 'flags', 'bit 0: optional'],
  [4, u32, 'size',  'bytes, without the padding to 8'],
]);

export const MULTIBOOT_HEADER_MAGIC = 0x1bad_b002;
export const MULTIBOOT2_HEADER_MAGIC = 0xe852_50d6;
/** hvm_start_info magic; Xen's toolstack also probes for it as if it began a Multiboot-like header. */
const XEN_BINARY_MAGIC = 0x336e_c578;
/** Flag 16 of the first version: the address fields are valid. */
export const ADDRESSES_VALID = 1 << 16;
/** The address fields end here; video fields follow. */
const ADDRESSES_END = 0x20;

/** Where loaders look, and what they take for a header there (loaders differ in the last usable offset: the widest). */
// prettier-ignore
const PROBES = [
  { name: 'Multiboot',   magic: MULTIBOOT_HEADER_MAGIC,  window: 8192,  step: 4, words: 3 },
  { name: 'Multiboot 2', magic: MULTIBOOT2_HEADER_MAGIC, window: 32768, step: 8, words: 4 },
  { name: 'Xen binary',  magic: XEN_BINARY_MAGIC,        window: 8192,  step: 4, words: 3 },
] as const;

export interface FoundHeader {
  readonly name: (typeof PROBES)[number]['name'];
  /** File offset. */
  readonly offset: number;
}

/** Every header with a valid checksum that a loader could find in the file, by accident or not. */
export function findBootHeaders(input: Uint8Array | ByteSource): FoundHeader[] {
  const source = toSource(input);
  const start = source.read(0, Math.min(source.size, Math.max(...PROBES.map(({ window }) => window))));
  return PROBES.flatMap(({ name, magic, window, step, words }) => {
    const found: FoundHeader[] = [];
    const end = Math.min(window, start.length) - 4 * words;
    const first = magic & 0xff; // the bytes of a file are searched faster than its words are read
    for (let at = start.indexOf(first); at !== -1 && at <= end; at = start.indexOf(first, at + 1)) {
      if (at % step === 0 && getU32(start, at) === magic && sum(start, at, words) === 0)
        found.push({ name, offset: at });
    }
    return found;
  });
}

function sum(bytes: Uint8Array, offset: number, words: number): number {
  let total = 0;
  for (let i = 0; i < words; i++) total = (total + getU32(bytes, offset + 4 * i)) >>> 0;
  return total;
}

type MultibootFields = StructValues<typeof MULTIBOOT_HEADER>;

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

/** The first Multiboot 1 header with a correct checksum, or undefined. Source: Multiboot 0.6.96, "OS image format". */
export function findMultibootHeader(input: Uint8Array | ByteSource): MultibootHeader | undefined {
  const source = toSource(input);
  for (const { offset } of findBootHeaders(source).filter(({ name }) => name === 'Multiboot')) {
    const flags = getU32(source.read(offset + 4, 4));
    if ((flags & ADDRESSES_VALID) === 0) return { version: 1, offset, flags, unknownTags: [] };
    if (offset + ADDRESSES_END > source.size) continue;
    const bytes = source.read(offset, ADDRESSES_END);
    const { header_addr, load_addr, load_end_addr, bss_end_addr, entry_addr } = MULTIBOOT_HEADER.readSome(
      bytes,
      0,
      ({ at }) => at < ADDRESSES_END,
    ) as MultibootFields;
    const address = { header_addr, load_addr, load_end_addr, bss_end_addr };
    return { version: 1, offset, flags, address, entry_addr, unknownTags: [] };
  }
  return undefined;
}

/** The first Multiboot 2 header for i386 with a correct checksum and tags that end inside it, or undefined. */
export function findMultiboot2Header(input: Uint8Array | ByteSource): MultibootHeader | undefined {
  const source = toSource(input);
  for (const { offset } of findBootHeaders(source).filter(({ name }) => name === 'Multiboot 2')) {
    const { architecture, header_length } = MULTIBOOT2_HEADER.read(source.read(offset, MULTIBOOT2_HEADER.size));
    const end = Math.min(MULTIBOOT2_WINDOW, source.size);
    if (architecture !== 0 || header_length < MULTIBOOT2_HEADER.size || offset + header_length > end) continue;
    const tags = source.read(offset + MULTIBOOT2_HEADER.size, header_length - MULTIBOOT2_HEADER.size);
    return { version: 2, offset, flags: 0, ...readTags(tags) };
  }
  return undefined;
}
const MULTIBOOT2_WINDOW = 32768;

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
