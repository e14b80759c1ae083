/**
 * A whole virtual machine monitor: opens a kernel in any form, plans how to start it, puts it into the guest's memory, says
 * what the virtual processor begins with, and with `run` lets it go until the kernel has said who it is.
 *
 *   node docs/examples/load-kernel.ts vmlinuz [protocol] [run]            # Node 22.18 or later, packages built
 *   node scripts/run-example.mjs load-kernel vmlinuz [protocol] [run]     # any Node, nothing built
 */
import { argv, exit } from 'node:process';
import { openFileSource } from '@bzelf/bytes/file';
import { copyLength, openKernel, pcMemoryMap, planLoad, PLAN_PROTOCOLS } from '@bzelf/loader';
import type { KernelImage, LoadPlan } from '@bzelf/loader';
import { startPlan } from '@bzelf/verifier';
import { Machine } from '@bzelf/x86';

const RAM = 256 << 20;
const BANNER = 'Linux version';

const hex = (value: bigint | number): string => `0x${value.toString(16)}`;

function* report(kernel: KernelImage, plan: LoadPlan): Generator<string> {
  yield `${kernel.form}, ${kernel.bits}-bit, version ${kernel.kernelVersion ?? 'unknown'}`;
  for (const { protocol, mode, address, evidence } of kernel.entries)
    yield `entry by ${protocol} in ${mode} at ${hex(address)}, says the ${evidence}`;
  yield `started by ${plan.protocol}`;
  for (const copy of plan.copies) yield `copy ${hex(copy.to)} + ${hex(copyLength(copy))} ${copy.purpose}`;
  for (const { start, length, purpose } of plan.zeros) yield `zero ${hex(start)} + ${hex(length)} ${purpose}`;
  for (const { start, length, purpose } of plan.reserve) yield `keep ${hex(start)} + ${hex(length)} ${purpose}`;
  for (const { start, length, purpose } of plan.mappings ?? []) yield `map ${hex(start)} + ${hex(length)} ${purpose}`;
  for (const warning of [...kernel.warnings, ...plan.warnings]) yield `warning: ${warning}`;
}

function* processor({ cpu, entry }: LoadPlan, memory: Uint8Array): Generator<string> {
  yield `cpu ${cpu.mode} rip ${hex(cpu.rip)} cr0 ${hex(cpu.cr0)} cr3 ${hex(cpu.cr3)} cr4 ${hex(cpu.cr4)} efer ${hex(cpu.efer)}`;
  for (const [name, value] of Object.entries(cpu.registers)) if (value !== 0n) yield `${name} ${hex(value)}`;
  const code = memory.subarray(Number(entry), Number(entry) + 16);
  yield `code at ${hex(entry)}: ${[...code].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')}`;
}

/** The serial port is the terminal. */
function run(machine: Machine): void {
  const exit = machine.run({ until: () => machine.serial.output.includes(BANNER), budget: 10_000_000_000 });
  console.log(machine.serial.output.trimEnd());
  console.log(`${exit.reason} after ${exit.count} instructions, ${machine.touches.count()} pages touched`);
}

const words = argv.slice(2);
const wantsRun = words.at(-1) === 'run';
const [path, name] = wantsRun ? words.slice(0, -1) : words;
const protocol = PLAN_PROTOCOLS.find((known) => known === name);
if (path === undefined || protocol !== name) {
  console.error(`usage: load-kernel FILE [${PLAN_PROTOCOLS.join(' | ')}] [run]`);
  exit(2);
}
const kernel = openKernel(openFileSource(path));
const common = { memoryMap: pcMemoryMap(BigInt(RAM)), cmdline: 'earlyprintk=ttyS0 console=ttyS0' };
const plan = planLoad(kernel, protocol === undefined ? common : { ...common, protocol });
const machine = new Machine({ ram: RAM, unmapped: 'ones' });
startPlan(machine, plan, { kernel: kernel.source });
for (const line of [...report(kernel, plan), ...processor(plan, machine.ram)]) console.log(line);
if (wantsRun) run(machine);
