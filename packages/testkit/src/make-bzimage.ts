import { crc32 } from 'node:zlib';
import { alignUp, concat, le, setU32 } from '@bzelf/bytes';

/** Where the setup_header fields are, apart from the library's own table on purpose. `[offset, size, since]`. */
// prettier-ignore
const FIELDS = {
  setup_sects:           [0x1f1, 1, 0x0000],
  root_flags:            [0x1f2, 2, 0x0000],
  syssize:               [0x1f4, 4, 0x0204],
  ram_size:              [0x1f8, 2, 0x0000],
  vid_mode:              [0x1fa, 2, 0x0000],
  root_dev:              [0x1fc, 2, 0x0000],
  boot_flag:             [0x1fe, 2, 0x0000],
  jump:                  [0x200, 2, 0x0200],
  header:                [0x202, 4, 0x0200],
  version:               [0x206, 2, 0x0200],
  realmode_swtch:        [0x208, 4, 0x0200],
  start_sys_seg:         [0x20c, 2, 0x0200],
  kernel_version:        [0x20e, 2, 0x0200],
  type_of_loader:        [0x210, 1, 0x0200],
  loadflags:             [0x211, 1, 0x0200],
  setup_move_size:       [0x212, 2, 0x0200],
  code32_start:          [0x214, 4, 0x0200],
  ramdisk_image:         [0x218, 4, 0x0200],
  ramdisk_size:          [0x21c, 4, 0x0200],
  bootsect_kludge:       [0x220, 4, 0x0200],
  heap_end_ptr:          [0x224, 2, 0x0201],
  ext_loader_ver:        [0x226, 1, 0x0202],
  ext_loader_type:       [0x227, 1, 0x0202],
  cmd_line_ptr:          [0x228, 4, 0x0202],
  initrd_addr_max:       [0x22c, 4, 0x0203],
  kernel_alignment:      [0x230, 4, 0x0205],
  relocatable_kernel:    [0x234, 1, 0x0205],
  min_alignment:         [0x235, 1, 0x020a],
  xloadflags:            [0x236, 2, 0x020c],
  cmdline_size:          [0x238, 4, 0x0206],
  hardware_subarch:      [0x23c, 4, 0x0207],
  hardware_subarch_data: [0x240, 8, 0x0207],
  payload_offset:        [0x248, 4, 0x0208],
  payload_length:        [0x24c, 4, 0x0208],
  setup_data:            [0x250, 8, 0x0209],
  pref_address:          [0x258, 8, 0x020a],
  init_size:             [0x260, 4, 0x020a],
  handover_offset:       [0x264, 4, 0x020b],
  kernel_info_offset:    [0x268, 4, 0x020f],
} as const satisfies Record<string, readonly [number, number, number]>;

export const MADE_HEADER_FIELDS: Readonly<Record<string, readonly [number, number, number]>> = FIELDS;

type HeaderValues = Partial<Record<keyof typeof FIELDS, number | bigint>>;

export interface BzImageOptions extends HeaderValues {
  /** Which kernel to look like; decides the defaults of xloadflags, kernel_alignment and payload_offset. */
  readonly bits?: 32 | 64;
  /** Bytes from file offset 0 on; the header fields are written over them. */
  readonly setup?: Uint8Array;
  /** The protected-mode kernel; without it, a few bytes that halt, the payload and kernel_info. */
  readonly protectedMode?: Uint8Array;
  /** Put at payload_offset; payload_length follows from it. */
  readonly payload?: Uint8Array;
  /** What kernel_version points at. */
  readonly kernelVersion?: string;
  /** The CRC-32 of protocol 2.08: right, wrong, or no slot for it. */
  readonly crc?: 'good' | 'bad' | 'none';
  /** MZ and PE headers as CONFIG_EFI_STUB makes them; `signed` also appends a certificate table, after the CRC. */
  readonly pe?: boolean | 'signed';
  /** Bytes after the protected-mode kernel, which no loader loads. */
  readonly trailing?: Uint8Array;
}

const CERTIFICATE_SIZE = 0x48;
/** hlt; jmp back to it. At the 32-bit entry and, with bits 64, at the 64-bit entry 0x200 further. */
const HALT = [0xf4, 0xeb, 0xfd];

/**
 * A bzImage of a given geometry for unit tests. Fields by their wire names; what is not given is as a current kernel
 * has it, and fields newer than `version` stay away. Lies are allowed: a given value is written as it is.
 * Source: Documentation/arch/x86/boot.rst.
 */
export function makeBzImage(options: BzImageOptions = {}): Uint8Array {
  const version = Number(options.version ?? 0x020f);
  const sectors = Number(options.setup_sects ?? 4);
  const setupSize = ((sectors === 0 ? 4 : sectors) + 1) * 512;
  const wantsCrc = (options.crc ?? (version >= 0x0208 ? 'good' : 'none')) !== 'none';
  const { bytes: protectedMode, found } = makeProtectedMode(options, version, wantsCrc);
  const setup = makeSetup(options, version, setupSize, { ...found, syssize: protectedMode.length / 16 });
  const file = concat([setup, protectedMode]);
  if (wantsCrc) writeCrc(file, options.crc === 'bad');
  const certificate = options.pe === 'signed' ? sign(file, options) : new Uint8Array(0);
  return concat([file, certificate, options.trailing ?? new Uint8Array(0)]);
}

function makeProtectedMode(options: BzImageOptions, version: number, wantsCrc: boolean) {
  const found: HeaderValues = {};
  let body = options.protectedMode ?? defaultBody(options);
  if (options.payload !== undefined) {
    const offset = Number(options.payload_offset ?? (options.bits === 32 ? 0x94 : 0x2cc));
    const larger = new Uint8Array(Math.max(body.length, offset + options.payload.length));
    larger.set(body);
    larger.set(options.payload, offset);
    body = larger;
    Object.assign(found, { payload_offset: offset, payload_length: options.payload.length });
  }
  if (version >= 0x020f && options.protectedMode === undefined) {
    found.kernel_info_offset = alignUp(body.length, 16);
    const larger = new Uint8Array(found.kernel_info_offset + 16);
    larger.set(body);
    larger.set(
      concat([new TextEncoder().encode('LToP'), le(16, 4), le(16, 4), le(0x80000009, 4)]),
      found.kernel_info_offset,
    );
    body = larger;
  }
  const bytes = new Uint8Array(alignUp(body.length + (wantsCrc ? 4 : 0), 16));
  bytes.set(body);
  return { bytes, found };
}

function defaultBody({ bits }: BzImageOptions): Uint8Array {
  const body = new Uint8Array(0x210);
  body.set(HALT, 0);
  if (bits !== 32) body.set(HALT, 0x200);
  return body;
}

/** What a current kernel's header says. */
function defaults(options: BzImageOptions, version: number): HeaderValues {
  const is64 = options.bits !== 32;
  return {
    setup_sects: 4,
    vid_mode: 0xffff,
    boot_flag: 0xaa55,
    jump: ((headerEnd(version) - 0x202) << 8) | 0xeb,
    header: 0x53726448, // "HdrS"
    version,
    start_sys_seg: 0x1000,
    loadflags: 1, // LOADED_HIGH
    setup_move_size: 0x8000,
    code32_start: 0x100000,
    initrd_addr_max: 0x7fffffff,
    kernel_alignment: is64 ? 0x200000 : 0x1000000,
    relocatable_kernel: 1,
    min_alignment: is64 ? 21 : 13,
    xloadflags: is64 ? 3 : 0, // XLF_KERNEL_64, XLF_CAN_BE_LOADED_ABOVE_4G
    cmdline_size: 0x7ff,
    pref_address: 0x1000000n,
    init_size: 0x400000,
  };
}

/** Where the header of that version ends: behind its last field, as the jump over it says. */
function headerEnd(version: number): number {
  return Math.max(...Object.values(FIELDS).map(([at, size, since]) => (since <= version ? at + size : 0)));
}

function makeSetup(options: BzImageOptions, version: number, size: number, found: HeaderValues): Uint8Array {
  const setup = new Uint8Array(Math.max(size, options.setup?.length ?? 0));
  setup.fill(0xff, 0, 0x1f1); // filler and sentinel, as in a kernel without CONFIG_EFI_STUB
  if (options.pe) writePe(setup, options);
  setup.set(options.setup ?? []);
  if (options.kernelVersion !== undefined) {
    const at = size - 0x80; // in the padding of the last sector
    setup.set(new TextEncoder().encode(`${options.kernelVersion}\0`), at);
    found = { ...found, kernel_version: at - 0x200 };
  }
  const values: HeaderValues = { ...defaults(options, version), ...found };
  for (const [name, [at, width, since]] of Object.entries(FIELDS)) {
    const given = options[name as keyof typeof FIELDS];
    const value = given ?? (since <= version ? values[name as keyof typeof FIELDS] : undefined);
    if (value !== undefined) setup.set(le(value, width), at);
    else if (options.setup === undefined && since <= version) setup.fill(0, at, at + width);
  }
  return setup;
}

/** Running CRC-32 over the whole file is 0: stored without the final inversion that zlib adds. */
function writeCrc(file: Uint8Array, bad: boolean): void {
  const crc = ~crc32(file.subarray(0, file.length - 4)) >>> 0;
  setU32(file, file.length - 4, bad ? (crc ^ 1) >>> 0 : crc);
}

const PE_AT = 0x40;
const checkSumAt = PE_AT + 24 + 64;
const certificateEntryAt = (bits: 32 | 64 | undefined) => PE_AT + 24 + (bits === 32 ? 96 : 112) + 4 * 8;

/** The headers of arch/x86/boot/header.S, without sections. */
function writePe(setup: Uint8Array, { bits }: BzImageOptions): void {
  const is64 = bits !== 32;
  const directories = PE_AT + 24 + (is64 ? 112 : 96);
  setup.fill(0, 0, directories + 6 * 8);
  setup.set([0x4d, 0x5a]); // MZ
  setup.set(le(PE_AT, 4), 0x3c); // e_lfanew
  setup.set([0x50, 0x45, 0, 0], PE_AT);
  setup.set(le(is64 ? 0x8664 : 0x14c, 2), PE_AT + 4); // Machine
  setup.set(le(is64 ? 0xa0 : 0x90, 2), PE_AT + 20); // SizeOfOptionalHeader
  setup.set(le(0x206, 2), PE_AT + 22); // Characteristics
  setup.set(le(is64 ? 0x20b : 0x10b, 2), PE_AT + 24); // Magic
  setup.set(le(0x200, 4), PE_AT + 24 + 16); // AddressOfEntryPoint
  setup.set(le(0x1000, 4), PE_AT + 24 + 60); // SizeOfHeaders
  setup.set(le(10, 2), PE_AT + 24 + 68); // Subsystem: EFI application
  setup.set(le(6, 4), directories - 4); // NumberOfRvaAndSizes
}

/** As sbsign does: CheckSum and the certificate directory change after the CRC was made, and a table is appended. */
function sign(file: Uint8Array, { bits }: BzImageOptions): Uint8Array {
  const start = alignUp(file.length, 8);
  setU32(file, checkSumAt, 0x00c0ffee);
  setU32(file, certificateEntryAt(bits), start);
  setU32(file, certificateEntryAt(bits) + 4, CERTIFICATE_SIZE);
  const table = new Uint8Array(start - file.length + CERTIFICATE_SIZE);
  table.set(concat([le(CERTIFICATE_SIZE, 4), le(0x0200, 2), le(0x0002, 2)]), start - file.length); // WIN_CERTIFICATE
  return table;
}
