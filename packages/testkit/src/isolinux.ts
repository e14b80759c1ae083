import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { judge } from './judge.js';
import { withTempFolder } from './temp.js';

const LOADER = '/usr/lib/ISOLINUX/isolinux.bin';
const MODULES = ['ldlinux', 'libcom32', 'mboot'].map((name) => `/usr/lib/syslinux/modules/bios/${name}.c32`);

/** What is missing here to boot by ISOLINUX, the SYSLINUX for CDs; empty when nothing is. */
export const missingForIsolinux = (): string[] => [
  ...['xorriso', 'qemu-system-x86_64'].filter((name) => judge(name) === undefined),
  ...[LOADER, ...MODULES].filter((path) => !existsSync(path)),
];

/**
 * A CD of ISOLINUX with the given isolinux.cfg and files (`kernel` becomes `/kernel`; mboot.c32 is there, too), for as
 * long as `use` runs; it is given the words that make QEMU boot from it.
 */
export function withIsolinux<T>(
  config: string,
  files: Readonly<Record<string, Uint8Array>>,
  use: (words: string[]) => Promise<T>,
): Promise<T> {
  return withTempFolder((folder) => {
    const root = join(folder, 'root');
    mkdirSync(join(root, 'isolinux'), { recursive: true });
    for (const path of [LOADER, ...MODULES]) copyFileSync(path, join(root, 'isolinux', basename(path)));
    writeFileSync(join(root, 'isolinux/isolinux.cfg'), config);
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(root, name), bytes);
    const iso = join(folder, 'cd.iso');
    // The words that its manual gives: the loader patches the boot information table into itself.
    const boot = '-b isolinux/isolinux.bin -c isolinux/boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table';
    judge('xorriso')?.bytes(['-as', 'mkisofs', '-quiet', '-R', '-o', iso, ...boot.split(' '), root]);
    return use(['-boot', 'd', '-cdrom', iso]);
  });
}
