import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { thousands } from '@bzelf/bytes';
import { DASH } from '../dash.js';
import { FindingsFound, UsageError } from '../exit.js';
import type { ReportDocument } from '../html/document.js';
import { isSameFile, writeOutput } from '../io.js';
import { jsonText, plain } from '../print/json.js';
import { writeStdout } from '../terminal.js';
import { verifyDocument, type GivenShard } from './document.js';
import { junitXml } from './junit.js';
import { isFailure, isGood, type Outcome } from './outcome.js';

export interface ReportArgs {
  readonly json: boolean;
  readonly junit?: string | undefined;
  readonly html?: string | undefined;
}

/** Worth knowing before long work: throws UsageError for a report in the place of an input or of another, and the error of a folder that is not there. */
export function checkReports({ junit, html }: Omit<ReportArgs, 'json'>, inputs: readonly string[]): void {
  for (const [option, path] of Object.entries({ '--junit': junit, '--html': html })) {
    if (path === undefined) continue;
    if (path === DASH) throw new UsageError(`${option} wants a file; stdout has the report`);
    const input = inputs.find((own) => own !== DASH && isSameFile(own, path));
    if (input !== undefined) throw new UsageError(`${option} ${path} is ${input}, which is read`);
    statSync(dirname(path));
  }
  if (junit !== undefined && html !== undefined && resolve(junit) === resolve(html))
    throw new UsageError(`--junit and --html are both ${junit}`);
}

/** `3 files: 1 good, 1 not good, 1 that could not be verified`. */
function sumText(outcomes: readonly Outcome[]): string {
  const failed = outcomes.filter(isFailure).length;
  const good = outcomes.filter(isGood).length;
  const counts = [
    [good, 'good'],
    [outcomes.length - good - failed, 'not good'],
    [failed, 'that could not be verified'],
  ] as const;
  const parts = counts.filter(([n]) => n > 0).map(([n, what]) => `${thousands(n)} ${what}`);
  return `${thousands(outcomes.length)} files: ${parts.join(', ')}`;
}

/** All reports that were asked for but the text, which was shown file by file; then throws FindingsFound unless all is good. */
export async function giveReports(outcomes: readonly Outcome[], args: ReportArgs, shard?: GivenShard): Promise<void> {
  if (args.json) writeStdout(jsonText(verifyDocument(outcomes, shard)));
  else if (outcomes.length > 1) writeStdout(`\n${sumText(outcomes)}\n`);
  if (args.junit !== undefined) await writeOutput(args.junit, new TextEncoder().encode(junitXml(outcomes)));
  if (args.html !== undefined) await writeHtml(args.html, outcomes);
  const failure = outcomes.find(isFailure);
  if (failure !== undefined) throw new FindingsFound(failure.error.exit);
  if (!outcomes.every(isGood)) throw new FindingsFound();
}

/** Few want it: it is loaded when it is wanted. */
async function writeHtml(path: string, outcomes: readonly Outcome[]): Promise<void> {
  const { htmlReport } = await import('../html/page.js');
  await writeOutput(path, new TextEncoder().encode(htmlReport(plain(verifyDocument(outcomes)) as ReportDocument)));
}
