/** The registers that one packet of QEMU's gdb stub has, for comparing after every instruction. */
import { type Machine } from '../core';

/** In the order of gdb's 64-bit description of an i386 with QEMU's additions: name and bytes. Source: QEMU, gdb-xml/i386-64bit.xml. */
const LAYOUT: readonly (readonly [name: string, bytes: number])[] = [
  ...['rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp', 'rsp'].map((name) => [name, 8] as const),
  ...Array.from({ length: 8 }, (_, i) => [`r${i + 8}`, 8] as const),
  ...([['rip', 8], ['rflags', 4]] as const), // prettier-ignore
  ...['cs', 'ss', 'ds', 'es', 'fs', 'gs'].map((name) => [name, 4] as const),
  ...['fs_base', 'gs_base', 'k_gs_base', 'cr0', 'cr2', 'cr3', 'cr4', 'cr8', 'efer'].map((name) => [name, 8] as const),
];
/** Number of a register in the protocol. */
export const NUMBER = new Map(LAYOUT.map(([name], i) => [name, i]));

export type StubRegisters = Readonly<Record<string, bigint>>;

const little = (hex: string): bigint => BigInt(`0x${(hex.match(/../g) ?? ['00']).reverse().join('')}`);

export function readPacket(packet: string): StubRegisters {
  const registers: Record<string, bigint> = {};
  let at = 0;
  for (const [name, bytes] of LAYOUT) {
    registers[name] = little(packet.slice(at, at + 2 * bytes));
    at += 2 * bytes;
  }
  return registers;
}

/** A value as the protocol has it. */
export const littleHex = (value: bigint, bytes: number): string =>
  (BigInt.asUintN(8 * bytes, value).toString(16).padStart(2 * bytes, '0').match(/../g) ?? []).reverse().join(''); // prettier-ignore

const BASES = { fs_base: 'fs', gs_base: 'gs' } as const;
const COMPARED = LAYOUT.map(([name]) => name).filter((name) => !['k_gs_base', 'cr8'].includes(name));

/** The same of our machine. */
export function ownRegisters(machine: Machine): StubRegisters {
  const registers: Record<string, bigint> = {};
  for (const name of COMPARED)
    registers[name] = name in BASES ? machine.segment(BASES[name as keyof typeof BASES]).base : machine.register(name);
  return registers;
}

/** Names of those that differ. */
export const different = (ours: StubRegisters, theirs: StubRegisters): string[] =>
  COMPARED.filter((name) => ours[name] !== theirs[name]);
