import type { MemoryPicture } from './regions.js';

/** What `map --json` prints. Source: docs/json.md, bzelf.map/1. */
export function mapDocument(file: string, { regions, entries, placedByLoader }: MemoryPicture) {
  return {
    schema: 'bzelf.map/1',
    file,
    regions,
    entries: entries.map(({ id, protocol, mode, address, evidence }) => ({ id, protocol, mode, address, evidence })),
    placedByLoader: placedByLoader.map(({ purpose, length, required }) => ({ purpose, length, required })),
  };
}
