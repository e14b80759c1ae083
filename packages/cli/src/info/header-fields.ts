import { hex } from '@bzelf/bytes';
import {
  HARDWARE_SUBARCH,
  LOADFLAGS,
  SETUP_HEADER,
  XLOADFLAGS,
  flagNames,
  versionText,
  type BzImage,
} from '@bzelf/bzimage';

export interface HeaderField {
  /** File offset. */
  readonly offset: number;
  readonly name: string;
  readonly value: number | bigint;
  /** Digits that the field has room for. */
  readonly digits: number;
  /** What the field is, and what this value of it means. */
  readonly meaning: string;
  /** Protocol version that brought it; 0 for the boot sector's own. */
  readonly since: number;
}

/** The setup_header as the file has it: fields past its end or above its version are absent. */
export function headerFields({ header }: BzImage): HeaderField[] {
  const values: Readonly<Record<string, unknown>> = header;
  return SETUP_HEADER.fields.flatMap(({ at, name, type, meaning, since }) => {
    const value = values[name];
    if (typeof value !== 'number' && typeof value !== 'bigint') return [];
    const told = TELL[name]?.(Number(value));
    return [
      {
        offset: at,
        name,
        value,
        digits: 2 * type.size,
        since,
        meaning: told === undefined ? meaning : meaningOf(told, meaning),
      },
    ];
  });
}

/** "see LOADFLAGS" is said by the names of the bits themselves. */
const meaningOf = (told: string, meaning: string): string =>
  meaning.startsWith('see ') ? told : `${told} (${meaning})`;

const flags = (table: Parameters<typeof flagNames>[1]) => (value: number) =>
  flagNames(value, table).join(' ') || 'none';
const mebibytes = (value: number) =>
  value >= 0x100000 && value % 0x1000 === 0 ? `${value / 0x100000} MiB` : undefined;

/** Values that have names. */
const TELL: Readonly<Record<string, (value: number) => string | undefined>> = {
  setup_sects: (value) => `${((value || 4) + 1) * 512} bytes with the boot sector`,
  version: versionText,
  loadflags: flags(LOADFLAGS),
  xloadflags: flags(XLOADFLAGS),
  hardware_subarch: (value) => HARDWARE_SUBARCH[value] ?? hex(value),
  syssize: (value) => `${value * 16} bytes`,
  kernel_alignment: mebibytes,
  min_alignment: (value) => `${2 ** value} bytes`,
  pref_address: mebibytes,
  init_size: (value) => `${(value / 0x100000).toFixed(1)} MiB`,
  vid_mode: (value) => ({ 0xffff: 'normal', 0xfffe: 'extended', 0xfffd: 'ask' })[value],
};
