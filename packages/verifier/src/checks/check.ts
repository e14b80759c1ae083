import { BzelfError } from '@bzelf/bytes';
import { makeFinding, type Finding, type FindingKind, type Where } from '../finding.js';
import { isElfSubject, type ElfSubject, type Subject } from '../subject.js';

export type FindingTable = Readonly<Record<string, FindingKind>>;

/** Says that something was found; a code that the check does not list does not compile. */
export type Report<T extends FindingTable> = (code: keyof T & string, where?: Where) => void;

export interface Check {
  readonly name: string;
  /** What it looks at, for docs/checks.md. */
  readonly doc: string;
  readonly findings: FindingTable;
  run(subject: Subject): Finding[];
}

export const MALFORMED_CODE = 'file/malformed';

/** A part of the file that a check wanted to look at cannot be read. */
// prettier-ignore
export const MALFORMED: FindingTable = {
  [MALFORMED_CODE]: {
    severity: 'error', title: 'A part of the file cannot be read',
    explanation: 'A header, table or note says something that cannot be, or points outside the file. What it describes was not checked.',
    remedy: 'get the file again, or wrap the bzImage again; the field and what was found there are those of the error that `bzelf info` prints',
  },
};

/** The check that all others are: of what their readers stumble over. */
export const FILE_CHECK = {
  name: 'file',
  doc: 'What every other check needs: that headers, tables and notes can be read.',
  findings: MALFORMED,
};

/** An error of a reader as a finding. */
export function malformed(error: BzelfError): Finding {
  const { code, message, offset, field, found, expected } = error;
  const kind = MALFORMED[MALFORMED_CODE] as FindingKind;
  return makeFinding(
    MALFORMED_CODE,
    { ...kind, title: `${kind.title}: ${message} (${code})` },
    {
      ...(offset === undefined ? {} : { offset }),
      ...(field === undefined ? {} : { field }),
      ...(found === undefined ? {} : { found }),
      ...(expected === undefined ? {} : { expected }),
    },
  );
}

interface CheckParts<T extends FindingTable, S> {
  readonly name: string;
  readonly doc: string;
  readonly findings: T;
  readonly run: (subject: S, report: Report<T>) => void;
}

/** A check of every file. */
export function defineCheck<const T extends FindingTable>({ run, ...parts }: CheckParts<T, Subject>): Check {
  return { ...parts, run: (subject) => collect(parts.findings, (report: Report<T>) => run(subject, report)) };
}

/** A check of files that have an ELF header. */
export function defineElfCheck<const T extends FindingTable>({ run, ...parts }: CheckParts<T, ElfSubject>): Check {
  return {
    ...parts,
    run: (subject) =>
      isElfSubject(subject) ? collect(parts.findings, (report: Report<T>) => run(subject, report)) : [],
  };
}

/** What a check reports; where it stumbles over malformed bytes, that, too. */
function collect<T extends FindingTable>(table: T, run: (report: Report<T>) => void): Finding[] {
  const findings: Finding[] = [];
  try {
    run((code, where = {}) => findings.push(makeFinding(code, table[code] as FindingKind, where)));
  } catch (error) {
    if (!(error instanceof BzelfError)) throw error;
    findings.push(malformed(error));
  }
  return findings;
}
