import { type Cpu } from '../cpu/cpu.js';
import { WORD } from '../cpu/state.js';
import { AC } from '../isa/flags.js';

/** What translated code may do of the system part, bits of `rights` in the state block: there nobody asks for the level, or tells of it. */
export const MAY = { cli: 1, iret: 2 } as const;

/** At level 0, while nobody wants to be told; IRET also ends the blocking of NMIs, and reads the GDT as data are read. */
export function systemRights({ words, hooks, memory }: Cpu): number {
  if (words[WORD.cpl] !== 0 || hooks.system !== undefined) return 0;
  const isPlain = words[WORD.nmi] === 0 && ((words[WORD.eflags] as number) & AC) === 0 && !memory.points.isOnMemory;
  return isPlain && hooks.segment === undefined ? MAY.cli | MAY.iret : MAY.cli;
}
