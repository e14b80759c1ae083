import type { FileView, FindingView } from './document.js';
import { NOTHING, html, type Content, type Markup } from './markup.js';
import { code, counted, facts, hexText, withCode } from './words.js';

export interface Told {
  readonly finding: FindingView;
  /** Where it was found: a part of the file, or profiles. */
  readonly by: string[];
}

const RANK: Readonly<Record<FindingView['severity'], number>> = { error: 0, warning: 1, note: 2 };

/** Every finding of a file, the worst first; what several profiles have found in the same words is told once. */
export function toldOf({ structure, payload, runs }: FileView): Told[] {
  const sources = [
    { by: 'structure', findings: structure },
    { by: 'payload', findings: payload },
    ...runs.map(({ profile, findings }) => ({ by: profile, findings })),
  ];
  const all = new Map<string, Told>();
  for (const { by, findings } of sources)
    for (const finding of findings) {
      const key = JSON.stringify([finding.code, finding.offset, finding.field, finding.found, finding.expected]);
      const known = all.get(key);
      if (known === undefined) all.set(key, { finding, by: [by] });
      else if (!known.by.includes(by)) known.by.push(by);
    }
  return [...all.values()].sort((a, b) => RANK[a.finding.severity] - RANK[b.finding.severity]);
}

export const countText = (findings: readonly FindingView[]): string => {
  const of = (wanted: FindingView['severity']) => findings.filter(({ severity }) => severity === wanted).length;
  const parts = (['error', 'warning', 'note'] as const)
    .map((severity) => [of(severity), severity] as const)
    .filter(([n]) => n > 0);
  return parts.map(([n, what]) => counted(n, what)).join(', ');
};

/** Errors and warnings in full, notes folded. */
export function findingList(told: readonly Told[]): Markup {
  if (told.length === 0) return html`<p class="dim">Nothing was found wrong.</p> `;
  const isNote = ({ finding }: Told): boolean => finding.severity === 'note';
  const notes = told.filter(isNote);
  const rest = told.filter((one) => !isNote(one));
  const folded =
    notes.length === 0
      ? NOTHING
      : html`<details class="fold">
          <summary>${counted(notes.length, 'note')}: worth knowing, nothing to do</summary>
          ${notes.map(findingBox)}
        </details> `;
  return html`${rest.map(findingBox)}${folded}`;
}

const findingBox = ({ finding, by }: Told): Markup => {
  const { severity, code: name, title, offset, field, found, expected, explanation, remedy } = finding;
  return html`<article class="finding ${severity}">
    <p class="finding-title">
      <span class="severity">${severity}</span> <strong>${withCode(title)}</strong> ${code(name)}
    </p>
    ${facts([
      ['where', field === undefined ? undefined : withCode(field)],
      ['file offset', offset === undefined ? undefined : code(hexText(offset))],
      ['found', found === undefined ? undefined : withCode(found)],
      ['expected', expected === undefined ? undefined : withCode(expected)],
      ['by', by.join(', ')],
    ])}
    <p>
      ${withCode(explanation)} <span class="remedy"><b>Remedy:</b> ${withCode(remedy)}.</span>
    </p>
  </article> `;
};

/** The findings of one run in a line each; their full words stand above. */
export const findingLines = (findings: readonly FindingView[]): Markup =>
  findings.length === 0
    ? NOTHING
    : html`<ul class="lines">
        ${findings.map(
          ({ severity, code: name, field, found }) =>
            html`<li class="${severity}">
              <span class="severity">${severity}</span> ${code(name)} ${details([field, found])}
            </li> `,
        )}
      </ul> `;

const details = (parts: readonly (string | undefined)[]): Content =>
  parts.filter((part) => part !== undefined).map((part, i) => [i === 0 ? '' : ', ', withCode(part)]);
