import { readFileSync } from 'node:fs';
import { fromHex, phys } from '@bzelf/bytes';
import {
  MAPPING_PURPOSES,
  SUBARCH_NAMES,
  type MappingPurpose,
  type MappingRange,
  type RawNote,
  type SubarchNote,
} from '@bzelf/elf';
import { MEMORY_ACPI, MEMORY_NVS, MEMORY_RAM, MEMORY_RESERVED, MEMORY_UNUSABLE, type MemoryRange } from '@bzelf/loader';
import { UsageError } from './exit.js';

const UNITS: Readonly<Record<string, bigint>> = { '': 1n, K: 1n << 10n, M: 1n << 20n, G: 1n << 30n, T: 1n << 40n };

/** `512M`, `0x1000`, `4096`. Throws UsageError. */
export function parseSize(text: string, option: string): bigint {
  const [, digits, unit = ''] = /^(0x[0-9a-fA-F]+|\d+)([KMGT]?)(?:iB|B)?$/i.exec(text) ?? [];
  const factor = UNITS[unit.toUpperCase()];
  if (digits === undefined || factor === undefined) {
    throw new UsageError(`${option} ${text}: not a size such as 512M, 0x1000 or 4096`);
  }
  return BigInt(digits) * factor;
}

/** A number, decimal or hexadecimal, of at most 64 bits. Throws UsageError. */
export function parseNumber(text: string, option: string): bigint {
  const value = /^(0x[0-9a-fA-F]+|\d+)$/.test(text) ? BigInt(text) : undefined;
  if (value === undefined || value >= 1n << 64n) throw new UsageError(`${option} ${text}: not a 64-bit number`);
  return value;
}

/** `xen`, `2`, `ce4100:0x1000`. Throws UsageError. */
export function parseSubarch(text: string): SubarchNote {
  const [name = '', data = '0', ...rest] = text.split(':');
  if (rest.length > 0) throw new UsageError(`--subarch ${text}: not NAME or NUMBER, or either with :DATA`);
  const known = Object.entries(SUBARCH_NAMES).find(([key]) => key === name)?.[1];
  const subarch =
    known ?? Number(parseNumber(name, `--subarch (${Object.keys(SUBARCH_NAMES).join(', ')} or a number)`));
  if (subarch > 0xffff_ffff) throw new UsageError(`--subarch ${text}: hardware_subarch has 32 bits`);
  return { subarch, data: parseNumber(data, '--subarch data') };
}

/** `OWNER:TYPE=hex:00ff`, `OWNER:TYPE=text:words`, `OWNER:TYPE=@file`. Throws UsageError, and errors of reading the file. */
export function parseNote(text: string): RawNote {
  const [, owner, type, content] = /^([^:=]+):([^:=]+)=(.*)$/s.exec(text) ?? [];
  if (owner === undefined || type === undefined || content === undefined) {
    throw new UsageError(`--note ${text}: not OWNER:TYPE=hex:DIGITS, OWNER:TYPE=text:WORDS or OWNER:TYPE=@FILE`);
  }
  const number = parseNumber(type, `--note ${owner}, type`);
  if (number > 0xffff_ffffn) throw new UsageError(`--note ${owner}: a type has 32 bits`);
  return { owner, type: Number(number), desc: noteContent(content) };
}

function noteContent(content: string): Uint8Array {
  if (content.startsWith('@')) return new Uint8Array(readFileSync(content.slice(1)));
  if (content.startsWith('hex:')) return fromHex(content.slice(4));
  if (content.startsWith('text:')) return new TextEncoder().encode(`${content.slice(5)}\0`);
  throw new UsageError(`--note …=${content}: begins with none of hex:, text: and @`);
}

/** `framebuffer:0xe0000000+16M:rw:optional`. Throws UsageError. */
export function parseRange(text: string): MappingRange {
  const [, purpose = '', start = '', length = '', access = '', optional] =
    /^([a-z-]+):([^:+]+)\+([^:]+):([rwx-]{1,3})(:optional)?$/.exec(text) ?? [];
  if (purpose === '') throw new UsageError(`--map ${text}: not PURPOSE:START+LENGTH:ACCESS, with :optional if it is`);
  if (!Object.hasOwn(MAPPING_PURPOSES, purpose)) {
    throw new UsageError(`--map ${text}: the purposes are ${Object.keys(MAPPING_PURPOSES).join(', ')}`);
  }
  const from = parseNumber(start, '--map, start');
  const bytes = parseSize(length, '--map, length');
  if (bytes === 0n || from + bytes > 1n << 64n)
    throw new UsageError(`--map ${text}: an empty range, or one past 64 bits`);
  return {
    start: phys(from),
    length: bytes,
    virtOffset: 0n,
    read: access.includes('r'),
    write: access.includes('w'),
    execute: access.includes('x'),
    purpose: purpose as MappingPurpose,
    required: optional === undefined,
    placedByLoader: false,
    evidence: 'declared',
  };
}

const MEMORY_TYPES: Readonly<Record<string, number>> = {
  ram: MEMORY_RAM,
  reserved: MEMORY_RESERVED,
  acpi: MEMORY_ACPI,
  nvs: MEMORY_NVS,
  unusable: MEMORY_UNUSABLE,
};

/** Lines `START LENGTH TYPE`; `#` begins a remark. Throws UsageError. */
export function parseMemoryMap(text: string, file: string): MemoryRange[] {
  return text.split('\n').flatMap((line, index) => {
    const words = line.replace(/#.*/, '').trim().split(/\s+/);
    if (words[0] === '') return [];
    const where = `${file}, line ${index + 1}`;
    const [start, length, type = 'ram'] = words;
    if (start === undefined || length === undefined || words.length > 3)
      throw new UsageError(`${where}: not START LENGTH TYPE`);
    const number = MEMORY_TYPES[type.toLowerCase()] ?? Number(parseNumber(type, `${where}, type`));
    return [{ start: phys(parseNumber(start, where)), length: parseSize(length, where), type: number }];
  });
}
