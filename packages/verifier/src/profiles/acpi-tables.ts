import { concat, le, phys, type PhysAddr } from '@bzelf/bytes';
import type { Copy } from '@bzelf/loader';

/** Where a loader or its firmware has the ACPI tables, and what it says of them. */
export interface AcpiPlaces {
  /** Of the RSDP: 16-byte aligned. */
  readonly rsdp: number;
  /** Of the XSDT; right behind the RSDP unless told. */
  readonly xsdt?: number;
  /** The kernel is told the address, or gets a copy of the RSDP (Multiboot 2), or has to look for it. */
  readonly passed: 'address' | 'copy' | 'nothing';
}

const RSDP_SIZE = 36;
const BEHIND = 64;
/** Bytes of the RSDP that its first checksum is over: those of ACPI 1.0. */
const FIRST_RSDP_SIZE = 20;
const OEM = 'BZELF ';
const CHECKSUM = { rsdp: 8, extended: 32, table: 9 } as const;

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** The RSDP of ACPI 2.0 and later. Source: ACPI Specification 6.5, 5.2.5.3. */
export function rsdpBytes(xsdt: PhysAddr): Uint8Array {
  const revision = 2;
  const bytes = concat([
    text('RSD PTR '),
    le(0, 1),
    text(OEM),
    le(revision, 1),
    le(0, 4),
    le(RSDP_SIZE, 4),
    le(xsdt, 8),
    le(0, 4),
  ]);
  bytes[CHECKSUM.rsdp] = checksum(bytes.subarray(0, FIRST_RSDP_SIZE));
  bytes[CHECKSUM.extended] = checksum(bytes);
  return bytes;
}

/** An XSDT without tables, so that a kernel finds ACPI, and nothing in it. Source: ACPI Specification 6.5, 5.2.6 and 5.2.8. */
export function xsdtBytes(): Uint8Array {
  const size = 36;
  const bytes = concat([
    text('XSDT'),
    le(size, 4),
    le(1, 1),
    le(0, 1),
    text(`${OEM}`),
    text('PROFILE '),
    le(1, 4),
    text('BZLF'),
    le(1, 4),
  ]);
  bytes[CHECKSUM.table] = checksum(bytes);
  return bytes;
}

/** The byte that makes the sum of all zero. */
const checksum = (bytes: Uint8Array): number => -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;

export const xsdtAt = ({ rsdp, xsdt = rsdp + BEHIND }: AcpiPlaces): PhysAddr => phys(xsdt);

export const acpiTables = (places: AcpiPlaces) => [
  { at: places.rsdp, bytes: rsdpBytes(xsdtAt(places)) },
  { at: Number(xsdtAt(places)), bytes: xsdtBytes() },
];

export const acpiCopies = (places: AcpiPlaces): Copy[] =>
  acpiTables(places).map(({ at, bytes }) => ({ to: phys(at), from: { bytes }, purpose: 'acpi' }));
