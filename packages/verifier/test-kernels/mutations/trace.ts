/** Which instructions a good file executes, so that a script can break them. */
import { copyLength, openKernel } from '@bzelf/loader';
import { Machine } from '@bzelf/x86';
import { findProfile } from '../../src/profiles/find';
import { handOver } from '../../src/profiles/hand-over';
import { startPlan } from '../../src/start';
import { RAM } from './mutation';

/** More than the entry stub of a container takes. */
const STEPS = 60_000;

/** File offsets of the instructions that are executed, in the order in which each is executed first, until execution leaves the segment of the entry. */
export function executedOffsets(bytes: Uint8Array, profile: string, steps = STEPS): number[] {
  const kernel = openKernel(bytes);
  const { plan } = handOver(kernel, findProfile(profile), { ram: BigInt(RAM), cmdline: 'console=ttyS0' });
  const machine = new Machine({ ram: RAM });
  startPlan(machine, plan, { kernel: kernel.source });
  const home = plan.copies.find((copy) => plan.entry >= copy.to && plan.entry < copy.to + BigInt(copyLength(copy)));
  if (home === undefined || !('fileOffset' in home.from)) throw new Error('the entry is not from the file');
  const { fileOffset, length } = home.from;
  const seen = new Set<number>();
  for (let i = 0; i < steps; i++) {
    const at = Number(machine.linearRip - home.to);
    if (at < 0 || at >= length) break;
    seen.add(fileOffset + at);
    if (machine.run({ budget: 1 }).reason !== 'budget') break;
  }
  return [...seen];
}
