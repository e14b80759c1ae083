import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { checkRange, type ByteSource } from './source.js';

/** A file that is read on demand. Close it when done; `using` works too. */
export interface FileSource extends ByteSource {
  close(): void;
  [Symbol.dispose](): void;
}

/** Small reads (headers, notes) are served from blocks of this size; larger ones go straight to the file. */
const BLOCK = 4096;

/** Opens a file for random access. Errors of the operating system (ENOENT…) pass through as they are. */
export function openFileSource(path: string): FileSource {
  const fd = openSync(path, 'r');
  const { size } = fstatSync(fd);
  const blocks = new Map<number, Uint8Array>();
  const close = () => closeSync(fd);

  function block(index: number): Uint8Array {
    let bytes = blocks.get(index);
    if (bytes === undefined) {
      bytes = readFully(fd, index * BLOCK, new Uint8Array(Math.min(BLOCK, size - index * BLOCK)));
      blocks.set(index, bytes);
    }
    return bytes;
  }

  return {
    size,
    read(offset, length) {
      checkRange(size, offset, length);
      if (length === 0) return new Uint8Array(0);
      const first = Math.floor(offset / BLOCK);
      const inside = offset - first * BLOCK;
      if (inside + length <= BLOCK) return block(first).subarray(inside, inside + length);
      return readFully(fd, offset, new Uint8Array(length));
    },
    readInto(offset, target) {
      checkRange(size, offset, target.length);
      readFully(fd, offset, target);
    },
    close,
    [Symbol.dispose]: close,
  };
}

function readFully(fd: number, position: number, bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  let done = 0;
  while (done < length) {
    const got = readSync(fd, bytes, done, length - done, position + done);
    if (got === 0) checkRange(position + done, position, length); // the file shrank while it was read
    done += got;
  }
  return bytes;
}
