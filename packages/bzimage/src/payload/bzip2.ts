import { corrupt, guard, loadLibrary, tooLarge, type DecodeTask } from './decoder.js';

/** What seek-bzip wants of its two streams. */
interface BzipInput {
  readByte(): number;
  read(into: Uint8Array, offset: number, length: number): number;
  eof(): boolean;
}
interface BzipOutput {
  writeByte(byte: number): void;
}
interface SeekBzip {
  decode(input: BzipInput, output: BzipOutput): void;
}

/** bzip2 by seek-bzip, which stops at the end of the first stream and checks its CRCs. */
export async function bunzip2({ bytes, size, limit }: DecodeTask): Promise<Uint8Array> {
  const library = await loadLibrary('seek-bzip', async () => {
    const module = (await import('seek-bzip')) as { default: SeekBzip };
    return module.default;
  });
  const output = new BoundedOutput(Math.min(size ?? GROW, limit), limit);
  let at = 0;
  const input: BzipInput = {
    readByte: () => {
      if (at >= bytes.length) throw corrupt('bzip2', 'the stream ends early', at);
      return bytes[at++] ?? 0;
    },
    read(into, offset, length) {
      const got = bytes.subarray(at, at + length);
      into.set(got, offset);
      at += got.length;
      return got.length;
    },
    eof: () => at >= bytes.length,
  };
  guard('bzip2', () => library.decode(input, output));
  return output.take();
}

const GROW = 1 << 20;

/** Bytes one at a time into a buffer that grows, but never past the limit. */
class BoundedOutput implements BzipOutput {
  #bytes: Uint8Array;
  #length = 0;
  readonly #limit: number;

  constructor(room: number, limit: number) {
    this.#bytes = new Uint8Array(room);
    this.#limit = limit;
  }

  writeByte(byte: number): void {
    if (this.#length === this.#bytes.length) this.#grow();
    this.#bytes[this.#length++] = byte;
  }

  #grow(): void {
    if (this.#length >= this.#limit) throw tooLarge('bzip2', this.#limit);
    const larger = new Uint8Array(Math.min(this.#limit, Math.max(GROW, this.#length * 2)));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }

  take(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}
