import { memorySource } from '@bzelf/bytes';
import { decompress, detectCompressor, probeBzImage, type CompressorName } from '@bzelf/bzimage';
import { probeElf } from '@bzelf/elf';
import { openInput, type Input } from './io.js';
import { withProgress } from './progress.js';

/** A file to look into; `compressor` says how it was packed, and offsets then count in what came out. */
export interface Image extends Input {
  readonly compressor?: CompressorName;
}

const MAGIC_BYTES = 8;

/** Opens an ELF file or bzImage, also one that is compressed as a whole: `.ko.xz`, `xen.gz`. Throws bzimage/…. */
export async function openImage(path: string): Promise<Image> {
  const input = openInput(path);
  const compressor = detectCompressor(input.read(0, Math.min(MAGIC_BYTES, input.size)));
  if (compressor === undefined || probeElf(input) || probeBzImage(input)) return input;
  try {
    const packed = input.read(0, input.size);
    const bytes = await withProgress(`decompressing ${compressor}`, () => decompress(compressor, packed));
    return { ...memorySource(bytes), compressor, close: () => undefined };
  } finally {
    input.close();
  }
}
