import type { VerifyReport } from '@bzelf/verifier';
import type { ErrorFacts } from '../print/error.js';

export interface FileVerdict {
  readonly file: string;
  readonly report: VerifyReport;
}

/** A file that could not be looked at. */
export interface FileFailure {
  readonly file: string;
  readonly error: ErrorFacts;
}

/** What became of a file. */
export type Outcome = FileVerdict | FileFailure;

export const isFailure = (outcome: Outcome): outcome is FileFailure => 'error' in outcome;
export const isGood = (outcome: Outcome): boolean => !isFailure(outcome) && outcome.report.verdict === 'pass';
