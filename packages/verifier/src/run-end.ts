import { hex } from '@bzelf/bytes';
import type { MachineExit } from '@bzelf/x86';

/** What Linux begins its log with. Source: init/version-timestamp.c, linux_banner. */
export const BANNER = 'Linux version ';

/** Source: Intel SDM vol. 3A, table 6-1. */
// prettier-ignore
const EXCEPTIONS = ['#DE', '#DB', 'NMI', '#BP', '#OF', '#BR', '#UD', '#NM', '#DF', '', '#TS', '#NP', '#SS', '#GP', '#PF', '', '#MF', '#AC', '#MC', '#XM'];

const faultText = ({ vector, errorCode }: { vector: number; errorCode?: number }): string =>
  `${EXCEPTIONS[vector] ?? `vector ${vector}`}${errorCode === undefined ? '' : `(${hex(errorCode)})`}`;

/** Why a machine stopped, in a few words, with the place: `at 0x100000` or nothing. */
export function stopText(exit: MachineExit, place = ''): string {
  const at = place === '' ? '' : ` ${place}`;
  switch (exit.reason) {
    case 'halt':
      return `halted${at}, interrupts ${exit.interrupts}`;
    case 'shutdown':
      return `triple fault${at}: ${exit.faults.map(faultText).join(', then ')}`;
    case 'denied':
      return `${exit.access.kind} of ${exit.access.size} bytes at ${hex(exit.access.physical)} denied${at}`;
    case 'unimplemented':
      return `no such instruction in the core: ${exit.name}${at}`;
    case 'exit':
      return `exit port, value ${exit.value}`;
    case 'reset':
      return `reset by ${exit.by}`;
    case 'budget':
      return `as many instructions as were allowed${at}`;
    case 'deadline':
      return `no more time${at}`;
    default:
      return `${exit.reason}${at}`;
  }
}
