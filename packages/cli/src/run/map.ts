import { openKernel } from '@bzelf/loader';
import type { MapArgs } from '../commands/map.js';
import { checkOutput, openInput, writeOutput } from '../io.js';
import { mapDocument } from '../map/document.js';
import { memoryPicture } from '../map/regions.js';
import { mapText } from '../map/text.js';
import { jsonText } from '../print/json.js';
import { stdoutPaint, writeStdout } from '../terminal.js';

export async function runMap({ file, svg, json }: MapArgs): Promise<void> {
  if (svg !== undefined && svg !== '-') checkOutput(svg, { input: file });
  const input = openInput(file);
  try {
    const picture = memoryPicture(openKernel(input));
    if (svg === undefined)
      return writeStdout(json ? jsonText(mapDocument(file, picture)) : mapText(file, picture, stdoutPaint()));
    const { mapSvg } = await import('../map/svg.js');
    const drawing = mapSvg(file, picture);
    if (svg === '-') return writeStdout(drawing);
    await writeOutput(svg, new TextEncoder().encode(drawing), { input: file });
  } finally {
    input.close();
  }
}
