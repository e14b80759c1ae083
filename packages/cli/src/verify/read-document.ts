import type { Finding, ProfileReport, VerifyReport } from '@bzelf/verifier';
import type { ErrorFacts } from '../print/error.js';
import type { GivenShard } from './document.js';
import { DOCUMENT } from './document-shape.js';
import type { Outcome } from './outcome.js';
import { wrong } from './shape.js';

/** What a document of `verify --json` says. */
export interface ReadDocument {
  readonly outcomes: readonly Outcome[];
  readonly shard?: GivenShard;
}

/** Has the shape DOCUMENT. */
interface Document {
  readonly shard?: GivenShard;
  readonly files: readonly (VerifyReport & { readonly file: string })[];
  readonly failures?: readonly (ErrorFacts & { readonly file: string })[];
}

/** The other way round than verifyDocument. Throws cli/not-a-report. */
export function readDocument(text: string): ReadDocument {
  const { files, failures = [], shard } = DOCUMENT(parse(text), '') as Document;
  const outcomes = [...files.map(judged), ...failures.map(({ file, ...error }): Outcome => ({ file, error }))];
  if (shard === undefined) return { outcomes };
  if (shard.index < 1 || shard.index > shard.count)
    wrong('shard.index', shard.index, `a number from 1 to ${shard.count}`);
  return { outcomes: inOrder(outcomes, shard.files), shard };
}

/** No document has as much, and whoever walks one calls itself for each. */
const MOST_LEVELS = 32;

function parse(text: string): unknown {
  const expected = 'what `bzelf verify --json` writes';
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    return wrong('', error instanceof Error ? error.message : 'no JSON', expected);
  }
  return isDeeper(document, MOST_LEVELS) ? wrong('', `more than ${MOST_LEVELS} levels`, expected) : document;
}

const isDeeper = (value: unknown, levels: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1)));

const isError = ({ severity }: Finding): boolean => severity === 'error';

/** What it says and what it shows: the worse counts. */
function judged({ file, ...said }: Document['files'][number]): Outcome {
  const runs = said.runs.map((run): ProfileReport => ({
    ...run,
    verdict: run.findings.some(isError) ? 'fail' : run.verdict,
  }));
  const isBad = [...said.structure, ...said.payload].some(isError) || runs.some(({ verdict }) => verdict === 'fail');
  return { file, report: { ...said, verdict: isBad ? 'fail' : said.verdict, runs } };
}

/** As the files were given; throws when one of them is missing, or one was not given. */
function inOrder(outcomes: readonly Outcome[], files: readonly string[]): Outcome[] {
  const left = [...outcomes];
  const ordered = files.map((file) => {
    const at = left.findIndex((one) => one.file === file);
    const [outcome] = at < 0 ? [] : left.splice(at, 1);
    return outcome ?? wrong('shard.files', `no result of ${file}`, 'one for each of them');
  });
  if (left[0] !== undefined) wrong('shard.files', `a result of ${left[0].file}`, 'one for each of them');
  return ordered;
}
