import { type MachineExit } from '../machine/exit.js';
import { hexByte } from './packet.js';
import { type Points } from './points.js';

const SIGNAL = { ill: 4, trap: 5, segv: 11 } as const;

const signalOf = ({ reason }: MachineExit): number => {
  switch (reason) {
    case 'unimplemented':
      return SIGNAL.ill;
    case 'denied':
    case 'shutdown':
      return SIGNAL.segv;
    default:
      return SIGNAL.trap;
  }
};

/** What gdb is told. The exit port ends the program; all else is a stop from which one can look around. */
export function stopReply(exit: MachineExit, points: Points, knowsReasons: boolean): string {
  if (exit.reason === 'exit') return `W${hexByte(exit.value & 0xff)}`;
  const why =
    exit.reason === 'watch'
      ? points.describe(exit.hit)
      : exit.reason === 'breakpoint' && knowsReasons
        ? 'swbreak:;'
        : '';
  return `T${hexByte(signalOf(exit))}${why}thread:1;`;
}

/** What no signal says, for gdb's console. */
export function stopText(exit: MachineExit): string {
  switch (exit.reason) {
    case 'halt':
      return `the CPU is halted, interrupts are ${exit.interrupts}`;
    case 'shutdown':
      return `triple fault: exceptions ${exit.faults.map(({ vector }) => vector).join(', ')}`;
    case 'denied':
      return `${exit.access.kind} of ${exit.access.size} bytes at physical ${exit.access.physical.toString(16)} is not allowed`;
    case 'unimplemented':
      return `${exit.name} is not implemented`;
    case 'reset':
      return `reset by ${exit.by}`;
    case 'exception':
      return `exception ${exit.vector}`;
    case 'interrupt':
      return `software interrupt ${exit.vector}`;
    case 'port':
      return `port ${exit.port.toString(16)}, ${exit.direction}`;
    default:
      return '';
  }
}
