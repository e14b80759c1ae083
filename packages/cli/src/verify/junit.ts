import { XMLBuilder } from 'fast-xml-parser';
import type { Finding, ProfileReport } from '@bzelf/verifier';
import type { FileVerdict } from './document.js';
import { findingLine } from './text.js';

interface Case {
  readonly name: string;
  readonly seconds: number;
  readonly findings: readonly Finding[];
  readonly output: string;
}

/** One suite per file, one case for each part of the structure that was found wrong, and one for each profile. */
export function junitXml(verdicts: readonly FileVerdict[]): string {
  const builder = new XMLBuilder({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    format: true,
    indentBy: '  ',
    suppressEmptyNode: true,
  });
  const suites = verdicts.map(suite);
  const sum = (of: (row: (typeof suites)[number]) => number) => suites.reduce((total, row) => total + of(row), 0);
  const body = builder.build({
    testsuites: {
      '@name': 'bzelf verify',
      '@tests': sum((row) => row['@tests']),
      '@failures': sum((row) => row['@failures']),
      testsuite: suites,
    },
  }) as string;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${body}`;
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
