import type { TouchLog } from '@bzelf/x86';

/** A page that the processor has walked, and who has written to it first. */
export interface WrittenTable {
  readonly page: number;
  readonly rip: bigint;
  readonly count: bigint;
  readonly walked: bigint;
}

/** Page tables that code has made or changed. A write to such a page may be older than its use as a table. */
export function writtenTables(touches: TouchLog): WrittenTable[] {
  const tables: WrittenTable[] = [];
  for (const { page, kind, count: walked } of touches) {
    const write = kind === 'walk' ? touches.first(page, 'write') : undefined;
    if (write !== undefined) tables.push({ page, rip: write.rip, count: write.count, walked });
  }
  return tables.sort((a, b) => Number(a.count - b.count));
}
