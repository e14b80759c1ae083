import { openKernel } from '@bzelf/loader';
import type { InfoArgs } from '../commands/info.js';
import { infoDocument } from '../info/document.js';
import { infoText } from '../info/text.js';
import { openInput } from '../io.js';
import { jsonText } from '../print/json.js';
import { stdoutPaint, writeStdout } from '../terminal.js';

export function runInfo({ file, json }: InfoArgs): void {
  const input = openInput(file);
  try {
    const kernel = openKernel(input);
    writeStdout(json ? jsonText(infoDocument(file, kernel)) : infoText(file, kernel, stdoutPaint()));
  } finally {
    input.close();
  }
}
