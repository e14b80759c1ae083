import { type Semantics } from '../cpu/cpu.js';
import { CALLS } from './calls.js';
import { CONTROL } from './control.js';
import { EVENTS } from './events.js';
import { FAR } from './far.js';
import { ABSENT_INSTRUCTIONS, INFORMATION } from './information.js';
import { MSR_INSTRUCTIONS } from './msr.js';
import { PORTS } from './ports.js';
import { RETURNS } from './return.js';
import { TABLES } from './tables.js';

/** Semantics of the system's instructions, by the whole text of the row where the name alone says too little (`MOV Sreg, r/m16`), else by name. */
export const SYSTEM_SEMANTICS: ReadonlyMap<string, Semantics> = new Map(
  [TABLES, CONTROL, FAR, RETURNS, EVENTS, PORTS, MSR_INSTRUCTIONS, CALLS, INFORMATION].flatMap((group) =>
    Object.entries(group),
  ),
);
export { ABSENT_INSTRUCTIONS };
