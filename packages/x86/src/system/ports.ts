import { type Cpu, type Semantics } from '../cpu/cpu.js';
import { VECTOR } from '../cpu/exception.js';
import { Stop } from '../cpu/exit.js';
import { CR0, REGISTER, SEGMENT, TABLE, WORD } from '../cpu/state.js';
import { KIND, LANE, SEG } from '../decode/lanes.js';
import { VM } from '../isa/flags.js';
import { advance, repeat } from '../instructions/string.js';
import { loadTable, SYSTEM_TYPE, tableLimit, tableWord } from './descriptor.js';

const { rax, rdx, rsi, rdi } = REGISTER;
const MAP_BASE = 0x66;

/** IOPL, else the bit map in the TSS: one bit a port, all of an access have to be 0. Source: Intel SDM vol. 1, 19.5.2. */
function checkPort(cpu: Cpu, port: number, size: number): void {
  if ((cpu.word(WORD.cr) & CR0.PE) === 0) return;
  const iopl = (cpu.word(WORD.eflags) >> 12) & 3;
  if ((cpu.word(WORD.eflags) & VM) === 0 && cpu.word(WORD.cpl) <= iopl) return;
  const limit = tableLimit(cpu, TABLE.TR);
  const type = cpu.word(tableWord(TABLE.TR) + SEGMENT.attributes) & 15;
  const hasMap = type === SYSTEM_TYPE.busyTss && limit >= MAP_BASE + 1;
  const at = hasMap ? loadTable(cpu, TABLE.TR, MAP_BASE, 2) + (port >> 3) : 0;
  if (!hasMap || at + 1 > limit) throw cpu.raise(VECTOR.GP, 0);
  const bits = loadTable(cpu, TABLE.TR, at, 2) >> (port & 7);
  if (bits & ((1 << size) - 1)) throw cpu.raise(VECTOR.GP, 0);
}

function ask(cpu: Cpu, port: number, size: number, direction: 'in' | 'out'): void {
  if (cpu.hooks.port?.(port, size, direction) === 'stop')
    throw new Stop({ reason: 'port', port, size, direction }, false);
}

/** For breakpoints on ports. */
function accessed({ memory: { points } }: Cpu, port: number, size: number): void {
  if (points.isOnPorts) points.accessedPort(port, size);
}

const portOf = (cpu: Cpu, operand: number): number =>
  cpu.lane(LANE.kind0 + 3 * operand) === KIND.imm ? cpu.lane(LANE.immLo) & 0xff : cpu.register(rdx, 2);

const input: Semantics = (cpu) => {
  const size = cpu.sizeOf(0);
  const port = portOf(cpu, 1);
  checkPort(cpu, port, size);
  ask(cpu, port, size, 'in');
  cpu.setRegister(rax, size, cpu.ports.in(port, size), 0);
  accessed(cpu, port, size);
};
const output: Semantics = (cpu) => {
  const size = cpu.sizeOf(1);
  const port = portOf(cpu, 0);
  checkPort(cpu, port, size);
  ask(cpu, port, size, 'out');
  cpu.ports.out(port, size, cpu.register(rax, size) >>> 0);
  accessed(cpu, port, size);
};

const offsetHigh = (cpu: Cpu): number => (cpu.lane(LANE.address) === 8 ? cpu.high : 0);

/** INS asks for the permission to write before the port is read, as reading may change the device. */
const ins = (cpu: Cpu, size: number): void => {
  const port = cpu.register(rdx, 2);
  checkPort(cpu, port, size);
  const lo = cpu.register(rdi, cpu.lane(LANE.address));
  const hi = offsetHigh(cpu);
  cpu.loadAt(SEG.ES, lo, hi, size, true);
  ask(cpu, port, size, 'in');
  cpu.storeAt(SEG.ES, lo, hi, size, cpu.ports.in(port, size), 0);
  accessed(cpu, port, size);
  advance(cpu, rdi, size);
};
const outs = (cpu: Cpu, size: number): void => {
  const port = cpu.register(rdx, 2);
  checkPort(cpu, port, size);
  const lo = cpu.register(rsi, cpu.lane(LANE.address));
  const value = cpu.loadAt(cpu.lane(LANE.segment), lo, offsetHigh(cpu), size, false);
  ask(cpu, port, size, 'out');
  cpu.ports.out(port, size, value >>> 0);
  accessed(cpu, port, size);
  advance(cpu, rsi, size);
};

export const PORTS: Readonly<Record<string, Semantics>> = {
  IN: input,
  OUT: output,
  INS: (cpu) => repeat(cpu, cpu.sizeOf(0), ins),
  OUTS: (cpu) => repeat(cpu, cpu.sizeOf(1), outs),
};
