import { openKernel } from '@bzelf/loader';
import type { InfoArgs } from '../commands/info.js';
import { openImage } from '../compressed.js';
import { infoDocument } from '../info/document.js';
import { infoText } from '../info/text.js';
import { jsonText } from '../print/json.js';
import { stdoutPaint, writeStdout } from '../terminal.js';

export async function runInfo({ file, json }: InfoArgs): Promise<void> {
  const input = await openImage(file);
  try {
    const kernel = openKernel(input);
    writeStdout(
      json
        ? jsonText(infoDocument(file, kernel, input.compressor))
        : infoText(file, kernel, stdoutPaint(), input.compressor),
    );
  } finally {
    input.close();
  }
}
