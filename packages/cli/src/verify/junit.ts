import type { Finding, ProfileReport } from '@bzelf/verifier';
import { isFailure, type FileFailure, type FileVerdict, type Outcome } from './outcome.js';
import { xmlDocument } from '../print/xml.js';
import { findingLine } from './text.js';

interface Case {
  readonly name: string;
  readonly seconds: number;
  readonly findings: readonly Finding[];
  readonly output: string;
}

/**
 * One suite per file, one case for its structure, one for the kernel inside and one for each profile; a file that could not be looked at is
 * an error of its only case.
 */
export function junitXml(outcomes: readonly Outcome[]): string {
  const suites = outcomes.map((outcome) => (isFailure(outcome) ? failedSuite(outcome) : suite(outcome)));
  const sum = (of: (row: (typeof suites)[number]) => number) => suites.reduce((total, row) => total + of(row), 0);
  return xmlDocument({
    testsuites: {
      '@name': 'bzelf verify',
      '@tests': sum((row) => row['@tests']),
      '@failures': sum((row) => row['@failures']),
      '@errors': sum((row) => row['@errors']),
      testsuite: suites,
    },
  });
}

function failedSuite({ file, error }: FileFailure) {
  const name = printable(file);
  const { code, message, offset, field, found, expected, hint } = error;
  const lines = Object.entries({ offset, field, found, expected, hint }).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}: ${value}`],
  );
  const told = { '@type': code, '@message': printable(message), '#text': printable(lines.join('\n')) };
  const only = { '@name': 'file', '@classname': name, '@time': '0.000', error: told };
  return {
    '@name': name,
    '@tests': 1,
    '@failures': 0,
    '@errors': 1,
    '@skipped': 0,
    '@time': '0.000',
    testcase: [only],
  };
}

function suite({ file, report }: FileVerdict) {
  const cases = [
    { name: 'structure', seconds: 0, findings: report.structure, output: '' },
    { name: 'payload', seconds: 0, findings: report.payload, output: '' },
    ...report.runs.map(runCase),
  ];
  return {
    '@name': printable(file),
    '@tests': cases.length,
    '@failures': cases.filter(isFailed).length,
    '@errors': 0,
    '@skipped': 0,
    '@time': cases.reduce((sum, { seconds }) => sum + seconds, 0).toFixed(3),
    testcase: cases.map((row) => testcase(file, row)),
  };
}

const runCase = ({ profile, seconds, findings, serial }: ProfileReport): Case => ({
  name: profile,
  seconds,
  findings,
  output: serial,
});

const errorsOf = ({ findings }: Case): readonly Finding[] => findings.filter(({ severity }) => severity === 'error');
const isFailed = (row: Case): boolean => errorsOf(row).length > 0;

function testcase(file: string, row: Case) {
  const [first] = errorsOf(row);
  const lines = row.findings.map((finding) => printable(findingLine(finding)));
  return {
    '@name': row.name,
    '@classname': printable(file),
    '@time': row.seconds.toFixed(3),
    ...(first === undefined
      ? {}
      : { failure: { '@type': first.code, '@message': first.title, '#text': lines.join('\n') } }),
    ...(first !== undefined || lines.length === 0 ? {} : { 'system-out': lines.join('\n') }),
    ...(row.output === '' ? {} : { 'system-err': printable(row.output) }),
  };
}

/** XML has no control characters. */
const printable = (text: string): string => text.replaceAll(/[^\t\n\u0020-\ud7ff\ue000-\ufffd]/g, '');
