import { alignUp, concat, le, type PhysAddr } from '@bzelf/bytes';
import {
  ADDRESSES_VALID,
  MULTIBOOT2_HEADER,
  MULTIBOOT2_HEADER_MAGIC,
  MULTIBOOT2_TAG,
  MULTIBOOT_HEADER,
  MULTIBOOT_HEADER_MAGIC,
} from '@bzelf/elf';

/** Align modules to pages, and give a memory map. */
const PAGE_ALIGN_AND_MEMORY = 0x3;

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
    magic: MULTIBOOT_HEADER_MAGIC,
    flags,
    checksum: -(MULTIBOOT_HEADER_MAGIC + flags) >>> 0,
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

const words = (...values: (bigint | number)[]): Uint8Array => concat(values.map((value) => le(value, 4)));

function tag(type: number, flags: number, body: Uint8Array): Uint8Array {
  const size = MULTIBOOT2_TAG.size + body.length;
  const bytes = new Uint8Array(alignUp(size, 8));
  bytes.set(MULTIBOOT2_TAG.encode({ type, flags, size }));
  bytes.set(body, MULTIBOOT2_TAG.size);
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
  const checksum = -(MULTIBOOT2_HEADER_MAGIC + header_length) >>> 0;
  return concat([MULTIBOOT2_HEADER.encode({ magic: MULTIBOOT2_HEADER_MAGIC, header_length, checksum }), tags]);
}
