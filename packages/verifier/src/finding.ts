import { hex } from '@bzelf/bytes';

/** `error`: a loader will fail, or the file contradicts itself. `warning`: somebody has trouble. `note`: worth knowing. */
export type Severity = 'error' | 'warning' | 'note';
export const SEVERITIES: readonly Severity[] = ['error', 'warning', 'note'];

/** What a check can find, whatever the file. */
export interface FindingKind {
  readonly severity: Severity;
  /** One line: what is wrong. */
  readonly title: string;
  /** Why it matters, and to whom. */
  readonly explanation: string;
  /** What to do. */
  readonly remedy: string;
}

/** Where in a file, and what is there; the words of BzelfError. */
export interface Where {
  /** File offset, bytes. */
  readonly offset?: number;
  readonly field?: string;
  readonly found?: string | number | bigint;
  readonly expected?: string | number | bigint;
}

export interface Finding extends FindingKind {
  /** Stable: `segments/overlap`. */
  readonly code: string;
  readonly offset?: number;
  readonly field?: string;
  readonly found?: string;
  readonly expected?: string;
}

const shown = (value: string | number | bigint): string => (typeof value === 'string' ? value : hex(value));

export function makeFinding(code: string, kind: FindingKind, { offset, field, found, expected }: Where): Finding {
  return {
    code,
    ...kind,
    ...(offset === undefined ? {} : { offset }),
    ...(field === undefined ? {} : { field }),
    ...(found === undefined ? {} : { found: shown(found) }),
    ...(expected === undefined ? {} : { expected: shown(expected) }),
  };
}
