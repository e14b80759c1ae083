import type { ExtractArgs } from '../commands/extract.js';
import { checkOutput, openInput, writeOutput } from '../io.js';
import { extractRaw, extractVmlinux } from '../payload.js';
import { parseSize } from '../values.js';

export async function runExtract({ in: path, output = '-', raw, limit }: ExtractArgs): Promise<void> {
  const most = Number(parseSize(limit, '--limit'));
  checkOutput(output, { input: path });
  const input = openInput(path);
  try {
    const bytes = raw ? await extractRaw(input, most) : (await extractVmlinux(input, most)).elf;
    await writeOutput(output, bytes, { input: path });
  } finally {
    input.close();
  }
}
