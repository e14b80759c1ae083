import { equalBytes, hex, thousands, type StructValues } from '@bzelf/bytes';
import { BOOT_PARAMS, E820_ENTRY, E820_MAX_ENTRIES_ZEROPAGE, HDRS, SETUP_HEADER } from '@bzelf/bzimage';
import { MEMORY_RAM, MEMORY_RESERVED, MEMORY_UNUSABLE, type KernelImage, type MemoryRange } from '@bzelf/loader';
import type { Machine } from '@bzelf/x86';
import type { Finding, Where } from '../finding.js';
import { rsdpBytes, xsdtAt } from '../profiles/acpi-tables.js';
import type { HandOver } from '../profiles/hand-over.js';
import { executionFinding } from './findings.js';
import { lineFrom, readBuiltIn, TEXT, type BuiltIn } from './stub-params.js';

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
  const builtIn = readBuiltIn(kernel);
  const line = lineFrom(builtIn, given.cmdline);
  if (cmdline !== line)
    findings.push(
      executionFinding('params/cmdline', {
        field: `cmd_line_ptr ${hex(pointer)}`,
        found: `"${cmdline}"`,
        expected: `"${line}"`,
      }),
    );
  findings.push(
    ...checkMap(params, kernel, given),
    ...checkInitrd(ram, params, given, builtIn),
    ...checkSubarch(params, kernel),
    ...checkRsdp(ram, params, kernel, given),
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
  return TEXT.decode(bytes.subarray(0, end < 0 ? bytes.length : end));
}

/** Row by row, as the kernel gets them. */
function checkMap({ e820_entries, e820_table }: Params, kernel: KernelImage, given: HandOver): Finding[] {
  const count = Math.min(e820_entries, E820_MAX_ENTRIES_ZEROPAGE);
  const rows = Array.from({ length: count }, (_, i) => E820_ENTRY.read(e820_table, i * E820_ENTRY.size));
  const found = rows.map(({ addr, size, type }) => rowText(addr, size, type)).join(', ');
  const expected = expectedRows(kernel, given)
    .map(({ start, length, type }) => rowText(start, length, type))
    .join(', ');
  return found === expected ? [] : [executionFinding('params/e820', { field: 'e820_table', found, expected })];
}

const rowText = (start: bigint, length: bigint, type: number): string =>
  `${hex(start)}-${hex(BigInt.asUintN(64, start + length - 1n))} type ${type}`;

/** VGA memory and ROMs. Source: Linux arch/x86/platform/pvh/enlighten.c, init_pvh_bootparams. */
const ISA_RANGE = { start: 0xa_0000n, length: 0x6_0000n, type: MEMORY_RESERVED };

/** The PVH entry of Linux itself keeps all rows, and adds one of its own; so do loaders that make boot_params, and stubs that get those. */
function expectedRows({ form }: KernelImage, { memoryMap, plan }: HandOver): readonly E820Row[] {
  const { protocol } = plan;
  if (form === 'container' && protocol !== 'linux32' && protocol !== 'linux64') return throughStub(memoryMap);
  if (form !== 'vmlinux' || protocol !== 'pvh') return memoryMap;
  return [...memoryMap.map((row) => (row.type === 0 ? { ...row, type: MEMORY_UNUSABLE } : row)), ISA_RANGE];
}

/** Without empty rows, and reserved where boot_params do not know the type. Source: packages/writer/src/stub/e820.S, add_e820. */
const throughStub = (map: readonly MemoryRange[]): readonly E820Row[] =>
  map
    .filter(({ length }) => length > 0n)
    .map((row) => (row.type >= MEMORY_RAM && row.type <= MEMORY_UNUSABLE ? row : { ...row, type: MEMORY_RESERVED }));

type E820Row = Pick<MemoryRange, 'length' | 'type'> & { readonly start: bigint };

/** The loader's; else the one that the file brings, else none. */
function checkInitrd(ram: Uint8Array, params: Params, { initrd }: HandOver, builtIn: BuiltIn | undefined): Finding[] {
  const wanted = initrd ?? builtIn?.initrd;
  const expected = wanted === undefined ? 'none' : `${thousands(wanted.length)} bytes`;
  const address = wide(params.ramdisk_image, params.ext_ramdisk_image);
  const size = wide(params.ramdisk_size, params.ext_ramdisk_size);
  const wrong = (found: string) => [
    executionFinding('params/initrd', { field: `ramdisk_image ${hex(address)}`, found, expected }),
  ];
  if (size !== BigInt(wanted?.length ?? 0)) return wrong(`${thousands(size)} bytes`);
  if (wanted === undefined) return [];
  const found = ram.subarray(Number(address), Number(address) + wanted.length);
  return equalBytes(found, wanted) ? [] : wrong('other bytes');
}

function checkSubarch(params: Params, { subarch }: KernelImage): Finding[] {
  const { hardware_subarch, hardware_subarch_data } = params;
  const found = `${hardware_subarch}, data ${hex(hardware_subarch_data)}`;
  const expected = `${subarch?.subarch ?? 0}, data ${hex(subarch?.data ?? 0n)}`;
  return found === expected ? [] : [executionFinding('params/subarch', { field: 'hardware_subarch', found, expected })];
}

/** The address that was passed, or that of a copy; a decompressor may have looked for it where nobody has said it. */
function checkRsdp(
  ram: Uint8Array,
  { acpi_rsdp_addr: found }: Params,
  { form }: KernelImage,
  { acpi, plan }: HandOver,
): Finding[] {
  const wrong = (expected: bigint | string) => [
    executionFinding('params/acpi', { field: 'acpi_rsdp_addr', found, expected }),
  ];
  if (acpi === undefined) return found === 0n ? [] : wrong(0n);
  const address = BigInt(acpi.rsdp);
  // Linux's own PVH entry asks hvm_start_info again, later. Source: arch/x86/platform/pvh/enlighten.c, pvh_get_root_pointer
  const mayBeZero = acpi.passed === 'nothing' || (form === 'vmlinux' && plan.protocol === 'pvh');
  const isFound = found === address || (mayBeZero && found === 0n);
  if (acpi.passed !== 'copy') return isFound ? [] : wrong(address);
  const wanted = rsdpBytes(xsdtAt(acpi));
  const copy = ram.subarray(Number(found), Number(found) + wanted.length);
  return equalBytes(copy, wanted) ? [] : wrong('the address of a copy of the RSDP');
}
