import { hex, thousands } from '@bzelf/bytes';
import type { MachineExit } from '@bzelf/x86';
import type { Finding } from '../finding.js';
import { stopText } from '../run-end.js';
import { executionFinding, type ExecutionCode } from './findings.js';
import type { ProfileReport } from './report.js';

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
    found: `${exitText(exit, 'start')}, after ${thousands(exit.count)} instructions`,
  });

const REACHED: Partial<Record<ProfileReport['reached'], string>> = {
  entry: 'kernel entered',
  banner: 'banner and command line',
  milestone: 'it said who it is',
};

/** How a run ended, in a few words. */
export const exitText = (exit: MachineExit, reached: ProfileReport['reached']): string =>
  exit.reason === 'until' ? (REACHED[reached] ?? 'stopped') : stopText(exit);
