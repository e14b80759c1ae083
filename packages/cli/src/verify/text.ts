import { hex, thousands } from '@bzelf/bytes';
import type { Finding, ProfileReport, RangeUse, VerifyReport } from '@bzelf/verifier';
import { counted } from '../print/counted.js';
import type { Paint } from '../print/paint.js';
import { table } from '../print/table.js';
import { auditText } from './audit-text.js';
import type { FileVerdict } from './outcome.js';
import { specialText } from './special-runs.js';

/** What a person sees at a glance, then the details of what is not as it should be. */
export function verifyText({ file, report }: FileVerdict, paint: Paint): string {
  const { verdict, form, kernelVersion, size, structure, payload, runs } = report;
  const title = verdict === 'pass' ? paint.green('good') : paint.red('not good');
  const what = [form, kernelVersion?.split(' ')[0], `${thousands(size)} bytes`].filter(Boolean).join(', ');
  const rows = runs.map((run) => runRow(run, paint));
  return [
    `${paint.bold(file)}: ${title} (${what})\n`,
    `  structure  ${summary([...structure, ...payload], paint)}\n`,
    rows.length === 0 ? `  execution  none: ${whyNone(report)}\n` : `${table(rows, { indent: 2, right: [3] })}`,
    ...targetText(structure, paint),
    ...[...structure, ...payload].filter(isWorthTelling).map((finding) => findingText(finding, '', paint)),
    ...told(runs).map(({ finding, profiles }) => findingText(finding, profiles.join(', '), paint)),
    ...specialText(runs, paint),
    ...memoryText(report, paint),
    ...auditText(runs, paint),
  ].join('');
}

const whyNone = ({ structure, payload }: VerifyReport): string =>
  structure.some(({ code }) => code === 'file/malformed')
    ? 'what says how is malformed'
    : payload.some((finding) => isError(finding) && !finding.code.startsWith('run/'))
      ? 'the kernel inside is damaged'
      : 'no profile enters it';

const isError = ({ severity }: Finding): boolean => severity === 'error';
const isWorthTelling = ({ severity }: Finding): boolean => severity !== 'note';

/** What the loaders do that were asked about; where that is wrong it is among the errors. */
function targetText(structure: readonly Finding[], paint: Paint): string[] {
  const rows = structure
    .filter((finding) => finding.code.startsWith('target/') && !isWorthTelling(finding))
    .map(({ code, field = '', found = '' }) => [field, code.split('/')[1] ?? '', found]);
  return rows.length === 0
    ? []
    : [`\n${paint.dim('what the loader does, by its own rules:')}\n`, table(rows, { indent: 2 })];
}

function summary(findings: readonly Finding[], paint: Paint): string {
  const of = (wanted: Finding['severity']) => findings.filter(({ severity }) => severity === wanted).length;
  const [errors, warnings, notes] = [of('error'), of('warning'), of('note')];
  const word = errors > 0 ? paint.red('wrong') : paint.green('good');
  const counts = [
    [errors, 'error'],
    [warnings, 'warning'],
    [notes, 'note'],
  ] as const;
  const parts = counts.filter(([n]) => n > 0).map(([n, what]) => counted(n, what));
  return parts.length === 0 ? word : `${word}: ${parts.join(', ')}`;
}

/** `linux64  pass  kernel entered  82,683,752 instructions  8,370,152 bytes as they should be` */
function runRow(
  { profile, verdict, ended, instructions, comparedBytes, slides, findings }: ProfileReport,
  paint: Paint,
): string[] {
  const isWrong = findings.some(({ code }) => code.startsWith('image/'));
  const moved = slides === undefined || slides.physical === 0n ? '' : `, moved by ${hex(slides.physical)}`;
  const image =
    comparedBytes === 0
      ? ''
      : isWrong
        ? paint.red('memory is wrong')
        : `${thousands(comparedBytes)} bytes as they should be${moved}`;
  return [
    profile,
    verdict === 'pass' ? paint.green('pass') : paint.red('fail'),
    ended,
    `${thousands(instructions)} instructions`,
    image,
  ];
}

interface Told {
  readonly finding: Finding;
  readonly profiles: string[];
}

/** What several profiles have found in the same words is told once. */
function told(runs: readonly ProfileReport[]): Told[] {
  const all = new Map<string, Told>();
  for (const { profile, findings } of runs)
    for (const finding of findings.filter(isWorthTelling)) {
      const key = JSON.stringify([finding.code, finding.field, finding.found]);
      const known = all.get(key);
      if (known === undefined) all.set(key, { finding, profiles: [profile] });
      else known.profiles.push(profile);
    }
  return [...all.values()];
}

/** One finding in one line, for logs. */
export const findingLine = ({ severity, code, title, field, found, expected }: Finding): string =>
  `${severity} ${code}: ${title}${placeText({ field, found, expected })}`;

function placeText({
  field,
  found,
  expected,
}: {
  field: string | undefined;
  found: string | undefined;
  expected: string | undefined;
}): string {
  const parts = [field, found && `found ${found}`, expected && `expected ${expected}`].filter(Boolean);
  return parts.length === 0 ? '' : `; ${parts.join(', ')}`;
}

function findingText(
  { severity, code, title, offset, field, found, expected, explanation, remedy }: Finding,
  profiles: string,
  paint: Paint,
): string {
  const colour = severity === 'error' ? paint.red : paint.yellow;
  const place = [offset === undefined ? undefined : `at ${hex(offset)}`, field].filter(Boolean).join(', ');
  const values = [found && `found ${found}`, expected && `expected ${expected}`].filter(Boolean).join(', ');
  const lines = [place, values, profiles && `by ${profiles}`, `${explanation} Remedy: ${remedy}.`].filter(Boolean);
  return `\n${colour(severity)} ${code}: ${title}\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

/** What the first run from declared memory has used of each range. */
function memoryText({ runs }: VerifyReport, paint: Paint): string[] {
  const run = runs.find(({ evidence, reached }) => evidence === 'declared' && reached !== 'nothing');
  if (run === undefined) return [];
  const rows = run.ranges.filter(({ purpose, required }) => required || purpose === 'low-memory').map(rangeRow);
  return [
    `\n${paint.dim(`declared and touched before the kernel runs, by ${run.profile}:`)}\n`,
    table(rows, { indent: 2 }),
  ];
}

function rangeRow({ purpose, start, length, access, pages, touchedPages, touched }: RangeUse): string[] {
  const used = touched === undefined ? '' : `${hex(touched.start)}-${hex(touched.start + touched.length - 1n)}`;
  return [
    purpose,
    `${hex(start)}-${hex(start + length - 1n)}`,
    access,
    `${thousands(touchedPages)} of ${counted(pages, 'page')}`,
    used,
  ];
}
