import { hex } from '@bzelf/bytes';
import type { MachineExit } from '@bzelf/x86';
import type { Finding } from '../finding.js';
import { executionFinding, type ExecutionCode } from './findings.js';
import type { ProfileReport } from './report.js';

/** Source: Intel SDM vol. 3A, table 6-1. */
// prettier-ignore
const EXCEPTIONS = ['#DE', '#DB', 'NMI', '#BP', '#OF', '#BR', '#UD', '#NM', '#DF', '', '#TS', '#NP', '#SS', '#GP', '#PF', '', '#MF', '#AC', '#MC', '#XM'];

const faultText = ({ vector, errorCode }: { vector: number; errorCode?: number }): string =>
  `${EXCEPTIONS[vector] ?? `vector ${vector}`}${errorCode === undefined ? '' : `(${hex(errorCode)})`}`;

const CODES: Partial<Record<MachineExit['reason'], ExecutionCode>> = {
  shutdown: 'run/fault',
  stuck: 'run/fault',
  halt: 'run/halt',
  budget: 'run/budget',
  deadline: 'run/deadline',
};

/** Why a run ended before it was where it should be. */
export const exitFinding = (exit: MachineExit, text: string): Finding =>
  executionFinding(CODES[exit.reason] ?? 'run/lost', {
    field: `\`${text}\` at ${hex(exit.rip)}`,
    found: `${exitText(exit, 'start')}, after ${exit.count} instructions`,
  });

const REACHED: Partial<Record<ProfileReport['reached'], string>> = {
  entry: 'kernel entered',
  banner: 'banner and command line',
  milestone: 'it said who it is',
};

/** How a run ended, in a few words. */
export function exitText(exit: MachineExit, reached: ProfileReport['reached']): string {
  switch (exit.reason) {
    case 'until':
      return REACHED[reached] ?? 'stopped';
    case 'halt':
      return `halted, interrupts ${exit.interrupts}`;
    case 'shutdown':
      return `triple fault: ${exit.faults.map(faultText).join(', then ')}`;
    case 'denied':
      return `${exit.access.kind} of ${exit.access.size} bytes at ${hex(exit.access.physical)}`;
    case 'unimplemented':
      return `no such instruction in the core: ${exit.name}`;
    case 'exit':
      return `exit port, value ${exit.value}`;
    case 'reset':
      return `reset by ${exit.by}`;
    case 'budget':
      return 'as many instructions as were allowed';
    case 'deadline':
      return 'no more time';
    default:
      return exit.reason;
  }
}
