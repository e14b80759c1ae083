import { hex } from '@bzelf/bytes';
import type { Paint } from '../print/paint.js';
import { printable } from '../print/printable.js';
import { rangeText, sizeText } from '../print/ranges.js';
import { table } from '../print/table.js';
import type { Lane, MemoryPicture } from './regions.js';

export const LANE_WORDS: Readonly<Record<Lane, string>> = {
  loaded: 'loaded from the file',
  needed: 'needed while it starts',
  mapped: 'to be mapped',
};

/** The map as three tables of ranges, ascending, and the entries into them. */
export function mapText(file: string, { regions, entries, placedByLoader }: MemoryPicture, paint: Paint): string {
  const lanes = (['loaded', 'needed', 'mapped'] as const).map((lane) => {
    const rows = regions
      .filter((region) => region.lane === lane)
      .map(({ start, length, what, access, remark }) => [
        rangeText(start, length),
        sizeText(length),
        access,
        printable(what),
        remark,
      ]);
    return rows.length === 0 ? '' : `${paint.cyan(LANE_WORDS[lane])}\n${table(rows, { indent: 2, right: [1] })}`;
  });
  const entryRows = entries.map(({ address, protocol, mode }) => [hex(address), protocol, mode]);
  const loader = placedByLoader.map(({ purpose, length, required }) => [
    purpose,
    sizeText(length),
    required ? '' : 'optional',
  ]);
  return [
    `${paint.bold(printable(file))}: physical memory\n`,
    ...lanes,
    loader.length === 0 ? '' : `${paint.cyan('placed by the loader')}\n${table(loader, { indent: 2, right: [1] })}`,
    entryRows.length === 0 ? '' : `${paint.cyan('entries')}\n${table(entryRows, { indent: 2 })}`,
  ].join('');
}
