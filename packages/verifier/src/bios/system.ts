import type { MemoryRange } from '@bzelf/loader';
import { FLAG, realAddress, type Guest } from './guest.js';
import { BIOS_DATA_AT, CONFIGURATION_AT, ROM_SEGMENT } from './memory.js';
import { AH, AX, type Service } from './service.js';

const SYSTEM = 0x15;
const SMAP = 0x534d_4150;
const ROW_SIZE = 20;
const KIB = 1024n;
const MIB = 1024n * KIB;
/** AH of a function that a BIOS does not have. */
const UNSUPPORTED = 0x86;

const done = (guest: Guest): void => guest.setFlag(FLAG.carry, false);
const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** Carry, and a code in AH. */
export const refuse =
  (code: number) =>
  (guest: Guest): void => {
    guest.set({ ah: code });
    guest.setFlag(FLAG.carry, true);
  };
const unsupported = refuse(UNSUPPORTED);

/** AX = E820: the row that EBX counts goes to ES:DI; EBX is 0 behind the last one. */
function memoryMap(guest: Guest, map: readonly MemoryRange[]): void {
  const index = guest.get('ebx');
  const row = map[index];
  if (row === undefined || guest.get('edx') !== SMAP || guest.get('ecx') < ROW_SIZE) return unsupported(guest);
  const at = realAddress(guest.get('es'), guest.get('di'));
  const bytes = new Uint8Array(ROW_SIZE);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, row.start, true);
  view.setBigUint64(8, row.length, true);
  view.setUint32(16, row.type, true);
  guest.store(at, bytes);
  guest.set({ eax: SMAP, ebx: index + 1 < map.length ? index + 1 : 0, ecx: ROW_SIZE });
  done(guest);
}

/** RAM from 1 MiB on, up to what is none. */
export const extendedMemory = (map: readonly MemoryRange[]): bigint =>
  map.find(({ start, type }) => start === MIB && type === 1)?.length ?? 0n;

/** KiB from 1 to 16 MiB, and blocks of 64 KiB above. */
export function memoryBlocks(map: readonly MemoryRange[]): { readonly low: number; readonly high: number } {
  const all = extendedMemory(map);
  const high = all > 15n * MIB ? Number((all - 15n * MIB) / (64n * KIB)) : 0;
  return { low: Number(min(all, 15n * MIB) / KIB), high };
}

/** AX = E801. */
function memorySizes(guest: Guest, map: readonly MemoryRange[]): void {
  const { low, high } = memoryBlocks(map);
  guest.set({ ax: low, bx: high, cx: low, dx: high });
  done(guest);
}

/** The most that AH = 88 says, KiB. */
export const OLD_MEMORY_LIMIT = 63n * KIB;

/** AH = 88: KiB from 1 MiB on, and no more than 63 MiB. Source: SeaBIOS src/system.c, handle_1588. */
function oldMemorySize(guest: Guest, map: readonly MemoryRange[]): void {
  guest.set({ ax: Number(min(extendedMemory(map) / KIB, OLD_MEMORY_LIMIT)) });
  done(guest);
}

/** The A20 gate is that of port 92h. */
const systemPort = (guest: Guest) => guest.machine.devices.find(({ name }) => name === 'system-control');
const gate = (enabled: boolean) => (guest: Guest) => {
  systemPort(guest)?.out?.(0x92, 1, enabled ? 2 : 0);
  guest.set({ ah: 0 });
  done(guest);
};

/** By the keyboard controller and by port 92h. */
function gateSupport(guest: Guest): void {
  guest.set({ ah: 0, bx: 3 });
  done(guest);
}

function gateStatus(guest: Guest): void {
  guest.set({ ah: 0, al: ((systemPort(guest)?.in?.(0x92, 1) ?? 0) >> 1) & 1 });
  done(guest);
}

/** ES:BX points to the table in ROM. */
function configuration(guest: Guest): void {
  guest.setSegment('es', ROM_SEGMENT);
  guest.set({ ah: 0, bx: CONFIGURATION_AT });
  done(guest);
}

const biosWord = (guest: Guest, at: number): number => guest.view(BIOS_DATA_AT + at, 2).getUint16(0, true);

/** INT 15h. Source: SeaBIOS src/system.c; RBIL INT 15. */
// prettier-ignore
export const SYSTEM_SERVICES: readonly Service[] = [
  { vector: SYSTEM, ax: AX(0xe820), name: 'a row of the memory map',          answer: 'answered', run: memoryMap },
  { vector: SYSTEM, ax: AX(0xe801), name: 'memory above 1 MiB, in two parts', answer: 'answered', run: memorySizes },
  { vector: SYSTEM, ax: AH(0x88),   name: 'memory above 1 MiB',               answer: 'answered', run: oldMemorySize },
  { vector: SYSTEM, ax: AX(0x2400), name: 'A20 off',                          answer: 'answered', run: gate(false) },
  { vector: SYSTEM, ax: AX(0x2401), name: 'A20 on',                           answer: 'answered', run: gate(true) },
  { vector: SYSTEM, ax: AX(0x2402), name: 'whether A20 is on',                answer: 'answered', run: gateStatus },
  { vector: SYSTEM, ax: AX(0x2403), name: 'how A20 can be switched',          answer: 'answered', run: gateSupport },
  { vector: SYSTEM, ax: AH(0xc0),   name: 'which system it is',               answer: 'answered', run: configuration },
  { vector: SYSTEM, ax: AX(0xec00), name: 'which mode is to come (AMD)',      answer: 'absent',   run: unsupported },
  { vector: SYSTEM, ax: AX(0xe980), name: 'SpeedStep',                        answer: 'absent',   run: unsupported },
  { vector: SYSTEM, ax: AH(0x53),   name: 'APM',                              answer: 'absent',   run: unsupported },
];

/** Keys, clock, disks and what there is. There is nobody at the keyboard. */
// prettier-ignore
export const OTHER_SERVICES: readonly Service[] = [
  { vector: 0x11, name: 'equipment',                      answer: 'answered', run: (guest) => guest.set({ ax: biosWord(guest, 0x10) }) },
  { vector: 0x12, name: 'memory below the EBDA',          answer: 'answered', run: (guest) => guest.set({ ax: biosWord(guest, 0x13) }) },
  { vector: 0x13, name: 'disks',                          answer: 'absent',   run: refuse(0x01) },
  { vector: 0x16, ax: AH(0x00), name: 'a key',            answer: 'absent',   run: (guest) => guest.set({ ax: 0 }) },
  { vector: 0x16, ax: AH(0x10), name: 'a key',            answer: 'absent',   run: (guest) => guest.set({ ax: 0 }) },
  { vector: 0x16, ax: AH(0x01), name: 'whether there is a key', answer: 'answered', run: (guest) => guest.setFlag(FLAG.zero, true) },
  { vector: 0x16, ax: AH(0x11), name: 'whether there is a key', answer: 'answered', run: (guest) => guest.setFlag(FLAG.zero, true) },
  { vector: 0x16, ax: AH(0x02), name: 'shift keys',       answer: 'answered', run: (guest) => guest.set({ al: biosWord(guest, 0x17) & 0xff }) },
  { vector: 0x16, ax: AH(0x03), name: 'set the rate of the keyboard', answer: 'answered', run: () => undefined },
  { vector: 0x16, ax: AH(0x12), name: 'more shift keys',  answer: 'answered', run: (guest) => guest.set({ ax: biosWord(guest, 0x17) }) },
  { vector: 0x1a, ax: AH(0x00), name: 'ticks since midnight', answer: 'answered', run: (guest) => guest.set({ al: 0, cx: biosWord(guest, 0x6e), dx: biosWord(guest, 0x6c) }) },
  { vector: 0x1a, ax: AH(0xb1), name: 'PCI BIOS',         answer: 'absent',   run: refuse(0x81) },
];
