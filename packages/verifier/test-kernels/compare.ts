/** One kernel, one entry: QEMU and the core to the kernel's own entry, the core on to the banner. */
import type { PlanProtocol } from '@bzelf/loader';
import type { Tier } from '@bzelf/x86';
import { findKernelEntry } from '../src/kernel-entry';
import { arriveInQemu, CMDLINE, differentPages, planKernel } from './beside-qemu';
import { differentRegisters, runToEntry, runToText, startInCore } from './core-run';

export interface Comparison {
  readonly entry: { readonly reason: string; readonly count: bigint; readonly seconds: number };
  readonly qemu: { readonly count: bigint | undefined; readonly seconds: number };
  /** Physical addresses. */
  readonly pages: readonly number[];
  readonly registers: readonly string[];
  readonly touchedPages: number;
  readonly banner: { readonly reason: string; readonly count: bigint; readonly seconds: number };
  readonly serial: string;
}

export async function compareWithQemu(path: string, protocol: PlanProtocol, tier: Tier): Promise<Comparison> {
  const planned = planKernel(path, protocol);
  const point = await findKernelEntry(planned.kernel);
  if (point === undefined) throw new Error(`${path} has no compressed kernel`);
  const arrival = await arriveInQemu(planned, point.address);
  const machine = startInCore(planned, tier, arrival);
  const entry = runToEntry(machine, point);
  const compared = {
    entry: { reason: entry.exit.reason, count: entry.exit.count, seconds: entry.seconds },
    qemu: { count: arrival.count, seconds: arrival.seconds },
    pages: differentPages(machine.ram, arrival.ram),
    registers: differentRegisters(machine, arrival),
    touchedPages: machine.touches.count(),
  };
  const banner = runToText(machine, CMDLINE);
  return {
    ...compared,
    banner: { reason: banner.exit.reason, count: banner.exit.count, seconds: entry.seconds + banner.seconds },
    serial: machine.serial.output,
  };
}
