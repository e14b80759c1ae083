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
    runs: runs.map(({ instructions, phases, findings, ...run }) => ({
      ...run,
      instructions: Number(instructions),
      phases: phases.map((phase) => ({ ...phase, from: Number(phase.from), to: Number(phase.to) })),
      findings,
    })),
  })),
});
