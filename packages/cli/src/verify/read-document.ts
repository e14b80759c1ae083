import { BzelfError } from '@bzelf/bytes';
import type { Finding, ProfileReport, VerifyReport } from '@bzelf/verifier';
import type { ErrorFacts } from '../print/error.js';
import { COUNTS, VERIFY_SCHEMA, type GivenShard } from './document.js';
import type { Outcome } from './outcome.js';

/** What a document of `verify --json` says. */
export interface ReadDocument {
  readonly outcomes: readonly Outcome[];
  readonly shard?: GivenShard;
}

/** The other way round than verifyDocument. Throws cli/not-a-report. */
export function readDocument(text: string): ReadDocument {
  const document = shaped(parse(text), 'document', { schema: 'string', files: 'array' });
  if (document['schema'] !== VERIFY_SCHEMA) throw wrong('schema', document['schema'], VERIFY_SCHEMA);
  const verdicts = list(document['files'], 'files').map((file, i) => readFile(file, `files[${i}]`));
  const failures = list(document['failures'] ?? [], 'failures').map((one, i) => readFailure(one, `failures[${i}]`));
  const outcomes = [...verdicts, ...failures];
  if (document['shard'] === undefined) return { outcomes };
  const shard = readShard(document['shard']);
  return { outcomes: inOrder(outcomes, shard.files), shard };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw wrong('document', error instanceof Error ? error.message : 'no JSON', 'what `bzelf verify --json` writes');
  }
}

function readFile(value: unknown, path: string): Outcome {
  const fields = { file: 'string', verdict: 'string', form: 'string', size: 'number' };
  const { file, ...rest } = shaped(value, path, { ...fields, structure: 'array', payload: 'array', runs: 'array' });
  const structure = findings(rest['structure'], `${path}.structure`);
  const payload = findings(rest['payload'], `${path}.payload`);
  const runs = list(rest['runs'], `${path}.runs`).map((run, i) => readRun(run, `${path}.runs[${i}]`));
  const isBad = [...structure, ...payload].some(isError) || runs.some(({ verdict }) => verdict === 'fail');
  // what it says and what it shows: the worse counts
  const verdict = isBad || rest['verdict'] !== 'pass' ? 'fail' : 'pass';
  return { file: file as string, report: { ...(rest as unknown as VerifyReport), verdict, structure, payload, runs } };
}

function readRun(value: unknown, path: string): ProfileReport {
  const fields = { profile: 'string', verdict: 'string', reached: 'string', ended: 'string', seconds: 'number' };
  const more = { instructions: 'number', comparedBytes: 'number', ranges: 'array', phases: 'array', serial: 'string' };
  const run = shaped(value, path, { ...fields, ...more, findings: 'array' });
  list(run['ranges'], `${path}.ranges`).forEach((range, i) => checkRange(range, `${path}.ranges[${i}]`));
  const found = findings(run['findings'], `${path}.findings`);
  const slides = run['slides'];
  if (slides !== undefined) shaped(slides, `${path}.slides`, { physical: 'string', virtual: 'string' });
  const isBad = found.some(isError) || run['verdict'] !== 'pass';
  // the order of the fields stays
  const report = withBigints({ ...run, findings: [] }, path) as unknown as ProfileReport;
  return { ...report, verdict: isBad ? 'fail' : 'pass', findings: found };
}

function checkRange(value: unknown, path: string): void {
  const extent = { start: 'string', length: 'string' };
  const fields = { ...extent, purpose: 'string', access: 'string', pages: 'number', touchedPages: 'number' };
  const { touched } = shaped(value, path, fields);
  if (touched !== undefined) shaped(touched, `${path}.touched`, extent);
}

const isError = ({ severity }: Finding): boolean => severity === 'error';

const findings = (value: unknown, path: string): Finding[] =>
  list(value, path).map(
    (one, i) =>
      shaped(one, `${path}[${i}]`, {
        code: 'string',
        severity: 'string',
        title: 'string',
        explanation: 'string',
        remedy: 'string',
      }) as unknown as Finding,
  );

function readFailure(value: unknown, path: string): Outcome {
  const { file, ...error } = shaped(value, path, { file: 'string', exit: 'number', code: 'string', message: 'string' });
  return { file: file as string, error: error as unknown as ErrorFacts };
}

function readShard(value: unknown): GivenShard {
  const shard = shaped(value, 'shard', { index: 'number', count: 'number', files: 'array' });
  return shard as unknown as GivenShard;
}

/** As the files were given; throws when one of them is missing, or one was not given. */
function inOrder(outcomes: readonly Outcome[], files: readonly string[]): Outcome[] {
  const left = [...outcomes];
  const ordered = files.map((file) => {
    const [outcome] = left.splice(
      left.findIndex((one) => one.file === file),
      1,
    );
    if (outcome?.file !== file) throw wrong('shard.files', `no result of ${file}`, 'one for each of them');
    return outcome;
  });
  if (left[0] !== undefined) throw wrong('shard.files', `a result of ${left[0].file}`, 'one for each of them');
  return ordered;
}

function shaped(value: unknown, path: string, fields: Readonly<Record<string, string>>): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(path, value, 'an object');
  const object = value as Record<string, unknown>;
  for (const [name, type] of Object.entries(fields)) {
    const own = object[name];
    if (type === 'array' ? !Array.isArray(own) : typeof own !== type)
      throw wrong(path === 'document' ? name : `${path}.${name}`, own, `${type === 'array' ? 'an' : 'a'} ${type}`);
  }
  return object;
}

function list(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(path, value, 'an array');
  return value as readonly unknown[];
}

const wrong = (field: string, found: unknown, expected: string) =>
  new BzelfError('cli/not-a-report', 'This is no report of `bzelf verify --json`', {
    field,
    found: typeof found === 'string' ? found : found === undefined ? 'nothing' : typeof found,
    expected,
  });

/** Fields of addresses and lengths: hexadecimal text in JSON. */
const ADDRESSES: ReadonlySet<string> = new Set('start length entry physical virtual rip page address value'.split(' '));

/** Throws cli/not-a-report where an address is none. */
function withBigints(value: unknown, path: string, key = ''): unknown {
  if (typeof value === 'number' && COUNTS.has(key) && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === 'string' && ADDRESSES.has(key)) {
    if (!/^0x[0-9a-f]{1,16}$/.test(value)) throw wrong(path, value, 'a hexadecimal number');
    return BigInt(value);
  }
  if (Array.isArray(value)) return value.map((item, i) => withBigints(item, `${path}[${i}]`));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, own]) => [name, withBigints(own, `${path}.${name}`, name)]),
  );
}
