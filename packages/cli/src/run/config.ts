import { toSource } from '@bzelf/bytes';
import { probeBzImage } from '@bzelf/bzimage';
import { openKernel } from '@bzelf/loader';
import type { ConfigArgs } from '../commands/config.js';
import { openImage, type Image } from '../compressed.js';
import { embeddedConfig, noConfig } from '../config/find.js';
import { checkOutput, writeOutput } from '../io.js';
import { extractRaw } from '../payload.js';
import { writeStdout } from '../terminal.js';

export async function runConfig({ file, output }: ConfigArgs): Promise<void> {
  if (output !== undefined) checkOutput(output, { input: file });
  const input = await openImage(file);
  try {
    const config = await findConfig(input);
    if (output === undefined) writeStdout(config);
    else await writeOutput(output, config, { input: file });
  } finally {
    input.close();
  }
}

/** In the file as it is, or in the kernel that it carries compressed. */
async function findConfig(input: Image): Promise<Uint8Array> {
  const kernel = openKernel(input);
  const hasInner = kernel.bzImage !== undefined || probeBzImage(input);
  const place = hasInner ? toSource(await extractRaw(input)) : input;
  const config = await embeddedConfig(place);
  if (config === undefined) throw noConfig(hasInner ? 'none in the kernel inside' : `none in ${input.size} bytes`);
  return config;
}
