import type * as zlib from 'node:zlib';

/** What is used of node:zlib, loaded when it is: it brings all of node:stream with it, 3 ms. For the bundle. */
const load = (): typeof zlib => process.getBuiltinModule('node:zlib');

export const crc32: typeof zlib.crc32 = (...words) => load().crc32(...words);
export const gunzipSync: typeof zlib.gunzipSync = (...words) => load().gunzipSync(...words);

type Decompress = (bytes: Uint8Array, options: unknown) => Uint8Array;
/** Only newer Nodes have it, and the types of Node 20 do not know it. */
export const zstdDecompressSync: Decompress | undefined =
  'zstd' in process.versions
    ? (...words) => (load() as unknown as { zstdDecompressSync: Decompress }).zstdDecompressSync(...words)
    : undefined;
