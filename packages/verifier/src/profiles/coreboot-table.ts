import { concat, le, setU16, setU32, type PhysAddr, phys } from '@bzelf/bytes';
import type { MemoryRange } from '@bzelf/loader';

/** Where coreboot leaves the table, or a forwarder to it. Source: coreboot src/lib/coreboot_table.c. */
export const COREBOOT_TABLE: PhysAddr = phys(0x500);
const HEADER_SIZE = 24;
const TAG_MEMORY = 1;
const TAG_ACPI_RSDP = 0x43;

/** A coreboot table that holds the memory map, and where the RSDP is. Source: coreboot_tables.h. */
export function corebootTable(map: readonly MemoryRange[], rsdp?: number): Uint8Array {
  const rows = map.map(({ start, length, type }) => concat([le(start, 8), le(length, 8), le(BigInt(type), 4)]));
  const acpi = rsdp === undefined ? [] : [le(TAG_ACPI_RSDP, 4), le(16, 4), le(rsdp, 8)];
  const body = concat([le(TAG_MEMORY, 4), le(8 + 20 * rows.length, 4), ...rows, ...acpi]);
  const header = new Uint8Array(HEADER_SIZE);
  header.set(new TextEncoder().encode('LBIO'));
  setU32(header, 4, HEADER_SIZE);
  setU32(header, 12, body.length);
  setU32(header, 16, ipChecksum(body));
  setU32(header, 20, rsdp === undefined ? 1 : 2);
  setU16(header, 8, ipChecksum(header));
  return concat([header, body]);
}

/** RFC 1071 over little-endian words. */
function ipChecksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
