import type { ProfileReport, VerifyReport } from '@bzelf/verifier';

/** What JSON makes of a value: addresses are hexadecimal strings, counts are numbers. Source: print/json.ts, verify/document.ts. */
export type Json<T> = T extends bigint
  ? string | number
  : T extends readonly (infer Item)[]
    ? readonly Json<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: Json<T[Key]> }
      : T;

/** Fields that documents of earlier versions do not have. */
type Later = 'touches' | 'serialMarks';

export type RunView = Omit<Json<ProfileReport>, Later> & Partial<Pick<Json<ProfileReport>, Later>>;
export type PhaseView = RunView['phases'][number];
export type RangeView = RunView['ranges'][number];
export type TouchView = NonNullable<RunView['touches']>[number];
export type AuditView = Partial<Json<NonNullable<ProfileReport['audit']>>>;
export type FindingView = RunView['findings'][number];

export interface FileView extends Omit<Json<VerifyReport>, 'runs'> {
  readonly file: string;
  readonly runs: readonly RunView[];
}

/** Why a file could not be read; the fields of `bzelf.error/1`. */
export interface FailureView {
  readonly file: string;
  readonly code?: string;
  readonly message: string;
  readonly field?: string;
  readonly found?: string;
  readonly expected?: string;
  readonly hint?: string;
}

/** `bzelf.verify/1`, as JSON.parse gives it. Source: docs/json.md. */
export interface ReportDocument {
  readonly schema: string;
  readonly verdict: string;
  readonly files: readonly FileView[];
  /** Files that could not be read. */
  readonly failures?: readonly FailureView[];
}
