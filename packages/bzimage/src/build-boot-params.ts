import { concat, type PhysAddr, type StructValues } from '@bzelf/bytes';
import {
  BOOT_PARAMS,
  E820_ENTRY,
  E820_MAX_ENTRIES_ZEROPAGE,
  EFI_INFO,
  SCREEN_INFO,
  type BootParams,
  type E820Entry,
} from './boot-params.js';
import { fail } from './errors.js';
import {
  HEADER_END_MAX,
  SETUP_HEADER,
  SETUP_HEADER_START,
  XLF_CAN_BE_LOADED_ABOVE_4G,
  readSetupHeader,
  type SetupHeader,
} from './setup-header.js';

export interface BootParamsOptions {
  /** The image's header, 0x1f1 to its end (`BzImage.headerBytes`). */
  readonly headerBytes: Uint8Array;
  readonly typeOfLoader?: number;
  readonly cmdLinePtr?: PhysAddr;
  readonly ramdisk?: { readonly address: PhysAddr; readonly size: bigint };
  /** The memory map; rows beyond 128 come back for an E820_EXT node. */
  readonly e820?: readonly E820Entry[];
  readonly acpiRsdp?: PhysAddr;
  /** Head of the setup_data list. */
  readonly setupData?: PhysAddr;
  readonly screenInfo?: Partial<StructValues<typeof SCREEN_INFO>>;
  readonly efiInfo?: Partial<StructValues<typeof EFI_INFO>>;
  readonly subarch?: { readonly id: number; readonly data?: bigint };
  /** Any other field of the header, written last: `code32_start`, `kernel_alignment`, `loadflags`, `vid_mode`… */
  readonly header?: Partial<StructValues<typeof SETUP_HEADER>>;
  /** Any other field of boot_params, written last: `alt_mem_k`, `secure_boot`… */
  readonly fields?: Partial<BootParams>;
}

/** boot.rst, field type_of_loader: a loader without an id. */
const LOADER_UNKNOWN = 0xff;

/**
 * A clean page as boot.rst asks for: zero, the header copied to its end and no further, then what the loader fills in.
 * The sentinel stays 0, so the kernel keeps every field. Throws bzimage/bad-boot-params for an address that the
 * header's version has no room for.
 */
export function buildBootParams(options: BootParamsOptions): Uint8Array {
  const page = new Uint8Array(BOOT_PARAMS.size);
  page.set(options.headerBytes.subarray(0, HEADER_END_MAX - SETUP_HEADER_START), SETUP_HEADER_START);
  const image = readSetupHeader(page);
  const header = headerFields(options);
  for (const name of Object.keys(header)) checkField(image, name);
  SETUP_HEADER.write(page, 0, header);
  BOOT_PARAMS.write(page, 0, { ...pageFields(image, options), ...options.fields });
  return page;
}

function headerFields(options: BootParamsOptions): Partial<StructValues<typeof SETUP_HEADER>> {
  const { cmdLinePtr, ramdisk, setupData, subarch } = options;
  return {
    type_of_loader: options.typeOfLoader ?? LOADER_UNKNOWN,
    ...(cmdLinePtr === undefined ? {} : { cmd_line_ptr: low(cmdLinePtr) }),
    ...(ramdisk === undefined ? {} : { ramdisk_image: low(ramdisk.address), ramdisk_size: low(ramdisk.size) }),
    ...(setupData === undefined ? {} : { setup_data: setupData }),
    ...(subarch === undefined ? {} : { hardware_subarch: subarch.id, hardware_subarch_data: subarch.data ?? 0n }),
    ...options.header,
  };
}

/** A field that this header does not have would overwrite code or be ignored. */
function checkField(image: SetupHeader, name: string): void {
  if (name in image) return;
  throw fail('bzimage/bad-boot-params', {
    field: name,
    found: image.version,
    expected: `a protocol version and header length that have ${name}`,
  });
}

function pageFields(image: SetupHeader, options: BootParamsOptions): Partial<BootParams> {
  const { cmdLinePtr = 0n, ramdisk, acpiRsdp, e820 = [], screenInfo, efiInfo } = options;
  const extensions = {
    ext_ramdisk_image: high(ramdisk?.address ?? 0n),
    ext_ramdisk_size: high(ramdisk?.size ?? 0n),
    ext_cmd_line_ptr: high(cmdLinePtr),
  };
  for (const [name, value] of Object.entries(extensions)) if (value !== 0) checkAbove4G(image, name, value);
  const rows = e820.slice(0, E820_MAX_ENTRIES_ZEROPAGE);
  return {
    ...extensions,
    ...(acpiRsdp === undefined ? {} : { acpi_rsdp_addr: acpiRsdp }),
    e820_entries: rows.length,
    e820_table: concat(rows.map((row) => E820_ENTRY.encode(row))),
    ...(screenInfo === undefined ? {} : { screen_info: SCREEN_INFO.encode(screenInfo) }),
    ...(efiInfo === undefined ? {} : { efi_info: EFI_INFO.encode(efiInfo) }),
  };
}

function checkAbove4G(image: SetupHeader, field: string, found: number): void {
  if (((image.xloadflags ?? 0) & XLF_CAN_BE_LOADED_ABOVE_4G) !== 0) return;
  throw fail('bzimage/bad-boot-params', {
    field,
    found,
    expected: '0: this kernel cannot take addresses above 4 GiB (XLF_CAN_BE_LOADED_ABOVE_4G is clear)',
  });
}

const low = (value: bigint): number => Number(BigInt.asUintN(32, value));
const high = (value: bigint): number => Number(BigInt.asUintN(32, value >> 32n));

/** The rows that did not fit into the page: for `e820ExtNode`. */
export const e820Overflow = (entries: readonly E820Entry[]): readonly E820Entry[] =>
  entries.slice(E820_MAX_ENTRIES_ZEROPAGE);

export interface DecodedBootParams {
  readonly params: BootParams;
  readonly header: SetupHeader;
  readonly e820: readonly E820Entry[];
  readonly screenInfo: StructValues<typeof SCREEN_INFO>;
  readonly efiInfo: StructValues<typeof EFI_INFO>;
  /** Low and high halves joined. */
  readonly cmdLinePtr: bigint;
  readonly ramdisk: { readonly address: bigint; readonly size: bigint };
}

/** Reads a page back. Throws bzimage/bad-boot-params and what `readSetupHeader` throws. */
export function decodeBootParams(page: Uint8Array): DecodedBootParams {
  if (page.length < BOOT_PARAMS.size)
    throw fail('bzimage/bad-boot-params', { found: page.length, expected: `${BOOT_PARAMS.size} bytes` });
  const params = BOOT_PARAMS.read(page);
  const header = readSetupHeader(page);
  if (params.e820_entries > E820_MAX_ENTRIES_ZEROPAGE)
    throw fail('bzimage/bad-boot-params', {
      offset: 0x1e8,
      field: 'e820_entries',
      found: params.e820_entries,
      expected: 'at most 0x80',
    });
  const join = (lowHalf: number | undefined, highHalf: number) => BigInt(lowHalf ?? 0) + (BigInt(highHalf) << 32n);
  return {
    params,
    header,
    e820: Array.from({ length: params.e820_entries }, (_, i) =>
      E820_ENTRY.read(params.e820_table, i * E820_ENTRY.size),
    ),
    screenInfo: SCREEN_INFO.read(params.screen_info),
    efiInfo: EFI_INFO.read(params.efi_info),
    cmdLinePtr: join(header.cmd_line_ptr, params.ext_cmd_line_ptr),
    ramdisk: {
      address: join(header.ramdisk_image, params.ext_ramdisk_image),
      size: join(header.ramdisk_size, params.ext_ramdisk_size),
    },
  };
}
