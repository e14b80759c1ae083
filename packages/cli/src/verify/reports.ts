import { FindingsFound } from '../exit.js';
import type { ReportDocument } from '../html/document.js';
import { writeOutput } from '../io.js';
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

/** All reports that were asked for but the text, which was shown file by file; then throws FindingsFound unless all is good. */
export async function giveReports(outcomes: readonly Outcome[], args: ReportArgs, shard?: GivenShard): Promise<void> {
  if (args.json) writeStdout(jsonText(verifyDocument(outcomes, shard)));
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
