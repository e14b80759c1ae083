import { sizeText } from '../print/ranges.js';
import type { RangeView, RunView } from './document.js';
import { countText, findingLines } from './findings.js';
import { html, type Content, type Markup } from './markup.js';
import { screenBox, serialBox } from './output.js';
import { runPicture } from './picture.js';
import { badge, code, counted, extentText, facts, hexText, signed, table, thousands } from './words.js';

/** Where the mapped ranges are from. */
const EVIDENCE: Readonly<Record<NonNullable<RunView['evidence']>, string>> = {
  declared: 'what the file declares, and nothing else',
  plan: 'what was loaded; the file declares nothing',
  all: 'all memory',
};

/** Everything about one run, folded unless it is wanted open. */
export const runSection = (id: string, level: number, run: RunView, open: boolean): Markup =>
  html`<details class="run" id="${id}" ${open ? html` open=""` : ''}>
    <summary>
      ${heading(level, run.profile)} ${badge(run.verdict)}
      <span class="dim"
        >${run.ended},
        ${counted(run.instructions, 'instruction')}${countText(run.findings) === '' ? '' : `; ${countText(run.findings)}`}</span
      >
    </summary>
    ${runFacts(run)}${findingLines(run.findings)}${runPicture(id, run)}
    <div class="columns">${phaseTable(run)}${rangeTable(run)}</div>
    ${screenBox(run)}${serialBox(run)}
  </details> `;

export const heading = (level: number, content: Content): Markup =>
  level === 2 ? html`<h2>${content}</h2>` : level === 3 ? html`<h3>${content}</h3>` : html`<h4>${content}</h4>`;

const runFacts = ({ protocol, evidence, entry, slides, comparedBytes, cmdline }: RunView): Markup =>
  facts([
    ['boot protocol', protocol],
    ['mapped', evidence === undefined ? undefined : EVIDENCE[evidence]],
    ['kernel entered at', entry === undefined ? undefined : code(hexText(entry))],
    ['moved by', slides === undefined ? undefined : slideText(slides)],
    ['kernel in memory', comparedBytes === 0 ? undefined : `${counted(comparedBytes, 'byte')} as they should be`],
    ['command line', cmdline === undefined ? undefined : code(cmdline)],
  ]);

const slideText = ({ physical, virtual }: NonNullable<RunView['slides']>): Content => {
  const [near, far] = [signed(physical), signed(virtual)];
  if (near === 0n && far === 0n) return 'not moved';
  return html`<code>${hexText(physical)}</code> physical, <code>${hexText(virtual)}</code> virtual`;
};

const phaseTable = ({ phases }: RunView): Markup =>
  table(
    'Phases',
    [
      { head: 'phase' },
      { head: 'begins after', kind: 'num' },
      { head: 'instructions', kind: 'num' },
      { head: 'pages executed', kind: 'num' },
      { head: 'read', kind: 'num' },
      { head: 'written', kind: 'num' },
    ],
    phases.map(({ name, from, to, fetched, read, written }) => [
      name,
      thousands(from),
      thousands(Number(to) - Number(from)),
      thousands(fetched),
      thousands(read),
      thousands(written),
    ]),
    'pages that are touched for the first time in that way',
  );

const rangeTable = ({ ranges }: RunView): Markup =>
  table(
    'Ranges',
    [
      { head: 'purpose' },
      { head: 'declared', kind: 'code' },
      { head: 'size', kind: 'num' },
      { head: 'access', kind: 'code' },
      { head: '' },
      { head: 'pages touched', kind: 'num' },
      { head: '' },
      { head: 'tighter' },
    ],
    ranges.map((range) => [
      range.purpose,
      extentText(range),
      sizeText(BigInt(range.length)),
      range.access,
      range.required ? 'required' : 'optional',
      `${thousands(range.touchedPages)} of ${thousands(range.pages)}`,
      meter(range.touchedPages, range.pages),
      tighterText(range),
    ]),
    'before the kernel runs',
  );

const meter = (part: number, whole: number): Markup => {
  const width = whole === 0 ? 0 : part === 0 ? 0 : Math.max(1, Math.round((40 * part) / whole));
  return html`<svg class="meter" viewBox="0 0 40 8" aria-hidden="true">
    <rect class="track" width="40" height="8" rx="2" />
    <rect class="value" width="${width}" height="8" rx="2" />
  </svg>`;
};

/** From the first to the last page that was touched, when that is less than declared. */
function tighterText({ touched, start, length, pages, touchedPages }: RangeView): Content {
  if (touched === undefined) return 'not touched';
  if (BigInt(touched.start) === BigInt(start) && BigInt(touched.length) === BigInt(length))
    return touchedPages === pages ? 'exact' : 'from end to end';
  const saved = pages - Number((BigInt(touched.length) + 4095n) / 4096n);
  return html`<code>${extentText(touched)}</code>
    <span class="dim">${saved > 0 ? `${counted(saved, 'page')} less` : ''}</span>`;
}
