/** Reads 32-bit ELF programs with a multiboot header, and makes the information that a multiboot loader hands over. */
import { type Machine } from '../core';

export interface Piece {
  readonly address: number;
  readonly bytes: Uint8Array;
  /** What follows the bytes is zeroed up to this size. */
  readonly size: number;
}

export interface Program {
  readonly entry: number;
  readonly pieces: readonly Piece[];
}

const PT_LOAD = 1;
const MULTIBOOT_HEADER = 0x1badb002;

/** What an ELF file has loaded, by physical address; 64-bit ones have to lie below 4 GiB. */
export function readProgram(bytes: Uint8Array): Program {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 64 || view.getUint32(0, false) !== 0x7f454c46) throw new Error('no ELF file');
  const wide = bytes[4] === 2;
  const word = (at: number): number => (wide ? Number(view.getBigUint64(at, true)) : view.getUint32(at, true));
  const pieces: Piece[] = [];
  const count = view.getUint16(wide ? 56 : 44, true);
  for (let i = 0; i < count; i++) {
    const at = word(wide ? 32 : 28) + (wide ? 56 : 32) * i;
    if (view.getUint32(at, true) !== PT_LOAD) continue;
    const [offset, address, filesz, memsz] = wide
      ? [word(at + 8), word(at + 24), word(at + 32), word(at + 40)]
      : [word(at + 4), word(at + 12), word(at + 16), word(at + 20)];
    pieces.push({ address, bytes: bytes.subarray(offset, offset + filesz), size: memsz });
  }
  return { entry: word(24), pieces };
}

/** Whether a multiboot (1) header is in the first 8 KiB. */
export function hasMultibootHeader(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 8192));
  for (let at = 0; at + 12 <= view.byteLength; at += 4)
    if (view.getUint32(at, true) === MULTIBOOT_HEADER)
      return ((view.getUint32(at + 4, true) + view.getUint32(at + 8, true) + MULTIBOOT_HEADER) | 0) === 0;
  return false;
}

/** EAX at the entry of what a multiboot loader starts. */
export const MULTIBOOT_MAGIC = 0x2badb002;

/** The information structure (EBX) with memory sizes, command line, one module and a memory map, to lie at `at`. Source: multiboot 0.6.96, 3.3. */
export function multibootInfo(at: number, ram: number, commandLine: string, module: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(0x1000 + module.length);
  const view = new DataView(bytes.buffer);
  const put = (offset: number, ...words: number[]) =>
    words.forEach((word, i) => view.setUint32(offset + 4 * i, word, true));
  const [COMMAND_LINE, MODULES, MAP, MODULE] = [0x100, 0x80, 0xa0, 0x1000];
  bytes.set(new TextEncoder().encode(`${commandLine}\0`), COMMAND_LINE);
  bytes.set(module, MODULE);
  const upper = ram - 0x100000;
  put(0, 0b1001101, 640, upper >> 10, 0, at + COMMAND_LINE, 1, at + MODULES);
  put(44, 48, at + MAP);
  put(MODULES, at + MODULE, at + MODULE + module.length, 0, 0);
  put(MAP, 20, 0, 0, 0x9fc00, 0, 1);
  put(MAP + 24, 20, 0x100000, 0, upper, 0, 1);
  return bytes;
}

export interface MultibootOptions {
  /** Where the information goes: below 640 KiB. */
  readonly at: number;
  readonly ram: number;
  readonly commandLine: string;
  readonly module: Uint8Array;
}

/** Loads a program and leaves the machine as a multiboot loader does: protected mode, flat segments, A20 on. Source: multiboot 0.6.96, 3.2. */
export function loadMultiboot(machine: Machine, { entry, pieces }: Program, options: MultibootOptions): void {
  for (const { address, bytes } of pieces) machine.write(address, bytes);
  machine.write(options.at, multibootInfo(options.at, options.ram, options.commandLine, options.module));
  const flat = { base: 0n, limit: 0xffffffff };
  machine.setRegister('cr0', 0x11n);
  machine.setSegment('cs', { ...flat, selector: 0x10, attributes: 0xc9b });
  for (const name of ['ds', 'es', 'ss', 'fs', 'gs'] as const)
    machine.setSegment(name, { ...flat, selector: 0x18, attributes: 0xc93 });
  machine.setRegister('rax', BigInt(MULTIBOOT_MAGIC));
  machine.setRegister('rbx', BigInt(options.at));
  machine.setRegister('rip', BigInt(entry));
}
