import { hex } from '@bzelf/bytes';
import { BOOT_PARAMS, E820_ENTRY, SCREEN_INFO, SETUP_HEADER } from '@bzelf/bzimage';
import type { MemoryRange } from '@bzelf/loader';
import type { Machine } from '@bzelf/x86';
import { executionFinding } from '../execution/findings.js';
import type { Finding } from '../finding.js';
import { extendedMemory, memoryBlocks, OLD_MEMORY_LIMIT } from './system.js';

/** The video mode that setup leaves as it is. Source: boot.rst, field vid_mode. */
const NORMAL_VGA = 0xffff;
const KIB = 1024n;
const BLOCK_KIB = 64;

interface Row {
  readonly field: string;
  readonly found: string;
  readonly expected: string;
}

/** Compares boot_params, which setup code has made, with what the BIOS has answered. Source: Linux arch/x86/boot/{memory,video}.c. */
export function checkSetupParams(machine: Pick<Machine, 'ram' | 'register'>, map: readonly MemoryRange[]): Finding[] {
  const at = Number(machine.register('rsi'));
  const page = machine.ram.subarray(at, at + BOOT_PARAMS.size);
  if (page.length < BOOT_PARAMS.size) return []; // params/place says so
  const rows = [...memoryRows(page, map), ...screenRows(page)];
  return rows
    .filter(({ found, expected }) => found !== expected)
    .map((row) => executionFinding('params/firmware', { ...row }));
}

const e820Text = (start: bigint, length: bigint, type: number): string =>
  `${hex(start)}-${hex(start + length - 1n)} type ${type}`;

function memoryRows(page: Uint8Array, map: readonly MemoryRange[]): Row[] {
  const { e820_entries, e820_table, alt_mem_k, screen_info } = BOOT_PARAMS.read(page);
  const found = Array.from({ length: Math.min(e820_entries, 128) }, (_, i) =>
    E820_ENTRY.read(e820_table, i * E820_ENTRY.size),
  );
  const { low, high } = memoryBlocks(map);
  const old = extendedMemory(map) / KIB;
  return [
    {
      field: 'e820_table',
      found: found.map(({ addr, size, type }) => e820Text(addr, size, type)).join(', '),
      expected: map.map(({ start, length, type }) => e820Text(start, length, type)).join(', '),
    },
    { field: 'alt_mem_k', found: String(alt_mem_k), expected: String(low + BLOCK_KIB * high) },
    {
      field: 'ext_mem_k',
      found: String(SCREEN_INFO.read(screen_info).ext_mem_k),
      expected: String(old < OLD_MEMORY_LIMIT ? old : OLD_MEMORY_LIMIT),
    },
  ];
}

/** The cursor is where the decompressor has written last. */
// prettier-ignore
const SCREEN = {
  orig_video_page: 0, orig_video_mode: 3, orig_video_cols: 80, orig_video_lines: 25,
  orig_video_isVGA: 1, orig_video_ega_bx: 3, orig_video_points: 16,
} as const;

function screenRows(page: Uint8Array): Row[] {
  if (SETUP_HEADER.read(page).vid_mode !== NORMAL_VGA) return [];
  const found = SCREEN_INFO.read(BOOT_PARAMS.read(page).screen_info);
  return Object.entries(SCREEN).map(([name, expected]) => ({
    field: name,
    found: String(found[name as keyof typeof SCREEN]),
    expected: String(expected),
  }));
}
