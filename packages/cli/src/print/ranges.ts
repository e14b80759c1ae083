import { hex } from '@bzelf/bytes';
import type { EntryNote, MappingRange } from '@bzelf/elf';

export const ENTRY_HEADINGS = ['id', 'protocol', 'mode', 'address', 'argument'] as const;

export function entryRow({ id, protocol, mode, address, argument, setupRelative }: EntryNote): string[] {
  const where = setupRelative ? `setup + ${hex(address)}` : hex(address);
  return [String(id), protocol, mode, where, argument];
}

export const RANGE_HEADINGS = ['physical range', 'size', 'virtual', 'access', 'purpose', ''] as const;

export function rangeRow(range: MappingRange): string[] {
  const { start, length, virtOffset, purpose, required, placedByLoader, evidence } = range;
  const where = placedByLoader ? 'where the loader puts it' : rangeText(start, length);
  const remarks = [required ? '' : 'optional', evidence === 'measured' ? 'measured' : ''].filter(Boolean);
  return [where, sizeText(length), virtText(virtOffset), accessText(range), purpose, remarks.join(', ')];
}

export const accessText = ({ read, write, execute }: Pick<MappingRange, 'read' | 'write' | 'execute'>): string =>
  `${read ? 'r' : '-'}${write ? 'w' : '-'}${execute ? 'x' : '-'}`;

/** First and last byte. */
export const rangeText = (start: bigint, length: bigint): string =>
  length === 0n ? `${hex(start)} (empty)` : `${hex(start)}-${hex(start + length - 1n)}`;

const virtText = (offset: bigint): string => (offset === 0n ? 'P==V' : `P + ${hex(offset)}`);

const UNITS = [
  [1n << 30n, 'GiB'],
  [1n << 20n, 'MiB'],
  [1n << 10n, 'KiB'],
] as const;

/** 4096 is "4 KiB", 53243444 is "50.8 MiB". */
export function sizeText(bytes: bigint | number): string {
  const size = BigInt(bytes);
  const [unit, name] = UNITS.find(([least]) => size >= least) ?? [1n, 'B'];
  const tenths = (size * 10n + unit / 2n) / unit;
  return `${tenths / 10n}${tenths % 10n === 0n ? '' : `.${tenths % 10n}`} ${name}`;
}
