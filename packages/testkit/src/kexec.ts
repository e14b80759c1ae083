import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { judge } from './judge.js';
import { kernel } from './paths.js';
import type { QemuOptions } from './qemu.js';
import { withTempFolder } from './temp.js';

/** The kernel that runs kexec. */
const HOST = 'debian-6.1-cloud';

/** What is missing here to boot by kexec in a guest; empty when nothing is. */
export const missingForKexec = (): string[] => [
  ...['qemu-system-x86_64', 'kexec', 'busybox', 'cpio', 'ldd'].filter((name) => judge(name) === undefined),
  ...(kernel(HOST) === undefined ? [`fetched ${HOST}`] : []),
];

/**
 * A guest that loads with `kexec <words>` and goes there, for as long as `use` runs; the files (`kernel` is `/kernel`)
 * are in its initrd. What kexec says of a failure is on the serial port, behind `bzelf: kexec failed`.
 */
export function withKexec<T>(
  words: string,
  files: Readonly<Record<string, Uint8Array>>,
  use: (qemu: Pick<QemuOptions, 'kernel' | 'append' | 'initrd' | 'memory'>) => Promise<T>,
): Promise<T> {
  return withTempFolder((folder) =>
    use({
      kernel: kernel(HOST) ?? '',
      append: 'console=ttyS0 quiet panic=-1',
      initrd: kexecInitrd(join(folder, 'root'), words, files),
      memory: 1024, // an inner kernel of 60 MB is there three times: in the initrd, unpacked, and loaded
    }),
  );
}

const initScript = (words: string) => `#!/usr/bin/busybox sh
busybox=/usr/bin/busybox
$busybox mount -t proc proc /proc
$busybox mount -t sysfs sys /sys
kexec -c ${words} && kexec -e
echo "bzelf: kexec failed (entered)"
`;

function kexecInitrd(root: string, words: string, files: Readonly<Record<string, Uint8Array>>): Uint8Array {
  for (const path of programFiles()) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    copyFileSync(path, join(root, path));
  }
  for (const name of ['proc', 'sys', 'dev']) mkdirSync(join(root, name));
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(root, name), bytes);
  writeFileSync(join(root, 'init'), initScript(words), { mode: 0o755 });
  const list = new TextEncoder().encode(readdirSync(root, { recursive: true }).join('\n'));
  const archive = judge('cpio')?.bytes(['-o', '-H', 'newc', '--quiet'], { cwd: root, input: list });
  return archive ?? new Uint8Array(0);
}

/** busybox, which is static, and kexec with its libraries, by their path on this machine. */
function programFiles(): string[] {
  const libraries = judge('ldd')?.text([judge('kexec')?.path ?? '']) ?? '';
  return ['busybox', 'kexec'].map((name) => judge(name)?.path ?? '').concat(libraries.match(/\/\S+/g) ?? []);
}
