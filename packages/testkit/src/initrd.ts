import { readFileSync } from 'node:fs';
import { alignUp, asciz, concat } from '@bzelf/bytes';
import { testImage } from './paths.js';

export interface InitrdOptions {
  /** Which /init: that of a 32-bit or of a 64-bit kernel. */
  readonly bits: 32 | 64;
  /** What /init prints after `bzelf-init: marker=`; at most 2048 bytes. */
  readonly marker: string;
  /** More files, by path without the leading slash. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
}

const S_IFCHR = 0o020000;
const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;

/**
 * An initrd (uncompressed newc cpio) whose /init prints the command line and the marker and restarts the machine; see
 * test-images/init/init.S. Source: Documentation/driver-api/early-userspace/buffer-format.rst.
 */
export function makeInitrd({ bits, marker, files = {} }: InitrdOptions): Uint8Array {
  const members = [
    member('dev', S_IFDIR | 0o755),
    member('dev/console', S_IFCHR | 0o600, new Uint8Array(0), { major: 5, minor: 1 }),
    member('init', S_IFREG | 0o755, readFileSync(testImage(`init/init-${bits}`))),
    member('marker', S_IFREG | 0o644, new TextEncoder().encode(marker)),
    ...Object.entries(files).map(([path, bytes]) => member(path, S_IFREG | 0o644, bytes)),
    member('TRAILER!!!', 0),
  ];
  return concat(members);
}

/** One header (13 fields of 8 hexadecimal digits after the magic), its name and its bytes, each padded to 4. */
function member(
  path: string,
  mode: number,
  bytes: Uint8Array = new Uint8Array(0),
  device = { major: 0, minor: 0 },
): Uint8Array {
  const name = asciz(path);
  // prettier-ignore
  const fields = [
    0,             // c_ino
    mode,          // c_mode
    0, 0, 1, 0,    // c_uid, c_gid, c_nlink, c_mtime
    bytes.length,  // c_filesize
    0, 0,          // c_maj, c_min
    device.major,  // c_rmaj
    device.minor,  // c_rmin
    name.length,   // c_namesize
    0,             // c_chksum
  ];
  const header = new TextEncoder().encode(
    `070701${fields.map((value) => value.toString(16).padStart(8, '0')).join('')}`,
  );
  return concat([pad4(concat([header, name])), pad4(bytes)]);
}

function pad4(bytes: Uint8Array): Uint8Array {
  const padded = new Uint8Array(alignUp(bytes.length, 4));
  padded.set(bytes);
  return padded;
}
