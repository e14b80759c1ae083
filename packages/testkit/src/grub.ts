import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { judge } from './judge.js';
import { withTempFolder } from './temp.js';

/** What is missing here to boot by GRUB on a PC BIOS; empty when nothing is. */
export const missingForGrub = (): string[] =>
  ['grub-mkrescue', 'xorriso', 'qemu-system-x86_64'].filter((name) => judge(name) === undefined);

/**
 * A rescue CD of GRUB with the given grub.cfg and files (`kernel` becomes `/kernel`), for as long as `use` runs; it is
 * given the words that make QEMU boot from it.
 */
export function withGrub<T>(
  config: string,
  files: Readonly<Record<string, Uint8Array>>,
  use: (words: string[]) => Promise<T>,
): Promise<T> {
  return withTempFolder((folder) => {
    for (const [name, bytes] of Object.entries({ ...files, 'boot/grub/grub.cfg': new TextEncoder().encode(config) })) {
      const path = join(folder, 'root', name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, bytes);
    }
    const iso = join(folder, 'cd.iso');
    judge('grub-mkrescue')?.bytes(['-d', '/usr/lib/grub/i386-pc', '-o', iso, join(folder, 'root')]);
    return use(['-boot', 'd', '-cdrom', iso]);
  });
}
