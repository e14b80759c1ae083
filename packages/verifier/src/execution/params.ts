import { equalBytes, hex, type StructValues } from '@bzelf/bytes';
import { BOOT_PARAMS, E820_ENTRY, E820_MAX_ENTRIES_ZEROPAGE, HDRS, SETUP_HEADER } from '@bzelf/bzimage';
import { ramIntervals, type KernelImage, type MemoryRange } from '@bzelf/loader';
import type { Machine } from '@bzelf/x86';
import type { Finding, Where } from '../finding.js';
import type { HandOver } from '../profiles/hand-over.js';
import { executionFinding } from './findings.js';

const SIZE = 0x1000;
/** The longest command line of a PC. */
const CMDLINE_MAX = 2048;

/** Every field, whatever the version says: a VMM's boot_params may have none. */
type Params = StructValues<typeof BOOT_PARAMS> & StructValues<typeof SETUP_HEADER>;

export interface ParamsVerdict {
  readonly cmdline?: string;
  readonly findings: readonly Finding[];
}

/** Compares boot_params, as the kernel gets them at its first instruction, with what the profile gave. */
export function checkParams(
  machine: Pick<Machine, 'ram' | 'register'>,
  kernel: KernelImage,
  given: HandOver,
): ParamsVerdict {
  const at = machine.register('rsi');
  const { ram } = machine;
  if (at + BigInt(SIZE) > BigInt(ram.length))
    return noParams({ field: 'rsi', found: at, expected: 'an address in memory' });
  const page = ram.subarray(Number(at), Number(at) + SIZE);
  const params: Params = { ...BOOT_PARAMS.read(page), ...SETUP_HEADER.read(page) };
  // the kernel's own PVH entry makes boot_params without the magic number
  if (kernel.form !== 'vmlinux' && params.header !== HDRS)
    return noParams({ field: 'rsi', found: at, expected: 'boot_params with "HdrS" at 0x202' });
  const findings: Finding[] = [];
  const pointer = wide(params.cmd_line_ptr, params.ext_cmd_line_ptr);
  const cmdline = textAt(ram, pointer);
  if (!isExpectedLine(kernel, cmdline, given.cmdline))
    findings.push(
      executionFinding('params/cmdline', {
        field: `cmd_line_ptr ${hex(pointer)}`,
        found: `"${cmdline}"`,
        expected: `"${given.cmdline}"`,
      }),
    );
  findings.push(
    ...checkMap(params, given.memoryMap),
    ...checkInitrd(ram, params, given),
    ...checkSubarch(params, kernel),
  );
  return { cmdline, findings };
}

const noParams = (where: Where): ParamsVerdict => ({ findings: [executionFinding('params/place', where)] });

/** Low and high half of a 64-bit field. */
const wide = (low: number, high: number): bigint => BigInt(low) | (BigInt(high) << 32n);

function textAt(ram: Uint8Array, at: bigint): string {
  if (at === 0n || at >= BigInt(ram.length)) return '';
  const bytes = ram.subarray(Number(at), Number(at) + CMDLINE_MAX);
  const end = bytes.indexOf(0);
  return new TextDecoder('latin1').decode(bytes.subarray(0, end < 0 ? bytes.length : end));
}

/** A container may have a built-in line, which goes before the loader's or replaces it. */
const isExpectedLine = (kernel: KernelImage, found: string, given: string): boolean =>
  found === given || (kernel.form === 'container' && found !== '' && isBuiltIn(kernel, found, given));

/** The line is in the file, whole or up to where the loader's begins. */
function isBuiltIn({ source }: KernelImage, found: string, given: string): boolean {
  const own = found.endsWith(` ${given}`) ? found.slice(0, -given.length - 1) : found;
  const bytes = source.read(0, source.size);
  const text = new TextEncoder().encode(own);
  for (let at = bytes.indexOf(text[0] ?? 0); at >= 0; at = bytes.indexOf(text[0] ?? 0, at + 1))
    if (equalBytes(bytes.subarray(at, at + text.length), text) && bytes[at + text.length] === 0) return true;
  return false;
}

/** RAM as intervals: firmware may split or join rows. */
function checkMap({ e820_entries, e820_table }: Params, given: readonly MemoryRange[]): Finding[] {
  const show = (map: readonly MemoryRange[]) =>
    ramIntervals(map.filter(({ length }) => length > 0n))
      .map(({ start, end }) => `${hex(start)}-${hex(end - 1n)}`)
      .join(', ');
  const rows = Math.min(e820_entries, E820_MAX_ENTRIES_ZEROPAGE);
  const e820 = Array.from({ length: rows }, (_, i) => E820_ENTRY.read(e820_table, i * E820_ENTRY.size));
  const found = show(e820.map(({ addr, size, type }) => ({ start: addr as MemoryRange['start'], length: size, type })));
  const expected = show(given);
  return found === expected
    ? []
    : [executionFinding('params/e820', { field: 'e820_table', found: `RAM ${found}`, expected: `RAM ${expected}` })];
}

function checkInitrd(ram: Uint8Array, params: Params, { initrd }: HandOver): Finding[] {
  const expected = initrd === undefined ? 'none' : `${initrd.length} bytes`;
  if (initrd === undefined) return []; // the file may bring one
  const address = wide(params.ramdisk_image, params.ext_ramdisk_image);
  const size = wide(params.ramdisk_size, params.ext_ramdisk_size);
  const wrong = (found: string) => [
    executionFinding('params/initrd', { field: `ramdisk_image ${hex(address)}`, found, expected }),
  ];
  if (size !== BigInt(initrd.length)) return wrong(`${size} bytes`);
  const found = ram.subarray(Number(address), Number(address) + initrd.length);
  return equalBytes(found, initrd) ? [] : wrong('other bytes');
}

function checkSubarch({ hardware_subarch: found }: Params, { subarch }: KernelImage): Finding[] {
  const expected = subarch?.subarch ?? 0;
  return found === expected ? [] : [executionFinding('params/subarch', { field: 'hardware_subarch', found, expected })];
}
