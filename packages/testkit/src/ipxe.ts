import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { judge } from './judge.js';
import { kernel } from './paths.js';
import type { QemuOptions } from './qemu.js';
import { withTempFolder } from './temp.js';

/** What is missing here to boot by iPXE; empty when nothing is. */
export const missingForIpxe = (): string[] => [
  ...(judge('qemu-system-x86_64') === undefined ? ['qemu-system-x86_64'] : []),
  ...(kernel('ipxe') === undefined ? ['fetched ipxe'] : []),
];

/**
 * iPXE with the files on a TFTP server, for as long as `use` runs; it is given what makes QEMU start iPXE with these
 * commands, in which `kernel` finds the file of that name. They end in `boot`.
 */
export function withIpxe<T>(
  commands: readonly string[],
  files: Readonly<Record<string, Uint8Array>>,
  use: (qemu: Pick<QemuOptions, 'kernel' | 'append' | 'extra'>) => Promise<T>,
): Promise<T> {
  return withTempFolder((folder) => {
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
    const urls = commands.map((command) => command.replace(/ (?=\w)/, ` tftp://10.0.2.2/`));
    return use({
      kernel: kernel('ipxe') ?? '',
      append: ['dhcp', ...urls, 'boot'].join(' && '),
      extra: ['-netdev', `user,id=net,tftp=${folder}`, '-device', 'e1000,netdev=net,romfile='],
    });
  });
}
