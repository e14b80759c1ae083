/** Kernels in the core, for the tests and for the table of docs/performance.md. */
import { createHash } from 'node:crypto';
import { GENERAL_REGISTERS, Machine, type MachineExit, type Tier } from '@bzelf/x86';
import { isAtEntry, type KernelEntryPoint } from '../src/kernel-entry';
import { startPlan } from '../src/start';
import { copyStart, RAM, type Arrival, type PlannedKernel } from './beside-qemu';

/** A machine that stands at the plan's entry, with QEMU's ROMs where QEMU has run before. */
export function startInCore({ plan, sources }: PlannedKernel, tier: Tier, arrival?: Pick<Arrival, 'start'>): Machine {
  const machine = new Machine({ ram: RAM, tier, unmapped: 'ones' });
  startPlan(machine, plan, sources);
  if (arrival !== undefined) copyStart(machine.ram, arrival);
  return machine;
}

export interface TimedExit {
  readonly exit: MachineExit;
  readonly seconds: number;
}

/** Runs until the kernel's own first instruction is next. */
export function runToEntry(machine: Machine, point: KernelEntryPoint, budget = 10_000_000_000): TimedExit {
  return timed(() => {
    for (;;) {
      const exit = machine.run({ until: point.address, budget });
      if (exit.reason !== 'until' || isAtEntry(machine, point)) return exit;
    }
  });
}

/** Runs until a text is on the serial port. */
export const runToText = (machine: Machine, text: string, budget = 300_000_000): TimedExit =>
  timed(() => machine.run({ until: () => machine.serial.output.includes(text), budget }));

function timed(run: () => MachineExit): TimedExit {
  const started = performance.now();
  const exit = run();
  return { exit, seconds: (performance.now() - started) / 1000 };
}

/** Everything of a machine that must not depend on the tier. */
export function fingerprint(machine: Machine): Record<string, unknown> {
  const touches = [...machine.touches].map(({ page, kind, count, rip }) => `${page} ${kind} ${count} ${rip}`);
  return {
    count: machine.count,
    registers: registersOf(machine),
    ram: createHash('sha256').update(machine.ram).digest('hex'),
    touches: createHash('sha256').update(touches.join('\n')).digest('hex'),
    touched: touches.length,
    serial: machine.serial.output,
  };
}

const REGISTERS = [...GENERAL_REGISTERS, 'rip'];

export const registersOf = (machine: Machine): Record<string, bigint> =>
  Object.fromEntries(REGISTERS.map((name) => [name, machine.register(name)]));

/** General registers that differ from QEMU's; a 32-bit QEMU state has eight of them. */
export function differentRegisters(machine: Machine, { registers: { values } }: Arrival): string[] {
  return REGISTERS.filter((name) => {
    const theirs = values[name.toUpperCase()];
    return theirs !== undefined && theirs !== machine.register(name);
  });
}
