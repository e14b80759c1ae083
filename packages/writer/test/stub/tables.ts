import { alignUp, asciz, concat, le, setU16, setU32 } from '@bzelf/bytes';

/** What loaders pass, written from the specifications alone. All addresses are physical. */
export interface MapEntry {
  readonly addr: number | bigint;
  readonly size: number | bigint;
  readonly type: number;
}

export const u32s = (...values: number[]): Uint8Array => concat(values.map((value) => le(value >>> 0, 4)));
export const u64s = (...values: (number | bigint)[]): Uint8Array => concat(values.map((value) => le(value, 8)));

/** struct e820 entry and its many relatives: u64, u64, u32. */
export const entry20 = ({ addr, size, type }: MapEntry): Uint8Array => concat([u64s(addr, size), u32s(type)]);

/** 16-bit ones-complement sum, complemented: the value that makes the sum of the whole 0xffff. */
export function ipChecksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i++) sum += (bytes[i] ?? 0) << (8 * (i % 2));
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** struct hvm_start_info. Source: Xen public/arch-x86/hvm/start_info.h. */
export function startInfo(o: {
  version: number;
  modules?: number;
  modlist?: number;
  cmdline?: number;
  rsdp?: number;
  memmap?: number;
  entries?: number;
}): Uint8Array {
  const head = u32s(0x336e_c578, o.version, 0, o.modules ?? 0);
  const addresses = u64s(o.modlist ?? 0, o.cmdline ?? 0, o.rsdp ?? 0);
  return o.version === 0
    ? concat([head, addresses])
    : concat([head, addresses, u64s(o.memmap ?? 0), u32s(o.entries ?? 0, 0)]);
}

export const modlistEntry = (addr: number, size: number): Uint8Array => u64s(addr, size, 0, 0);
export const memmapEntry = (entry: MapEntry): Uint8Array => concat([entry20(entry), u32s(0)]);

/** multiboot_info. Source: Multiboot 0.6.96, 3.3. */
export function multibootInfo(fields: {
  mem?: [number, number];
  cmdline?: number;
  mods?: { count: number; addr: number };
  mmap?: { length: number; addr: number };
  loaderName?: number;
  framebuffer?: Uint8Array;
}): Uint8Array {
  const info = new Uint8Array(0x80);
  const set = (bit: number, at: number, ...values: number[]) => {
    setU32(info, 0, new DataView(info.buffer).getUint32(0, true) | (1 << bit));
    info.set(u32s(...values), at);
  };
  if (fields.mem) set(0, 0x04, ...fields.mem);
  if (fields.cmdline !== undefined) set(2, 0x10, fields.cmdline);
  if (fields.mods) set(3, 0x14, fields.mods.count, fields.mods.addr);
  if (fields.mmap) set(6, 0x2c, fields.mmap.length, fields.mmap.addr);
  if (fields.loaderName !== undefined) set(9, 0x40, fields.loaderName);
  if (fields.framebuffer) {
    set(12, 0x58);
    info.set(fields.framebuffer, 0x58);
  }
  return info;
}

/** An entry of the Multiboot 1 map; `extra` makes it longer than it needs to be, as the specification allows. */
export const multibootMmapEntry = (entry: MapEntry, extra = 0): Uint8Array =>
  concat([u32s(20 + extra), entry20(entry), new Uint8Array(extra)]);

/** u64 address, u32 pitch, width, height, u8 bpp, type. */
export const framebuffer = (address: bigint, pitch: number, width: number, height: number, bpp: number, type: number) =>
  concat([u64s(address), u32s(pitch, width, height), Uint8Array.of(bpp, type)]);

/** The information block of Multiboot 2 with these tags. Source: Multiboot 2.0, 3.6. */
export function multiboot2Info(tags: readonly { type: number; data: Uint8Array }[]): Uint8Array {
  const all = [...tags, { type: 0, data: new Uint8Array(0) }].map(({ type, data }) => {
    const tag = new Uint8Array(alignUp(8 + data.length, 8));
    tag.set(concat([u32s(type, 8 + data.length), data]));
    return tag;
  });
  const size = 8 + all.reduce((sum, tag) => sum + tag.length, 0);
  return concat([u32s(size, 0), ...all]);
}

/** A block of ELFBoot records. Source: Etherboot elf_boot.h, struct Elf_Bhdr. */
export function records(
  notes: readonly { owner?: string; type: number; desc: Uint8Array }[],
  checksum = true,
): Uint8Array {
  const padded = (bytes: Uint8Array) => concat([bytes, new Uint8Array(alignUp(bytes.length, 4) - bytes.length)]);
  const body = concat(
    notes.map(({ owner, type, desc }) => {
      const name = owner === undefined ? new Uint8Array(0) : asciz(owner);
      return concat([u32s(name.length, desc.length, type), padded(name), padded(desc)]);
    }),
  );
  const block = concat([u32s(0x0e1f_b007, 12 + body.length, notes.length << 16), body]);
  if (checksum) setU16(block, 8, ipChecksum(block));
  return block;
}

/** Etherboot's struct meminfo. */
export const etherbootMeminfo = (map: readonly MapEntry[]): Uint8Array =>
  concat([u32s(640, 0, map.length), ...map.map(entry20)]);

/** A coreboot table. Source: coreboot_tables.h. */
export function corebootTable(rows: readonly { tag: number; data: Uint8Array }[]): Uint8Array {
  const body = concat(rows.map(({ tag, data }) => concat([u32s(tag, 8 + data.length), data])));
  const header = concat([asciz('LBIO').subarray(0, 4), u32s(24, 0, body.length, ipChecksum(body), rows.length)]);
  setU32(header, 8, ipChecksum(header));
  return concat([header, body]);
}

/** boot_params of a loader that loads ELF files: nothing but what is given. */
export function loaderBootParams(o: {
  version?: number;
  cmdline?: number | bigint;
  ramdisk?: { addr: number | bigint; size: number };
  map?: readonly MapEntry[];
  edit?: (bp: Uint8Array) => void;
}): Uint8Array {
  const bp = new Uint8Array(4096);
  bp.set(asciz('HdrS').subarray(0, 4), 0x202);
  setU16(bp, 0x1fe, 0xaa55);
  setU16(bp, 0x206, o.version ?? 0);
  const split = (value: number | bigint, low: number, high: number) => {
    setU32(bp, low, Number(BigInt(value) & 0xffff_ffffn));
    setU32(bp, high, Number(BigInt(value) >> 32n));
  };
  split(o.cmdline ?? 0, 0x228, 0x0c8);
  split(o.ramdisk?.addr ?? 0, 0x218, 0x0c0);
  split(o.ramdisk?.size ?? 0, 0x21c, 0x0c4);
  const map = o.map ?? [];
  bp[0x1e8] = map.length;
  bp.set(concat(map.map(entry20)), 0x2d0);
  o.edit?.(bp);
  return bp;
}
