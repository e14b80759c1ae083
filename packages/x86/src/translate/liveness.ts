import { canLeave, flagUse } from './lowerings.js';
import { NO_BLOCK, type Block, type Region } from './region.js';

/** What an instruction, or a run of them, makes of flags that are live or not behind it: live or not before it, or as they are behind. */
type Effect = boolean | undefined;

/**
 * Flags behind each instruction of a block: whether somebody may look at them before all are set again. Who can look: instructions that read
 * flags, and the interpreter wherever the region may be left.
 */
export function liveWithin(region: Region, block: Block, liveAt: (block: number) => boolean): boolean[] {
  const after: boolean[] = [];
  let live = isLiveBehind(block, liveAt);
  for (let i = block.count - 1; i >= 0; i--) {
    after[i] = live;
    live = effectOf(region, block.first + i) ?? live;
  }
  return after;
}

function effectOf({ lanes }: Region, instruction: number): Effect {
  if (canLeave(lanes, instruction)) return true;
  const use = flagUse(lanes, instruction);
  return use === 'none' ? undefined : use !== 'sets';
}

/** The first instruction that is about flags decides. */
function effectOfBlock(region: Region, { first, count }: Block): Effect {
  for (let i = 0; i < count; i++) {
    const effect = effectOf(region, first + i);
    if (effect !== undefined) return effect;
  }
  return undefined;
}

const isLiveBehind = ({ leaves, successors }: Block, liveAt: (block: number) => boolean): boolean =>
  leaves || successors.length === 0 || successors.some((to) => to !== NO_BLOCK && (to < 0 || liveAt(to)));

/** Whether flags are live where each block begins; entries and loops' heads may be left there. */
export function liveFlags(region: Region, checked: ReadonlySet<number>): boolean[] {
  const { blocks } = region;
  const known = blocks.map((block, number) => checked.has(number) || effectOfBlock(region, block));
  const live = known.map((effect) => effect === true);
  const open = [...known.keys()].filter((number) => !checked.has(number) && known[number] === undefined).reverse();
  for (let changed = true; changed;) {
    changed = false;
    for (const number of open) {
      if (live[number] === true || !isLiveBehind(blocks[number] as Block, (to) => live[to] === true)) continue;
      live[number] = true;
      changed = true;
    }
  }
  return live;
}
