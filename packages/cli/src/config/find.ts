import { BzelfError, asciz, type ByteSource } from '@bzelf/bytes';
import { decompress } from '@bzelf/bzimage';

/** IKCFG_ST, then a gzip stream, then IKCFG_ED. Source: Linux kernel/configs.c. */
const START = Buffer.concat([asciz('IKCFG_ST').subarray(0, 8), Uint8Array.of(0x1f, 0x8b, 0x08)]);
const END = Buffer.from('IKCFG_ED');
const CHUNK = 1 << 20;
/** Debian's is 270 kB. */
const MAX_CONFIG = 1 << 24;

/** The .config that a kernel or its configs.ko carries, or undefined. Throws bzimage/payload-corrupt when it is damaged. */
export async function embeddedConfig(source: ByteSource): Promise<Uint8Array | undefined> {
  for (let at = find(source, START, 0); at !== undefined; at = find(source, START, at + 1)) {
    const from = at + 8;
    const end = find(source, END, from);
    // The words may stand anywhere, for instance in a script that looks for them.
    if (end === undefined || end - from > MAX_CONFIG) continue;
    return decompress('gzip', source.read(from, end - from), { limit: MAX_CONFIG });
  }
  return undefined;
}

export function noConfig(found: string): BzelfError {
  return new BzelfError('cli/no-config', 'No kernel configuration is embedded here', {
    found,
    expected: 'a kernel built with CONFIG_IKCONFIG=y, or its configs.ko',
    hint: 'distributions put it beside the kernel, as /boot/config-VERSION',
  });
}

function find(source: ByteSource, words: Uint8Array, from: number): number | undefined {
  for (let at = from; at < source.size; at += CHUNK) {
    const bytes = source.read(at, Math.min(CHUNK + words.length - 1, source.size - at));
    const index = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(words);
    if (index !== -1) return at + index;
  }
  return undefined;
}
