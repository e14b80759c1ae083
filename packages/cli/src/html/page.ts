import { auditList } from './audit.js';
import type { FailureView, FileView, ReportDocument, RunView } from './document.js';
import { countText, findingList, toldOf } from './findings.js';
import { NOTHING, html, verbatim, type Markup } from './markup.js';
import { heading, runSection } from './run.js';
import { STYLE } from './style.js';
import { badge, baseName, counted, facts, hexText, signed, table, thousands } from './words.js';

/**
 * A report of `bzelf verify` as one page that needs nothing else: no scripts, no network. It is XHTML that every HTML parser reads, too. The same
 * document gives the same bytes; seconds stand in one place, at the end.
 */
export function htmlReport(document: ReportDocument): string {
  const { files, failures = [] } = document;
  const [only] = files;
  const single = files.length === 1 && failures.length === 0 && only !== undefined;
  const good = files.filter(({ verdict }) => verdict === 'pass').length;
  const title = single ? baseName(only.file) : `${counted(files.length + failures.length, 'file')}, ${good} good`;
  const body = single
    ? fileBody('f1', 2, only)
    : html`${overview(files)}${failureTable(failures)}${files.map((file, i) => fileSection(`f${i + 1}`, file))}`;
  return html`${verbatim('<!DOCTYPE html>')}
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <title>${title}: bzelf verify</title>
        <style>
          ${verbatim(STYLE)}
        </style>
      </head>
      <body>
        <header class="top ${document.verdict}">
          <div>
            <p class="brand">bzelf verify</p>
            <h1>${title} ${verdictBadge(document.verdict)}</h1>
            <p class="lead">${files.length === 0 ? 'no file could be read' : lead(files)}</p>
          </div>
        </header>
        <main>${body}${times(files)}</main>
      </body>
    </html> `.text;
}

const verdictBadge = (verdict: string): Markup =>
  html`<span class="badge big ${verdict === 'pass' ? 'pass' : 'fail'}"
    >${verdict === 'pass' ? 'good' : 'not good'}</span
  >`;

const passed = (runs: readonly RunView[]): string =>
  runs.length === 0
    ? 'nothing was executed'
    : `${thousands(runs.filter(({ verdict }) => verdict === 'pass').length)} of ${counted(runs.length, 'run')} passed`;

const everyFinding = (files: readonly FileView[]) =>
  files.flatMap((file) => toldOf(file).map(({ finding }) => finding));

const lead = (files: readonly FileView[]): string => {
  const found = countText(everyFinding(files).filter(({ severity }) => severity !== 'note'));
  return `${passed(files.flatMap(({ runs }) => runs))}, ${found === '' ? 'no errors, no warnings' : found}`;
};

const overview = (files: readonly FileView[]): Markup =>
  table(
    'Files',
    [
      { head: 'file' },
      { head: 'verdict' },
      { head: 'form' },
      { head: 'kernel' },
      { head: 'bytes', kind: 'num' },
      { head: 'runs' },
      { head: 'findings' },
    ],
    files.map((file, i) => [
      html`<a href="#f${i + 1}">${file.file}</a>`,
      badge(file.verdict),
      file.form,
      file.kernelVersion?.split(' ')[0],
      thousands(file.size),
      passed(file.runs),
      countText(everyFinding([file])),
    ]),
  );

const failureTable = (failures: readonly FailureView[]): Markup =>
  table(
    'Files that could not be read',
    [{ head: 'file' }, { head: 'code', kind: 'code' }, { head: 'what is wrong' }],
    failures.map(({ file, code, message, field, found, expected, hint }) => [
      file,
      code,
      [
        message,
        ...[field, found && `found ${found}`, expected && `expected ${expected}`, hint]
          .filter(Boolean)
          .map((part) => `; ${part}`),
      ],
    ]),
  );

const fileSection = (id: string, file: FileView): Markup =>
  html`<details class="file" id="${id}" ${file.verdict === 'pass' ? '' : html` open=""`}>
    <summary>
      ${heading(2, baseName(file.file))} ${badge(file.verdict)} <span class="dim">${lead([file])}</span>
    </summary>
    ${fileBody(id, 3, file)}
  </details> `;

function fileBody(id: string, level: number, file: FileView): Markup {
  const firstOpen = level === 2 ? 0 : -1;
  const { runs } = file;
  return html`${fileFacts(file)}${runTable(id, runs)}
    <section>${heading(level, 'Findings')} ${findingList(toldOf(file))}</section>
    ${
      runs.length === 0
        ? NOTHING
        : html`<section>
            ${heading(level, 'Runs')}
            ${runs.map((run, i) => runSection(`${id}-r${i + 1}`, level + 1, run, i === firstOpen || run.verdict !== 'pass'))}
          </section> `
    }${auditSection(level, runs)}`;
}

/** Of all runs together: most of it is the same in each. */
function auditSection(level: number, runs: readonly RunView[]): Markup {
  const list = auditList(runs);
  return list === NOTHING ? NOTHING : html`<section>${heading(level, 'Asked of processor and PC')} ${list}</section> `;
}

const fileFacts = ({ file, form, kernelVersion, size, runs }: FileView): Markup =>
  facts([
    ['file', file],
    ['form', form],
    ['kernel', kernelVersion],
    ['size', counted(size, 'byte')],
    ['boot protocols', [...new Set(runs.map(({ protocol }) => protocol))].join(', ')],
  ]);

const runTable = (id: string, runs: readonly RunView[]): Markup =>
  table(
    'Execution',
    [
      { head: 'profile' },
      { head: 'verdict' },
      { head: 'protocol' },
      { head: 'ended' },
      { head: 'instructions', kind: 'num' },
      { head: 'bytes as they should be', kind: 'num' },
      { head: 'moved by' },
      { head: 'findings' },
    ],
    runs.map(({ profile, verdict, protocol, ended, instructions, comparedBytes, slides, findings }, i) => [
      html`<a href="#${id}-r${i + 1}">${profile}</a>`,
      badge(verdict),
      protocol,
      ended,
      thousands(instructions),
      comparedBytes === 0 ? undefined : thousands(comparedBytes),
      slides === undefined || signed(slides.physical) === 0n
        ? undefined
        : html`<code>${hexText(slides.physical)}</code>`,
      countText(findings),
    ]),
  );

/** All that differs from run to run stands here. */
const times = (files: readonly FileView[]): Markup => {
  const rows = files.flatMap(({ file, runs }) =>
    runs.map(({ profile, seconds }) => [baseName(file), profile, seconds.toFixed(2)]),
  );
  if (rows.length === 0) return NOTHING;
  return html`<footer id="times">
    <details class="fold">
      <summary>How long it took</summary>
      ${table('Seconds of the host', [{ head: 'file' }, { head: 'profile' }, { head: 'seconds', kind: 'num' }], rows, 'all that differs from run to run')}
    </details>
  </footer> `;
};
