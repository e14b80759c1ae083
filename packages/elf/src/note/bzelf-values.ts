/** The numbers of bzelf's enumerations. They never change; new ones are added at the end. Source: docs/notes.md. */
import { badDesc } from './codec.js';

// prettier-ignore
export const IMAGE_FORMS = { inplace: 1, container: 2, vmlinux: 3 } as const;

// prettier-ignore
export const ENTRY_PROTOCOLS = {
  linux16: 1, linux32: 2, linux64: 3, pvh: 4, multiboot: 5, multiboot2: 6,
  'efi-handover': 7, 'xen-pv': 8, elfboot: 9, coreboot: 10,
} as const;

// prettier-ignore
export const ENTRY_MODES = { real16: 1, protected32: 2, pae32: 3, long64: 4 } as const;

// prettier-ignore
export const ENTRY_ARGUMENTS = { none: 0, 'eax-ebx': 1, ebx: 2, esi: 3, rsi: 4, rdi: 5, stack: 6, ds: 7 } as const;

// prettier-ignore
export const MAPPING_PURPOSES = {
  image: 1, runtime: 2, 'boot-params': 3, stub: 4, cmdline: 5, 'setup-data': 6, 'start-info': 7,
  'low-memory': 8, framebuffer: 9, initrd: 10, 'page-tables': 11,
} as const;

// prettier-ignore
export const ORIGIN_SOURCES = { file: 1, inline: 2 } as const;

// prettier-ignore
export const NOTE_COMPRESSORS: Readonly<Record<string, number>> = {
  none: 0, gzip: 1, bzip2: 2, lzma: 3, xz: 4, lzo: 5, lz4: 6, zstd: 7,
};

/** Names of hardware_subarch. Source: boot.rst, field hardware_subarch; Linux enum x86_hardware_subarch. */
// prettier-ignore
export const SUBARCH_NAMES = { pc: 0, lguest: 1, xen: 2, 'intel-mid': 3, ce4100: 4 } as const;

export function subarchName(subarch: number): string | undefined {
  return Object.entries(SUBARCH_NAMES).find(([, value]) => value === subarch)?.[0];
}

/** The number of a name. An unknown name is a bug of the caller. */
export function valueOf(values: Readonly<Record<string, number>>, name: string): number {
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  if (value === undefined) throw new Error(`there is no ${name} among ${Object.keys(values).join(', ')}`);
  return value;
}

/** The name of a number from a file. Throws elf/note-bad-value. */
export function nameOf<T extends Readonly<Record<string, number>>>(
  values: T,
  value: number,
  field: string,
  offset: number,
): keyof T & string {
  const name = Object.keys(values).find((key) => values[key] === value);
  if (name !== undefined) return name;
  const expected = Object.entries(values)
    .map(([key, number]) => `${number} ${key}`)
    .join(', ');
  throw badDesc({ offset, field, found: value, expected }, 'elf/note-bad-value');
}
