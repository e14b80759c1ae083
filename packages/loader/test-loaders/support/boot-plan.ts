import { bootQemu, makeInitrd, type QemuRun } from '@bzelf/testkit';
import { pcMemoryMap, type KernelImage, type LoadPlan, type MemoryRange } from '../../src/index.js';
import { planToElf } from './plan-to-elf.js';

/** Jest's limit; QEMU's own is shorter, so that a boot that hangs is reported with what it printed. */
export const TIMEOUT = 120_000;
const QEMU_TIMEOUT = 90_000;

export const CMDLINE = 'console=ttyS0 earlyprintk=ttyS0 panic=-1 bzelf.test=plan';
export const INIT = [/Linux version/, /bzelf\.test=plan/, /bzelf-init: marker=loaded by a plan/];
export const initrd = (bits: 32 | 64): Uint8Array => makeInitrd({ bits, marker: 'loaded by a plan' });

/** QEMU's memory map: ACPI tables are in the last 128 KiB of the RAM below 4 GiB. */
export function qemuMemory(mib: number): MemoryRange[] {
  const gap = 3072;
  const tables = 0x20000n;
  const low = pcMemoryMap((BigInt(Math.min(mib, gap)) << 20n) - tables);
  return mib <= gap ? low : [...low, ...pcMemoryMap(BigInt(mib) << 20n).slice(-1)];
}

/** Boots the memory image of a plan; throws what the serial port had when `until` does not appear. */
export function bootPlan(
  kernel: KernelImage,
  plan: LoadPlan,
  mib: number,
  until: RegExp[],
  machine = 'pc',
): Promise<QemuRun> {
  const elf = planToElf({ plan, source: kernel.source, memoryMap: qemuMemory(mib), dirty: true });
  return bootQemu({ kernel: elf, machine, memory: mib, timeoutMs: QEMU_TIMEOUT, until });
}
