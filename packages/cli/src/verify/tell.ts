import { errorText } from '../print/error.js';
import { stderrPaint, stdoutPaint, writeStderr, writeStdout } from '../terminal.js';
import { isFailure, type Outcome } from './outcome.js';
import { verifyText } from './text.js';

/** Shows what became of a file: its text on stdout unless all will be JSON, a line below that of the file before; an error on stderr. */
export function tellOutcome(
  outcome: Outcome,
  { json, isFirst }: { readonly json: boolean; readonly isFirst: boolean },
): void {
  if (isFailure(outcome)) writeStderr(errorText(outcome.error, { file: outcome.file, json }, stderrPaint()));
  else if (!json) writeStdout(`${isFirst ? '' : '\n'}${verifyText(outcome, stdoutPaint())}`);
}
