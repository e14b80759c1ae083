/** What the writer makes, by every protocol that it offers, in the core up to the command line that the kernel prints. */
import { readFileSync } from 'node:fs';
import { openKernel, pcMemoryMap, planLoad, planProtocols, type LoadPlan, type PlanProtocol } from '@bzelf/loader';
import { wrap, type WrapOptions } from '@bzelf/writer';
import { Machine, type MachineExit } from '@bzelf/x86';
import { startPlan } from '../src/start';
import { CMDLINE, RAM } from './beside-qemu';
import { runToText } from './core-run';

/** Options of `wrap`, by the name of what they make; undefined is the bzImage itself. */
export const MADE: Readonly<Record<string, WrapOptions | undefined>> = {
  bzImage: undefined,
  'container for pvh': { target: 'pvh' },
  'container for universal': { target: 'universal' },
  'container for linux64': { target: 'linux64' },
  inplace: { form: 'inplace', allowEfiLoss: true },
  vmlinux: { form: 'vmlinux' },
};

/** linux16 wants a BIOS behind it, xen-pv a hypervisor, and elfboot a firmware's table, because it has no memory map of its own. */
const NOT_HERE: readonly PlanProtocol[] = ['linux16', 'xen-pv', 'elfboot'];

export interface FormRun {
  readonly protocol: PlanProtocol;
  readonly plan: LoadPlan;
  readonly exit: MachineExit;
  readonly serial: string;
}

/** Makes the file and boots it by each of its protocols. */
export async function bootByAll(path: string, options: WrapOptions | undefined): Promise<FormRun[]> {
  const image = new Uint8Array(readFileSync(path));
  const bytes = options === undefined ? image : (await wrap(image, options)).bytes;
  const kernel = openKernel(bytes);
  return planProtocols(kernel)
    .filter((protocol) => !NOT_HERE.includes(protocol))
    .map((protocol) => {
      const plan = planLoad(kernel, { protocol, memoryMap: pcMemoryMap(BigInt(RAM)), cmdline: CMDLINE });
      const machine = new Machine({ ram: RAM, unmapped: 'ones' });
      startPlan(machine, plan, { kernel: kernel.source });
      const { exit } = runToText(machine, CMDLINE);
      return { protocol, plan, exit, serial: machine.serial.output };
    });
}
