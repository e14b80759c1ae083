/** docs/verdicts.csv: one line for each run. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '@bzelf/testkit';
import { PROFILES } from '../../src/profiles/table';
import { FORM_NAMES, KERNEL_FILES } from './files';

export const RECORD = join(repositoryRoot(), 'docs', 'verdicts.csv');

/** In place of a profile: what is found before anything runs. */
export const STRUCTURE = 'structure';

const COLUMNS = ['kernel', 'form', 'profile', 'verdict', 'reached', 'instructions', 'findings'] as const;

/** Empty where it says nothing; findings are codes of errors and warnings, with a space between them. */
export type Verdict = Readonly<Record<(typeof COLUMNS)[number], string>>;

export const keyOf = ({ kernel, form, profile }: Pick<Verdict, 'kernel' | 'form' | 'profile'>): string =>
  [kernel, form, profile].join();

/** No cell has a comma or a quotation mark. */
export function readRecord(path = RECORD): Verdict[] {
  if (!existsSync(path)) return [];
  const [, ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const cells = line.split(',');
    return Object.fromEntries(COLUMNS.map((name, i) => [name, cells[i] ?? ''])) as Verdict;
  });
}

/** Kernels, forms and profiles in their own order. */
const ORDER = new Map(
  KERNEL_FILES.flatMap(({ id }) =>
    FORM_NAMES.flatMap((form) => [STRUCTURE, ...PROFILES.map(({ name }) => name)].map((own) => [id, form, own].join())),
  ).map((key, place) => [key, place]),
);

/** Puts verdicts in the place of older ones, and drops those of what there is no longer. Another process may do the same. */
export function renewRecord(fresh: readonly Verdict[], isStale: (row: Verdict) => boolean): Verdict[] {
  const kept = readRecord().filter((row) => !isStale(row));
  const byKey = new Map([...kept, ...fresh].map((row) => [keyOf(row), row]));
  const place = (row: Verdict): number => ORDER.get(keyOf(row)) ?? -1;
  const rows = [...byKey.values()].filter((row) => place(row) >= 0).sort((a, b) => place(a) - place(b));
  const lines = rows.map((row) => COLUMNS.map((name) => row[name]).join());
  const beside = `${RECORD}.${process.pid}`;
  writeFileSync(beside, [COLUMNS.join(), ...lines, ''].join('\n'));
  renameSync(beside, RECORD);
  return rows;
}
