/**
 * The front end of a virtual machine monitor: opens a kernel in any form, plans how to start it, puts it into the
 * guest's memory and says what the virtual processor begins with.
 *
 *   node docs/examples/load-kernel.ts vmlinuz [protocol]            # Node 22.18 or later, packages built
 *   node scripts/run-example.mjs load-kernel vmlinuz [protocol]     # any Node, nothing built
 */
import { argv, exit } from 'node:process';
import { openFileSource } from '@bzelf/bytes/file';
import { copyLength, openKernel, pcMemoryMap, planLoad, PLAN_PROTOCOLS } from '@bzelf/loader';
import type { KernelImage, LoadPlan } from '@bzelf/loader';

const RAM = 256 << 20;

/** Carries a plan out: everything that the kernel needs is among its copies. */
function fillMemory(kernel: KernelImage, plan: LoadPlan): Uint8Array {
  const memory = new Uint8Array(RAM);
  for (const { start, length } of plan.zeros) memory.fill(0, Number(start), Number(start + length));
  for (const { to, from } of plan.copies) {
    if ('bytes' in from) memory.set(from.bytes, Number(to));
    else if ('fileOffset' in from) memory.set(kernel.source.read(from.fileOffset, from.length), Number(to));
  }
  return memory;
}

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

const [path, name] = argv.slice(2);
const protocol = PLAN_PROTOCOLS.find((known) => known === name);
if (path === undefined || protocol !== name) {
  console.error(`usage: load-kernel FILE [${PLAN_PROTOCOLS.join(' | ')}]`);
  exit(2);
}
const kernel = openKernel(openFileSource(path));
const common = { memoryMap: pcMemoryMap(BigInt(RAM)), cmdline: 'console=ttyS0' };
const plan = planLoad(kernel, protocol === undefined ? common : { ...common, protocol });
const memory = fillMemory(kernel, plan);
for (const line of [...report(kernel, plan), ...processor(plan, memory)]) console.log(line);
