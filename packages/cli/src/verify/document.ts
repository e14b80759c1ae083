import type { VerifyReport } from '@bzelf/verifier';

export interface FileVerdict {
  readonly file: string;
  readonly report: VerifyReport;
}

/** bzelf.verify/1. Source: docs/json.md. */
export const verifyDocument = (verdicts: readonly FileVerdict[]) => ({
  schema: 'bzelf.verify/1',
  verdict: verdicts.some(({ report }) => report.verdict === 'fail') ? 'fail' : 'pass',
  files: verdicts.map(({ file, report: { runs, ...report } }) => ({
    file,
    ...report,
    runs: runs.map((run) => withNumbers(run)),
  })),
});

/** Fields that count instructions: numbers, where addresses are hexadecimal. */
const COUNTS = new Set(['instructions', 'from', 'to', 'first', 'last', 'walked', 'count']);

function withNumbers(value: unknown, key = ''): unknown {
  if (typeof value === 'bigint') return COUNTS.has(key) ? Number(value) : value;
  if (Array.isArray(value)) return value.map((item) => withNumbers(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, own]) => [name, withNumbers(own, name)]));
}
