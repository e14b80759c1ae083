import type { ReportCommandArgs } from '../commands/report.js';
import { Failure } from '../exit.js';
import { readInput } from '../io.js';
import { mergeDocuments, type NamedDocument } from '../verify/merge.js';
import { isFailure } from '../verify/outcome.js';
import { readDocument } from '../verify/read-document.js';
import { checkReports, giveReports } from '../verify/reports.js';
import { tellOutcome } from '../verify/tell.js';

/** `report merge`: everything as if one verify had looked at all the files, also the exit code. */
export async function runReport(args: ReportCommandArgs): Promise<void> {
  checkReports(args, args.reports);
  const outcomes = mergeDocuments(args.reports.map((name) => readNamed(name, args.json)));
  const first = outcomes.find((outcome) => !isFailure(outcome));
  for (const outcome of outcomes) tellOutcome(outcome, { json: args.json, isFirst: outcome === first });
  await giveReports(outcomes, args);
}

/** Throws Failure, which says in which report it is. */
function readNamed(name: string, json: boolean): NamedDocument {
  try {
    return { name, ...readDocument(new TextDecoder().decode(readInput(name))) };
  } catch (cause) {
    throw new Failure(cause, { file: name, json });
  }
}
