import { BzelfError, type ByteSource } from '@bzelf/bytes';
import { extractPayload, splitVmlinux, type BzImage } from '@bzelf/bzimage';
import { openKernel } from '@bzelf/loader';
import { withProgress } from './progress.js';

export interface InnerKernel {
  /** As the decompressor gives it: an ELF file, and the relocation table behind it. */
  readonly raw: Uint8Array;
  readonly elf: Uint8Array;
}

/** Decompresses the vmlinux of a bzImage, or of a container or inplace file. Throws bzimage/…, loader/…. */
export async function extractVmlinux(source: ByteSource, limit?: number): Promise<InnerKernel> {
  const raw = await extractRaw(source, limit);
  return { raw, elf: splitVmlinux(raw).elf };
}

export async function extractRaw(source: ByteSource, limit?: number): Promise<Uint8Array> {
  const bzImage = bzImageOf(source);
  const what = `decompressing ${bzImage.payload?.compressor ?? ''}`;
  return withProgress(what, () => extractPayload(bzImage, limit === undefined ? {} : { limit }));
}

function bzImageOf(source: ByteSource): BzImage {
  const kernel = openKernel(source);
  if (kernel.bzImage !== undefined) return kernel.bzImage;
  throw new BzelfError(
    'cli/no-bzimage',
    'There is no bzImage in this file, so there is no compressed kernel to look into',
    {
      found: `form ${kernel.form}`,
      expected: 'a bzImage, or what wrap made of one in the form container or inplace',
    },
  );
}
