import { copyFileSync, chmodSync, existsSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { kernel } from './paths.js';
import { withTempFolder } from './temp.js';

const LIBRARY = '/usr/lib/x86_64-linux-gnu/libxenctrl.so.4.17';

/** What is missing here to run Xen's readnotes; empty when nothing is. */
export const missingForReadnotes = (): string[] => [
  ...(kernel('xen-utils', 'readnotes') === undefined ? ['fetched xen-utils'] : []),
  ...(existsSync(LIBRARY) ? [] : [LIBRARY]),
];

/** The lines that Xen's readnotes prints of a file; throws what it said when it failed. */
export function readnotes(file: Uint8Array): Promise<string[]> {
  return withTempFolder((folder) => {
    const [program, input] = [join(folder, 'readnotes'), join(folder, 'file')];
    copyFileSync(kernel('xen-utils', 'readnotes') ?? '', program);
    chmodSync(program, 0o755);
    writeFileSync(input, file);
    const { status, stdout, stderr } = spawnSync(program, [input], { encoding: 'utf8', timeout: 20_000 });
    if (status !== 0) throw new Error(`readnotes gave ${status}: ${stderr}`);
    return `${stdout}`.trim().split('\n');
  });
}
