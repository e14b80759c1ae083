import { alignUp, concat, getU32, struct, u16, u32, type PhysAddr } from '@bzelf/bytes';

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

// prettier-ignore
const TAG = struct('multiboot_header_tag', [
  [0, u16, 'type',  ''],
  [2, u16, 'flags', 'bit 0: optional'],
  [4, u32, 'size',  'bytes, without the padding to 8'],
]);

export const MULTIBOOT_MAGIC = 0x1badb002;
export const MULTIBOOT2_MAGIC = 0xe85250d6;
/** hvm_start_info magic; Xen's toolstack also probes for it as if it began a Multiboot-like header. */
const XEN_BINARY_MAGIC = 0x336ec578;

/** Align modules to pages, and give a memory map. */
const PAGE_ALIGN_AND_MEMORY = 0x3;
const ADDRESSES_VALID = 0x1_0000;

/** Where a raw load puts the file: `load` is the address of file offset 0. */
export interface RawLoad {
  readonly header: PhysAddr;
  readonly load: PhysAddr;
  readonly loadEnd: PhysAddr;
  readonly bssEnd: PhysAddr;
  readonly entry: PhysAddr;
}

export function encodeMultiboot(raw?: RawLoad): Uint8Array {
  const flags = PAGE_ALIGN_AND_MEMORY | (raw ? ADDRESSES_VALID : 0);
  return MULTIBOOT_HEADER.encode({
    magic: MULTIBOOT_MAGIC,
    flags,
    checksum: -(MULTIBOOT_MAGIC + flags) >>> 0,
    ...(raw && {
      header_addr: Number(raw.header),
      load_addr: Number(raw.load),
      load_end_addr: Number(raw.loadEnd),
      bss_end_addr: Number(raw.bssEnd),
      entry_addr: Number(raw.entry),
    }),
  });
}

/** How a Multiboot 2 loader may move the image (tag 10). */
export interface Relocatable {
  readonly min: PhysAddr;
  readonly max: PhysAddr;
  readonly align: bigint;
}

const words = (...values: (bigint | number)[]): Uint8Array => {
  const bytes = new Uint8Array(values.length * 4);
  values.forEach((value, i) => u32.write(new DataView(bytes.buffer), 4 * i, Number(value)));
  return bytes;
};

function tag(type: number, flags: number, body: Uint8Array): Uint8Array {
  const size = TAG.size + body.length;
  const bytes = new Uint8Array(alignUp(size, 8));
  bytes.set(TAG.encode({ type, flags, size }));
  bytes.set(body, TAG.size);
  return bytes;
}

const OPTIONAL = 1;
/** Relocation preference: the lowest address that fits. */
const PREFER_LOW = 1;

/** Header with address, entry, relocatable (when movable), module-alignment and end tags. */
export function encodeMultiboot2(raw: RawLoad, relocatable?: Relocatable): Uint8Array {
  const tags = concat([
    tag(2, 0, words(raw.header, raw.load, raw.loadEnd, raw.bssEnd)),
    tag(3, 0, words(raw.entry)),
    tag(6, 0, new Uint8Array(0)),
    ...(relocatable ? [tag(10, OPTIONAL, words(relocatable.min, relocatable.max, relocatable.align, PREFER_LOW))] : []),
    tag(0, 0, new Uint8Array(0)),
  ]);
  const header_length = MULTIBOOT2_HEADER.size + tags.length;
  const checksum = -(MULTIBOOT2_MAGIC + header_length) >>> 0;
  return concat([MULTIBOOT2_HEADER.encode({ magic: MULTIBOOT2_MAGIC, header_length, checksum }), tags]);
}

/** Where loaders look, and what they take for a header there (loaders differ in the last usable offset: the widest). */
// prettier-ignore
const PROBES = [
  { name: 'Multiboot',   magic: MULTIBOOT_MAGIC,  window: 8192,  step: 4, words: 3 },
  { name: 'Multiboot 2', magic: MULTIBOOT2_MAGIC, window: 32768, step: 8, words: 4 },
  { name: 'Xen binary',  magic: XEN_BINARY_MAGIC, window: 8192,  step: 4, words: 3 },
] as const;

export interface FoundHeader {
  readonly name: (typeof PROBES)[number]['name'];
  readonly offset: number;
}

/** Every header with a valid checksum that a loader could find in the file. */
export function findHeaders(file: Uint8Array): FoundHeader[] {
  return PROBES.flatMap(({ name, magic, window, step, words: count }) => {
    const found: FoundHeader[] = [];
    for (let offset = 0; offset + 4 * count <= Math.min(window, file.length); offset += step) {
      if (getU32(file, offset) !== magic) continue;
      let sum = 0;
      for (let i = 0; i < count; i++) sum = (sum + getU32(file, offset + 4 * i)) >>> 0;
      if (sum === 0) found.push({ name, offset });
    }
    return found;
  });
}
