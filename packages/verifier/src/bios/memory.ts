import { concat, le, phys, struct, u16, u32, u8 } from '@bzelf/bytes';
import type { Copy, MemoryRange } from '@bzelf/loader';

/** Where the ROM of the BIOS begins: 64 KiB below 1 MiB. */
export const ROM = 0xf0000;
export const ROM_SEGMENT = 0xf000;
const VECTORS = 256;
/** `int n; retf 2` for each vector, so that a program that has hooked a service can still call the old one. */
const STUB_SIZE = 5;
const STUBS = 0xe800;
/** Vectors of the processor's exceptions and of the interrupt controllers, as a BIOS sets them up. */
const HARDWARE: readonly (readonly [first: number, last: number])[] = [
  [0x00, 0x0f],
  [0x70, 0x77],
];
/** Where SeaBIOS has them, because programs know the places. Source: SeaBIOS src/romlayout.S. */
const IRET = 0xff53;
const SYSTEM_CONFIGURATION = 0xe6f5;

export const stubOf = (vector: number): number => STUBS + STUB_SIZE * vector;

export const SCREEN = { at: 0xb8000, columns: 80, rows: 25, blank: 0x0720, size: 0x8000 } as const;

/** What a BIOS keeps between the vectors and the first free byte. Source: SeaBIOS src/biosvar.h, struct bios_data_area_s. */
// prettier-ignore
export const BIOS_DATA = struct('BIOS data area', [
  [0x00, u16, 'com1',            'port of the first UART'],
  [0x0e, u16, 'ebda_segment',    'segment of the extended BIOS data area'],
  [0x10, u16, 'equipment',       'what INT 11h answers'],
  [0x13, u16, 'memory_size',     'RAM below the EBDA, KiB: what INT 12h answers'],
  [0x17, u16, 'keyboard_flags',  'shift state'],
  [0x1a, u16, 'keyboard_head',   'next key in the buffer, from 0x400'],
  [0x1c, u16, 'keyboard_tail',   'end of the keys in the buffer, from 0x400'],
  [0x49, u8,  'video_mode',      '3: 80 by 25 characters in colour'],
  [0x4a, u16, 'video_columns',   'characters in a row'],
  [0x4c, u16, 'video_page_size', 'bytes'],
  [0x50, u8,  'cursor_column',   'of page 0'],
  [0x51, u8,  'cursor_row',      'of page 0'],
  [0x60, u16, 'cursor_shape',    'last and first line'],
  [0x62, u8,  'video_page',      'the one that is shown'],
  [0x63, u16, 'crtc_port',       'index register of the CRTC'],
  [0x65, u8,  'crtc_mode',       'mode control register'],
  [0x6c, u32, 'timer_ticks',     'since midnight, 18.2 a second'],
  [0x80, u16, 'keyboard_start',  'buffer, from 0x400'],
  [0x82, u16, 'keyboard_end',    'end of the buffer, from 0x400'],
  [0x84, u8,  'video_rows',      'rows, less one'],
  [0x85, u16, 'character_height','pixels'],
  [0x87, u8,  'video_control',   '0x60: 256 KiB of video memory'],
  [0x88, u8,  'video_switches',  'EGA switches'],
  [0x89, u8,  'vga_flags',       '0x51: VGA, 400 lines'],
  [0x8a, u8,  'display_code',    '8: colour VGA'],
], 0x100);
export const BIOS_DATA_AT = 0x400;

/** What `biosMemory` brings. */
export const BIOS_PURPOSES = ['interrupt-vectors', 'bios-data', 'ebda', 'text-screen', 'bios-rom'] as const;

/** What is in the equipment word: an FPU, 80 by 25 in colour, one UART. */
const EQUIPMENT = 0x0002 | 0x0020 | 0x0200;
const KIB = 1024n;

/** RAM from 0 on, up to the EBDA. */
const baseMemory = (map: readonly MemoryRange[]): bigint =>
  map.find(({ start, type }) => start === 0n && type === 1)?.length ?? 0n;

/**
 * What a BIOS has in memory when a boot loader runs: vectors, its data, the EBDA if RAM ends below 640 KiB, an empty text screen, and of the ROM the places
 * that vectors lead to, and the tables that it is given.
 */
export function biosMemory(map: readonly MemoryRange[], tables: readonly RomTable[] = []): Copy[] {
  const copy = (to: number, bytes: Uint8Array, purpose: (typeof BIOS_PURPOSES)[number]): Copy => ({
    to: phys(to),
    from: { bytes },
    purpose,
  });
  const top = Number(baseMemory(map));
  const hasEbda = top > 0 && top % 1024 === 0 && top < 0xa0000;
  return [
    copy(0, concat(Array.from({ length: VECTORS }, (_, vector) => vectorBytes(vector))), 'interrupt-vectors'),
    copy(BIOS_DATA_AT, biosData(map, hasEbda ? top >> 4 : 0), 'bios-data'),
    ...(hasEbda ? [copy(top, ebda(0xa0000 - top), 'ebda')] : []),
    copy(SCREEN.at, blankScreen(), 'text-screen'),
    copy(ROM, rom(tables), 'bios-rom'),
  ];
}

const isHardware = (vector: number): boolean => HARDWARE.some(([first, last]) => vector >= first && vector <= last);

/** Exceptions and hardware interrupts do nothing. */
const vectorBytes = (vector: number): Uint8Array =>
  concat([le(isHardware(vector) ? IRET : stubOf(vector), 2), le(ROM_SEGMENT, 2)]);

function biosData(map: readonly MemoryRange[], ebda_segment: number): Uint8Array {
  const bytes = new Uint8Array(BIOS_DATA.size);
  BIOS_DATA.write(bytes, 0, {
    com1: 0x3f8,
    ebda_segment,
    equipment: EQUIPMENT,
    memory_size: Number(baseMemory(map) / KIB),
    keyboard_head: 0x1e,
    keyboard_tail: 0x1e,
    keyboard_start: 0x1e,
    keyboard_end: 0x3e,
    video_mode: 3,
    video_columns: SCREEN.columns,
    video_page_size: 0x1000,
    cursor_shape: 0x0607,
    crtc_port: 0x3d4,
    crtc_mode: 0x29,
    video_rows: SCREEN.rows - 1,
    character_height: 16,
    video_control: 0x60,
    video_switches: 0xf9,
    vga_flags: 0x51,
    display_code: 8,
  });
  return bytes;
}

/** Its first byte is its size in KiB. */
function ebda(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  bytes[0] = size >> 10;
  return bytes;
}

function blankScreen(): Uint8Array {
  const cells = new Uint8Array(SCREEN.size);
  for (let at = 0; at < cells.length; at += 2) cells.set(le(SCREEN.blank, 2), at);
  return cells;
}

/** The table of INT 15h, AH = C0: model FC (AT), no MCA bus, an EBDA. Source: SeaBIOS src/misc.c, BIOS_CONFIG_TABLE. */
const CONFIGURATION = Uint8Array.of(8, 0, 0xfc, 0, 0, 0x70, 0, 0, 0, 0);
export const CONFIGURATION_AT = SYSTEM_CONFIGURATION;

/** At a physical address of the ROM. */
export interface RomTable {
  readonly at: number;
  readonly bytes: Uint8Array;
}

function rom(tables: readonly RomTable[]): Uint8Array {
  const bytes = new Uint8Array(0x10000);
  for (let vector = 0; vector < VECTORS; vector++) bytes.set([0xcd, vector, 0xca, 2, 0], stubOf(vector));
  bytes.set(CONFIGURATION, SYSTEM_CONFIGURATION);
  bytes[IRET] = 0xcf;
  // the reset vector's date and model, which programs look at
  bytes.set(new TextEncoder().encode('06/23/99'), 0xfff5);
  bytes[0xfffe] = 0xfc;
  for (const table of tables) bytes.set(table.bytes, table.at - ROM);
  return bytes;
}
