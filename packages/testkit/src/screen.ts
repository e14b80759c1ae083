import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

const TEXT_BUFFER = 0xb8000;
const COLUMNS = 80;
const ROWS = 25;
const EVERY_MS = 300;

/** Words for QEMU that open its monitor in a folder, for watchScreen. */
export const monitorWords = (folder: string): string[] => ['-monitor', `unix:${join(folder, 'monitor')},server,nowait`];

/**
 * Calls `seen` with the text on the VGA screen, again and again, until the function that it returns is called.
 * The text buffer is read through QEMU's monitor, so the guest needs no serial port.
 */
export function watchScreen(folder: string, seen: (text: string) => void): () => void {
  const dump = join(folder, 'screen');
  const timer = setInterval(() => {
    if (existsSync(dump)) seen(screenText(readFileSync(dump)));
    const monitor = connect(join(folder, 'monitor'));
    monitor.on('error', () => undefined); // not listening yet, or no longer
    monitor.end(`pmemsave ${TEXT_BUFFER} ${2 * COLUMNS * ROWS} "${dump}"\n`);
  }, EVERY_MS);
  return () => clearInterval(timer);
}

/** Characters of the text buffer without their attributes, a line a row. */
function screenText(buffer: Uint8Array): string {
  const rows = Array.from({ length: ROWS }, (_, row) => {
    const characters = Array.from({ length: COLUMNS }, (_, column) => buffer[2 * (row * COLUMNS + column)] ?? 0);
    return String.fromCharCode(...characters.map((code) => (code < 0x20 ? 0x20 : code))).trimEnd();
  });
  return rows.join('\n');
}
