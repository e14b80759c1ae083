import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { concat, le } from '@bzelf/bytes';

/** What a processor is to begin with, and the bytes that memory is to hold; a load plan has all of it. */
export interface MachineStart {
  readonly cpu: {
    readonly mode: 'real16' | 'protected32' | 'long64';
    readonly rip: bigint;
    readonly cr0: bigint;
    readonly cr3: bigint;
    readonly cr4: bigint;
    readonly efer: bigint;
    /** Code at 0x10, data at 0x18. */
    readonly gdt?: { readonly address: bigint; readonly bytes: Uint8Array };
    readonly registers: Readonly<Record<string, bigint>>;
  };
  readonly copies: readonly { readonly to: bigint; readonly bytes: Uint8Array }[];
}

/** Where the ROM lies; page tables of a 64-bit start have to map it, because it runs to the last instruction before the entry. */
export const START_ROM = { start: 0xf0000n, length: 0x10000n } as const;

/** Words that make QEMU (`-M pc`) start there instead of in a BIOS. The files are written into `folder`. */
export function startWords({ cpu, copies }: MachineStart, folder: string): string[] {
  const rom = join(folder, 'start.rom');
  writeFileSync(rom, startRom(cpu));
  const loaders = copies.map(({ to, bytes }, i) => {
    const path = join(folder, `copy${i}`);
    writeFileSync(path, bytes);
    return ['-device', `loader,file=${path},addr=0x${to.toString(16)},force-raw=on`];
  });
  return ['-bios', rom, ...loaders.flat()];
}

const REGISTERS = [
  'rax',
  'rcx',
  'rdx',
  'rbx',
  'rsp',
  'rbp',
  'rsi',
  'rdi',
  'r8',
  'r9',
  'r10',
  'r11',
  'r12',
  'r13',
  'r14',
  'r15',
];
const CODE = 0x10;
const DATA = 0x18;
const MSR_EFER = 0xc0000080;
const EFER_LMA = 1n << 10n;
const CR0_PG = 1n << 31n;
/** Places in the ROM. The processor begins 16 bytes before its end. */
const AT = {
  code16: 0,
  code32: 0x100,
  reloaded: 0x200,
  gdt: 0x300,
  gdtPointer: 0x330,
  planGdtPointer: 0x340,
  idtPointer: 0x350,
  target: 0x360,
  reset: 0xfff0,
};

/** 64 KiB of ROM that bring a processor from reset into the state. Flags are left as reset has them. */
export function startRom(cpu: MachineStart['cpu']): Uint8Array {
  if (cpu.mode === 'real16' || cpu.gdt === undefined)
    throw new Error('only 32-bit and 64-bit starts with a GDT of their own');
  const rom = new Uint8Array(Number(START_ROM.length));
  const is64 = cpu.mode === 'long64';
  rom.set(enterProtectedMode(cpu.cr0), AT.code16);
  rom.set(is64 ? enterLongMode(cpu) : reloadSegments(), AT.code32);
  rom.set([...loadDataSegments, ...(is64 ? loadRegisters64(cpu) : loadRegisters32(cpu))], AT.reloaded);
  rom.set(concat([new Uint8Array(16), le(0x00cf9b000000ffffn, 8), le(0x00cf93000000ffffn, 8)]), AT.gdt);
  rom.set(pointer(32, START_ROM.start + BigInt(AT.gdt)), AT.gdtPointer);
  rom.set(pointer(cpu.gdt.bytes.length, cpu.gdt.address), AT.planGdtPointer);
  rom.set(pointer(1, 0n), AT.idtPointer);
  rom.set(le(cpu.rip, 8), AT.target);
  rom.set([0xea, ...le(BigInt(AT.code16), 2), 0x00, 0xf0], AT.reset); // jmp far f000:code16
  return rom;
}

const inRom = (at: number): Uint8Array => le(START_ROM.start + BigInt(at), 4);
const pointer = (size: number, base: bigint): Uint8Array => concat([le(BigInt(size - 1), 2), le(base, 4)]);
const farJump = (at: number): number[] => [0xea, ...inRom(at), CODE, 0];
const moveEax = (value: bigint): number[] => [0xb8, ...le(value & 0xffffffffn, 4)];

// mov eax, DATA; mov ds, es, ss, fs, gs from ax
const loadDataSegments = [...moveEax(BigInt(DATA)), 0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0, 0x8e, 0xe0, 0x8e, 0xe8];
// lgdt [planGdtPointer]; lidt [idtPointer]
const loadTables = [0x0f, 0x01, 0x15, ...inRom(AT.planGdtPointer), 0x0f, 0x01, 0x1d, ...inRom(AT.idtPointer)];

// 16-bit: cli; lgdt cs:[gdtPointer]; mov eax, cr0 value; mov cr0, eax; jmp far CODE:code32
const enterProtectedMode = (cr0: bigint): number[] => [
  ...[0xfa, 0x2e, 0x66, 0x0f, 0x01, 0x16, ...le(BigInt(AT.gdtPointer), 2)],
  ...[0x66, ...moveEax(cr0 & ~CR0_PG), 0x0f, 0x22, 0xc0],
  ...[0x66, ...farJump(AT.code32)],
];

const reloadSegments = (): number[] => [...loadDataSegments, ...loadTables, ...farJump(AT.reloaded)];

const enterLongMode = ({ cr0, cr3, cr4, efer }: MachineStart['cpu']): number[] => [
  ...[...loadDataSegments, ...loadTables],
  ...[...moveEax(cr4), 0x0f, 0x22, 0xe0, ...moveEax(cr3), 0x0f, 0x22, 0xd8], // mov cr4, eax; mov cr3, eax
  ...[0xb9, ...le(BigInt(MSR_EFER), 4), ...moveEax(efer & ~EFER_LMA), 0xba, 0, 0, 0, 0, 0x0f, 0x30], // wrmsr
  ...[...moveEax(cr0), 0x0f, 0x22, 0xc0, ...farJump(AT.reloaded)],
];

const loadRegisters32 = ({ registers, rip }: MachineStart['cpu']): number[] => [
  ...REGISTERS.slice(0, 8).flatMap((name, i) => [0xb8 + i, ...le((registers[name] ?? 0n) & 0xffffffffn, 4)]),
  ...[0xea, ...le(rip, 4), CODE, 0],
];

function loadRegisters64({ registers }: MachineStart['cpu']): number[] {
  const moves = REGISTERS.flatMap((name, i) => [0x48 | (i >> 3), 0xb8 + (i & 7), ...le(registers[name] ?? 0n, 8)]);
  const next = AT.reloaded + loadDataSegments.length + moves.length + 6;
  return [...moves, 0xff, 0x25, ...le(BigInt(AT.target - next) & 0xffffffffn, 4)]; // jmp [rip + …]
}
