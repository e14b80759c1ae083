import { struct, u16, u32, u64, u8, type StructValues } from '@bzelf/bytes';
import { fail } from './errors.js';

/**
 * The setup_header of every boot protocol. Offsets are file offsets, and offsets in boot_params.
 * Source: boot.rst, "The Real-Mode Kernel Header"; uapi/asm/bootparam.h, struct setup_header.
 */
// prettier-ignore
export const SETUP_HEADER = struct('setup_header', [
  // at     type     name                     meaning (unit)                                                        since
  [0x1f1, u8,      'setup_sects',           'real-mode part behind the boot sector, 512-byte sectors; 0 reads as 4'],
  [0x1f2, u16,     'root_flags',            'nonzero: root is mounted read-only (deprecated)'],
  [0x1f4, u32,     'syssize',               'protected-mode kernel, 16-byte units',                               0x0204],
  [0x1f8, u16,     'ram_size',              'obsolete'],
  [0x1fa, u16,     'vid_mode',              'video mode: 0xffff normal, 0xfffe extended, 0xfffd ask'],
  [0x1fc, u16,     'root_dev',              'default root device number (deprecated)'],
  [0x1fe, u16,     'boot_flag',             '0xaa55'],
  [0x200, u16,     'jump',                  'short jump; its second byte says where the header ends',             0x0200],
  [0x202, u32,     'header',                'magic "HdrS"',                                                       0x0200],
  [0x206, u16,     'version',               'boot protocol, 0xMMmm',                                              0x0200],
  [0x208, u32,     'realmode_swtch',        'far hook just before protected mode; 0 = default',                   0x0200],
  [0x20c, u16,     'start_sys_seg',         'obsolete load segment, 0x1000',                                      0x0200],
  [0x20e, u16,     'kernel_version',        'version string, offset less 0x200; 0 = none',                        0x0200],
  [0x210, u8,      'type_of_loader',        'loader id << 4 | version, written by the loader',                    0x0200],
  [0x211, u8,      'loadflags',             'see LOADFLAGS',                                                      0x0200],
  [0x212, u16,     'setup_move_size',       'bytes of setup to move to 0x90000 (2.00 and 2.01)',                  0x0200],
  [0x214, u32,     'code32_start',          'protected-mode entry of the 16-bit code, physical',                  0x0200],
  [0x218, u32,     'ramdisk_image',         'initrd, physical, low 32 bits; 0 = none',                            0x0200],
  [0x21c, u32,     'ramdisk_size',          'initrd size, bytes, low 32 bits',                                    0x0200],
  [0x220, u32,     'bootsect_kludge',       'obsolete',                                                           0x0200],
  [0x224, u16,     'heap_end_ptr',          'end of the setup heap, offset in the real-mode part less 0x200',     0x0201],
  [0x226, u8,      'ext_loader_ver',        'loader version, bits 4 and up',                                      0x0202],
  [0x227, u8,      'ext_loader_type',       'loader id less 0x10 when type_of_loader says extended',              0x0202],
  [0x228, u32,     'cmd_line_ptr',          'command line, physical, low 32 bits; 0 = none',                      0x0202],
  [0x22c, u32,     'initrd_addr_max',       'highest address of the last byte of an initrd',                      0x0203],
  [0x230, u32,     'kernel_alignment',      'physical alignment when relocatable, bytes',                         0x0205],
  [0x234, u8,      'relocatable_kernel',    'nonzero: may be loaded at any aligned address',                      0x0205],
  [0x235, u8,      'min_alignment',         'least alignment that works, log2',                                   0x020a],
  [0x236, u16,     'xloadflags',            'see XLOADFLAGS',                                                     0x020c],
  [0x238, u32,     'cmdline_size',          'longest command line, bytes without the NUL',                        0x0206],
  [0x23c, u32,     'hardware_subarch',      'see HARDWARE_SUBARCH',                                               0x0207],
  [0x240, u64,     'hardware_subarch_data', 'pointer of the sub-architecture',                                    0x0207],
  [0x248, u32,     'payload_offset',        'bytes from the protected-mode kernel to the payload',                0x0208],
  [0x24c, u32,     'payload_length',        'payload, bytes',                                                     0x0208],
  [0x250, u64,     'setup_data',            'head of the setup_data list, physical; 0 = empty',                   0x0209],
  [0x258, u64,     'pref_address',          'preferred load address, physical',                                   0x020a],
  [0x260, u32,     'init_size',             'memory from the runtime start that the kernel needs, bytes',         0x020a],
  [0x264, u32,     'handover_offset',       'EFI handover entry, bytes from the load address; 0 = none',          0x020b],
  [0x268, u32,     'kernel_info_offset',    'kernel_info, bytes from the protected-mode kernel',                  0x020f],
]);

/** Fields that the header is too short for, or that its protocol version does not know, are absent. */
export type SetupHeader = Partial<StructValues<typeof SETUP_HEADER>> &
  Pick<StructValues<typeof SETUP_HEADER>, 'setup_sects' | 'boot_flag' | 'version' | 'loadflags' | 'code32_start'>;

export const HDRS = 0x53726448;
/** Where the header starts in the file and in boot_params. boot.rst: copy from here to the header end. */
export const SETUP_HEADER_START = 0x1f1;
/** Protocol 2.00 ends here; no header is shorter. */
const HEADER_END_200 = 0x224;
/** The 8-bit jump reaches no further. boot.rst: at most 144 bytes, 0x1f1 to 0x280. */
export const HEADER_END_MAX = 0x281;

export interface FlagBit {
  readonly bit: number;
  readonly name: string;
  readonly meaning: string;
}

// prettier-ignore
export const LOADFLAGS = [
  { bit: 0, name: 'LOADED_HIGH',   meaning: 'the protected-mode kernel loads at 0x100000: a bzImage' },
  { bit: 1, name: 'KASLR_FLAG',    meaning: 'set by the decompressor when KASLR is active' },
  { bit: 5, name: 'QUIET_FLAG',    meaning: 'written by the loader: no early messages' },
  { bit: 6, name: 'KEEP_SEGMENTS', meaning: 'written by the loader: keep segment registers (obsolete)' },
  { bit: 7, name: 'CAN_USE_HEAP',  meaning: 'written by the loader: heap_end_ptr is valid' },
] as const satisfies readonly FlagBit[];

// prettier-ignore
export const XLOADFLAGS = [
  { bit: 0, name: 'XLF_KERNEL_64',              meaning: 'there is a 64-bit entry at 0x200' },
  { bit: 1, name: 'XLF_CAN_BE_LOADED_ABOVE_4G', meaning: 'kernel, boot_params, command line and initrd may lie above 4 GiB' },
  { bit: 2, name: 'XLF_EFI_HANDOVER_32',        meaning: '32-bit EFI handover entry' },
  { bit: 3, name: 'XLF_EFI_HANDOVER_64',        meaning: '64-bit EFI handover entry, handover_offset + 0x200' },
  { bit: 4, name: 'XLF_EFI_KEXEC',              meaning: 'kexec with EFI runtime services works' },
  { bit: 5, name: 'XLF_5LEVEL',                 meaning: 'accepts 5-level paging at the 64-bit entry' },
  { bit: 6, name: 'XLF_5LEVEL_ENABLED',         meaning: 'built with 5-level paging' },
  { bit: 7, name: 'XLF_MEM_ENCRYPTION',         meaning: 'set by the decompressor when mem_encrypt is on' },
] as const satisfies readonly FlagBit[];

export const LOADED_HIGH = 0x01;
export const KASLR_FLAG = 0x02;
export const QUIET_FLAG = 0x20;
export const KEEP_SEGMENTS = 0x40;
export const CAN_USE_HEAP = 0x80;
export const XLF_KERNEL_64 = 0x01;
export const XLF_CAN_BE_LOADED_ABOVE_4G = 0x02;
export const XLF_EFI_HANDOVER_32 = 0x04;
export const XLF_EFI_HANDOVER_64 = 0x08;
export const XLF_EFI_KEXEC = 0x10;
export const XLF_5LEVEL = 0x20;
export const XLF_5LEVEL_ENABLED = 0x40;

/** type_of_loader >> 4; 0xe means ext_loader_type + 0x10. Source: boot.rst, field type_of_loader. */
// prettier-ignore
export const LOADER_IDS: Readonly<Record<number, string>> = {
  0x0: 'LILO', 0x1: 'Loadlin', 0x2: 'bootsect-loader', 0x3: 'Syslinux', 0x4: 'Etherboot/gPXE/iPXE', 0x5: 'ELILO',
  0x7: 'GRUB', 0x8: 'U-Boot', 0x9: 'Xen', 0xa: 'Gujin', 0xb: 'QEMU', 0xc: 'Arcturus Networks uCbootloader',
  0xd: 'kexec-tools', 0xe: 'extended', 0xf: 'special', 0x10: 'reserved', 0x11: 'Minimal Linux Bootloader',
  0x12: 'OVMF UEFI virtualization stack', 0x13: 'barebox',
};

export const HARDWARE_SUBARCH: Readonly<Record<number, string>> = {
  0: 'pc',
  1: 'lguest',
  2: 'xen',
  3: 'intel-mid',
  4: 'ce4100',
};

/** Set bits by name; bits without a name read `bit N`. */
export function flagNames(value: number, table: readonly FlagBit[]): string[] {
  const names: string[] = [];
  for (let bit = 0; bit < 32; bit++) {
    if (((value >>> bit) & 1) === 0) continue;
    names.push(table.find((row) => row.bit === bit)?.name ?? `bit ${bit}`);
  }
  return names;
}

/** Protocol 2.14 was never used as such: boot.rst asks to treat it as 2.13. */
export const effectiveVersion = (version: number): number => (version === 0x020e ? 0x020d : version);

/** `2.15` for 0x020f. */
export const versionText = (version: number): string => `${version >> 8}.${String(version & 0xff).padStart(2, '0')}`;

/** One past the header's last byte: 0x202 + the second byte of the jump. boot.rst, "Details of Header Fields". */
export const headerEnd = (bytes: Uint8Array): number => 0x202 + (bytes[0x201] ?? 0);

/**
 * Reads the header from a file's (or boot_params') first bytes.
 * Throws bzimage/too-short, bad-magic, too-old, zimage, header-too-short.
 */
export function readSetupHeader(bytes: Uint8Array): SetupHeader {
  checkMagic(bytes);
  const end = headerEnd(bytes);
  if (end < HEADER_END_200)
    throw fail('bzimage/header-too-short', {
      offset: 0x201,
      field: 'jump',
      found: end,
      expected: `a header that ends at 0x${HEADER_END_200.toString(16)} or later`,
    });
  if (bytes.length < end) throw fail('bzimage/too-short', { offset: 0x201, field: 'jump', found: bytes.length });
  const version = effectiveVersion(SETUP_HEADER.readSome(bytes, 0, (f) => f.name === 'version').version ?? 0);
  const header = SETUP_HEADER.readSome(bytes, 0, (f) => f.at + f.type.size <= end && f.since <= version) as SetupHeader;
  if ((header.loadflags & LOADED_HIGH) === 0)
    throw fail('bzimage/zimage', { offset: 0x211, field: 'loadflags', found: header.loadflags, expected: 'bit 0 set' });
  return header;
}

/** Enough bytes for the shortest header, "HdrS", 0xaa55 and version 2.00 or later. */
function checkMagic(bytes: Uint8Array): void {
  if (bytes.length < HEADER_END_200)
    throw fail('bzimage/too-short', {
      found: bytes.length,
      expected: `at least 0x${HEADER_END_200.toString(16)} bytes`,
    });
  const { boot_flag, header, version } = SETUP_HEADER.readSome(bytes, 0, (f) => f.at < 0x208);
  if (boot_flag !== 0xaa55)
    throw fail('bzimage/bad-magic', { offset: 0x1fe, field: 'boot_flag', found: boot_flag ?? 0, expected: '0xaa55' });
  if (header !== HDRS)
    throw fail('bzimage/bad-magic', {
      offset: 0x202,
      field: 'header',
      found: header ?? 0,
      expected: '0x53726448 ("HdrS")',
    });
  if (version === undefined || version < 0x0200)
    throw fail('bzimage/too-old', { offset: 0x206, field: 'version', found: version ?? 0, expected: '0x200 or later' });
}

/** The bytes 0x1f1 to the header end, as a loader copies them into boot_params. */
export const headerBytes = (bytes: Uint8Array): Uint8Array =>
  bytes.subarray(SETUP_HEADER_START, Math.min(headerEnd(bytes), HEADER_END_MAX));
