import { equalBytes, getU32, hex, readAsciz, type Struct, type Row } from '@bzelf/bytes';
import { BOOT_PARAMS, E820_ENTRY, SETUP_HEADER, SETUP_HEADER_START, headerEnd } from '@bzelf/bzimage';
import { EBN_GENERIC, decodeElfBootBlock } from '@bzelf/elf';
import {
  HVM_MEMMAP_TABLE_ENTRY,
  HVM_START_INFO,
  MULTIBOOT_INFO,
  XEN_START_INFO,
  type ParameterBlock,
} from '@bzelf/loader';

export interface BlockField {
  /** Offset in the block. */
  readonly offset: number;
  readonly name: string;
  readonly value: string;
  readonly meaning: string;
}

/**
 * The fields of a parameter block that are not zero, and the rows of its memory map. With `setupHeader`, the kernel's own
 * bytes from 0x1f1 on, only what the loader changed of them.
 */
export function decodeParameterBlock({ kind, address, bytes }: ParameterBlock, setupHeader?: Uint8Array): BlockField[] {
  switch (kind) {
    case 'boot_params':
      return [...bootParamsFields(bytes, setupHeader), ...rows(bytes, E820_ENTRY, 0x2d0, bytes[0x1e8] ?? 0, 'e820')];
    case 'hvm_start_info':
      return startInfoFields(address, bytes);
    case 'multiboot_info':
      return nonZeroFields(MULTIBOOT_INFO, bytes);
    case 'multiboot2_info':
      return multiboot2Fields(bytes);
    case 'elfboot':
      return elfBootFields(bytes);
    case 'xen start_info':
      return nonZeroFields(XEN_START_INFO, bytes);
  }
}

function bootParamsFields(bytes: Uint8Array, setupHeader: Uint8Array = new Uint8Array(0)): BlockField[] {
  const end = headerEnd(bytes);
  const isChanged = (at: number, size: number) => {
    const own = setupHeader.subarray(at - SETUP_HEADER_START, at - SETUP_HEADER_START + size);
    return !equalBytes(own, bytes.subarray(at, at + size));
  };
  const header = nonZeroFields(SETUP_HEADER, bytes, (at, size) => at + size <= end && isChanged(at, size));
  return [...nonZeroFields(BOOT_PARAMS, bytes), ...header].sort((a, b) => a.offset - b.offset);
}

const EVERYWHERE = () => true;

/** Numbers only: areas of bytes are told by the rows in them. */
function nonZeroFields<R extends readonly Row[]>(
  table: Struct<R>,
  bytes: Uint8Array,
  isInside: (at: number, size: number) => boolean = EVERYWHERE,
): BlockField[] {
  const fields = table.fields.filter(({ at, type }) => at + type.size <= bytes.length && isInside(at, type.size));
  const values: Readonly<Record<string, unknown>> = table.readSome(bytes, 0, (field) => fields.includes(field));
  return fields.flatMap(({ at, name, meaning }) => {
    const value = values[name];
    if ((typeof value !== 'number' && typeof value !== 'bigint') || BigInt(value) === 0n) return [];
    return [{ offset: at, name, value: hex(value), meaning }];
  });
}

/** Rows of three fields that say address, size and type. */
function rows<R extends readonly Row[]>(
  bytes: Uint8Array,
  table: Struct<R>,
  at: number,
  count: number,
  name: string,
): BlockField[] {
  const fits = Math.max(0, Math.min(count, Math.floor((bytes.length - at) / table.size)));
  return Array.from({ length: fits }, (_, i) => {
    const offset = at + i * table.size;
    const values = Object.values(table.read(bytes, offset)) as (number | bigint)[];
    const [start = 0, size = 0, type = 0] = values;
    const last = BigInt(start) + BigInt(size) - 1n;
    return {
      offset,
      name: `${name}[${i}]`,
      value: `${hex(start)}-${hex(last)}`,
      meaning: MEMORY_WORDS[Number(type)] ?? `type ${type}`,
    };
  });
}

// prettier-ignore
const MEMORY_WORDS: Readonly<Record<number, string>> = { 1: 'RAM', 2: 'reserved', 3: 'ACPI', 4: 'NVS', 5: 'unusable', 7: 'persistent' };

function startInfoFields(address: bigint, bytes: Uint8Array): BlockField[] {
  const fields = nonZeroFields(HVM_START_INFO, bytes);
  if (bytes.length < HVM_START_INFO.size) return fields;
  const { memmap_paddr, memmap_entries } = HVM_START_INFO.read(bytes);
  const at = Number(memmap_paddr - address);
  if (at < HVM_START_INFO.size || at > bytes.length) return fields;
  return [...fields, ...rows(bytes, HVM_MEMMAP_TABLE_ENTRY, at, memmap_entries, 'memmap')];
}

// prettier-ignore
const MULTIBOOT2_TAGS: Readonly<Record<number, string>> = {
  1: 'command line', 2: 'loader name', 3: 'module', 4: 'basic memory', 6: 'memory map', 14: 'RSDP v1', 15: 'RSDP v2', 21: 'load base',
};

function multiboot2Fields(bytes: Uint8Array): BlockField[] {
  const fields: BlockField[] = [];
  for (let at = 8; at + 8 <= bytes.length;) {
    const [type, size] = [getU32(bytes, at), getU32(bytes, at + 4)];
    if (type === 0 || size < 8) break;
    const text = type === 1 || type === 2 ? `"${readAsciz(bytes.subarray(at + 8, at + size))}"` : `${size} bytes`;
    fields.push({ offset: at, name: `tag ${type}`, value: text, meaning: MULTIBOOT2_TAGS[type] ?? '' });
    at += (size + 7) & ~7;
  }
  return fields;
}

function elfBootFields(bytes: Uint8Array): BlockField[] {
  const names = Object.entries(EBN_GENERIC);
  return decodeElfBootBlock(bytes).map(({ type, desc }, index) => {
    const name = names.find(([, value]) => value === type)?.[0] ?? `record ${type}`;
    return { offset: index, name, value: `"${readAsciz(desc)}"`, meaning: '' };
  });
}
