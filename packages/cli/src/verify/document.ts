import { isFailure, isGood, type FileFailure, type FileVerdict, type Outcome } from './outcome.js';
import type { Shard } from './shard.js';

export const VERIFY_SCHEMA = 'bzelf.verify/1';

/** The part of a fleet that a document is about, and the files that it was given. */
export interface GivenShard extends Shard {
  readonly files: readonly string[];
}

/** bzelf.verify/1. Source: docs/json.md. */
export const verifyDocument = (outcomes: readonly Outcome[], shard?: GivenShard) => ({
  schema: VERIFY_SCHEMA,
  verdict: outcomes.every(isGood) ? 'pass' : 'fail',
  ...(shard === undefined ? {} : { shard }),
  files: outcomes.filter((outcome): outcome is FileVerdict => !isFailure(outcome)).map(fileDocument),
  failures: outcomes.filter(isFailure).map(({ file, error }: FileFailure) => ({ file, ...error })),
});

const fileDocument = ({ file, report: { runs, ...report } }: FileVerdict) => ({
  file,
  ...report,
  runs: runs.map((run) => withNumbers(run)),
});

/** Fields that count instructions: numbers, where addresses are hexadecimal. */
const COUNTS: ReadonlySet<string> = new Set(['instructions', 'from', 'to', 'first', 'last', 'walked', 'count']);

function withNumbers(value: unknown, key = ''): unknown {
  if (typeof value === 'bigint') return COUNTS.has(key) ? Number(value) : value;
  if (Array.isArray(value)) return value.map((item) => withNumbers(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, own]) => [name, withNumbers(own, name)]));
}
