import { canLeave, flagUse } from './lowerings.js';
import { NO_BLOCK, type Block, type Region } from './region.js';

/**
 * Flags behind each instruction of a block: whether somebody may look at them before all are set again. Who can look: instructions that read
 * flags, and the interpreter wherever the region may be left.
 */
export function liveWithin(region: Region, block: Block, liveAt: (block: number) => boolean): boolean[] {
  const after: boolean[] = [];
  let live =
    block.leaves || block.successors.length === 0 || block.successors.some((to) => to !== NO_BLOCK && liveAt(to));
  for (let i = block.count - 1; i >= 0; i--) {
    after[i] = live;
    live = liveBefore(region, block.first + i, live);
  }
  return after;
}

function liveBefore({ lanes }: Region, instruction: number, after: boolean): boolean {
  const use = flagUse(lanes, instruction);
  if (canLeave(lanes, instruction) || use === 'reads' || use === 'reads and sets') return true;
  return use === 'sets' ? false : after;
}

/** Whether flags are live where each block begins; entries and loops' heads may be left there. */
export function liveFlags(region: Region, checked: ReadonlySet<number>): boolean[] {
  const { blocks } = region;
  const live = blocks.map(() => false);
  for (let changed = true; changed;) {
    changed = false;
    for (let number = blocks.length - 1; number >= 0; number--) {
      const block = blocks[number] as Block;
      const after = liveWithin(region, block, (to) => to < 0 || live[to] === true);
      const first = block.count > 0 ? liveBefore(region, block.first, after[0] === true) : after.length === 0;
      const now = checked.has(number) || first;
      if (now !== live[number]) {
        live[number] = now;
        changed = true;
      }
    }
  }
  return live;
}
