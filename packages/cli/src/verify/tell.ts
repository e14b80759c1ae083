import { errorText } from '../print/error.js';
import { stderrPaint, stdoutPaint, writeStderr, writeStdout } from '../terminal.js';
import { isFailure, type Outcome } from './outcome.js';
import { verifyText } from './text.js';

/** Shows what became of a file: its text on stdout unless all will be JSON; an error on stderr. */
export function tellOutcome(outcome: Outcome, json: boolean): void {
  if (isFailure(outcome)) writeStderr(errorText(outcome.error, { file: outcome.file, json }, stderrPaint()));
  else if (!json) writeStdout(verifyText(outcome, stdoutPaint()));
}
