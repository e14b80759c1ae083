import type { AuditView, RunView } from './document.js';
import { NOTHING, html, type Markup } from './markup.js';
import { counted, hexText, table, thousands, type Column } from './words.js';

/** Rows of one table; the JSON report has all. */
const MOST_ROWS = 80;
/** Runs that are called by name; of more, or more that are missing, their number is told. */
const MOST_NAMES = 4;

const PAGE = 4096;

interface Place {
  readonly rip: string | number;
  readonly text: string;
  readonly phase: string;
  readonly first: string | number;
}

/** A column tells rows apart, or counts what happened: then runs in which only that differs share a row, with the least and the most. */
interface Cell<Use> extends Column {
  readonly text?: (use: Use) => string | undefined;
  readonly count?: (use: Use) => string | number;
}

interface Section {
  readonly title: string;
  readonly columns: readonly Column[];
  /** Of one run. */
  readonly rows: (run: RunView) => readonly Row[];
}

type Value = string | { least: number; most: number };
type Row = readonly Value[];

/** What a list of a run shows; absent lists have no rows. */
const section = <Use>(
  title: string,
  list: (run: RunView) => readonly Use[] | undefined,
  cells: readonly Cell<Use>[],
): Section => ({
  title,
  columns: cells.map(({ head, kind }) => ({ head, ...(kind === undefined ? {} : { kind }) })),
  rows: (run) => (list(run) ?? []).map((use) => cells.map((cell) => valueOf(cell, use))),
});

function valueOf<Use>({ text, count }: Cell<Use>, use: Use): Value {
  if (count === undefined) return text?.(use) ?? '';
  const value = Number(count(use));
  return { least: value, most: value };
}

const PLACE: readonly Cell<Place>[] = [
  { head: 'instruction', kind: 'code', text: ({ text }) => text },
  { head: 'at', kind: 'code', text: ({ rip }) => hexText(rip) },
  { head: 'phase', text: ({ phase }) => phase },
  { head: 'after', kind: 'num', count: ({ first }) => first },
];
interface Counted {
  readonly times: number;
}
const TIMES: Cell<Counted> = { head: 'times', kind: 'num', count: ({ times }) => times };

type Audited<Key extends keyof AuditView> = NonNullable<AuditView[Key]>[number];
type Trapped = NonNullable<RunView['ring1']>['trapped'][number];
interface Joined {
  readonly pages: string;
}

/** What is shown, in the order of the page. */
// prettier-ignore
const SECTIONS: readonly Section[] = [
  section<Audited<'privileged'>>('Privileged instructions', ({ audit }) => audit?.privileged, [
    ...PLACE, TIMES, { head: 'needs', text: ({ needs }) => (needs === 'cpl0' ? 'CPL 0' : 'IOPL') },
  ]),
  section<Audited<'segmentLoads'>>('Segment loads', ({ audit }) => audit?.segmentLoads, [
    { head: 'register', text: ({ register }) => register }, { head: 'selector', kind: 'code', text: ({ selector }) => hexText(selector) }, ...PLACE, TIMES,
  ]),
  section<Audited<'pageTableWrites'>>('Writes to page tables', ({ audit }) => audit?.pageTableWrites, [
    { head: 'page', kind: 'code', text: ({ page }) => hexText(page) }, ...PLACE, { head: 'walked after', kind: 'num', count: ({ walked }) => walked },
  ]),
  section<Audited<'msrs'>>('Model-specific registers', ({ audit }) => audit?.msrs, [
    { head: 'MSR', kind: 'code', text: ({ index }) => hexText(index) }, { head: 'name', text: ({ name }) => name }, { head: 'access', text: ({ access }) => access },
    { head: 'value', kind: 'code', text: ({ value }) => (value === undefined ? undefined : hexText(value)) }, ...PLACE, TIMES,
  ]),
  section<Audited<'cpuid'>>('CPUID', ({ audit }) => audit?.cpuid, [
    { head: 'leaf', kind: 'code', text: ({ leaf }) => hexText(leaf) }, { head: 'subleaf', kind: 'code', text: ({ subleaf }) => (subleaf === undefined ? undefined : hexText(subleaf)) },
    ...PLACE, TIMES,
  ]),
  section<Audited<'ports'>>('Ports', ({ audit }) => audit?.ports, [
    { head: 'port', kind: 'code', text: ({ port }) => hexText(port) }, { head: 'device', text: ({ device }) => device },
    { head: 'reads', kind: 'num', count: ({ reads }) => reads }, { head: 'writes', kind: 'num', count: ({ writes }) => writes },
  ]),
  section<Audited<'lowMemory'> & Joined>('Reads of low memory', ({ audit }) => joinedPages((audit?.lowMemory ?? []).map((use) => ({ ...use, page: use.address }))), [
    { head: 'area', text: ({ area }) => area }, { head: 'address', kind: 'code', text: ({ pages }) => pages }, ...PLACE,
  ]),
  section<Audited<'framebuffer'> & Joined>('Writes to video memory', ({ audit }) => joinedPages(audit?.framebuffer ?? []), [
    { head: 'page', kind: 'code', text: ({ pages }) => pages }, ...PLACE,
  ]),
  section<NonNullable<RunView['bios']>[number]>('Calls of the BIOS', ({ bios }) => bios, [
    { head: 'call', kind: 'code', text: ({ call }) => call }, { head: 'function', text: ({ name }) => name }, { head: 'answer', text: ({ answer }) => answer },
    { head: 'times', kind: 'num', count: ({ count }) => count },
  ]),
  section<Trapped>('Done for the kernel in ring 1', ({ ring1 }) => ring1?.trapped, [...PLACE, TIMES, { head: 'why', text: ({ reason }) => reason }]),
  section<Place & Counted>('Not trapped in ring 1, but other than in ring 0', ({ ring1 }) => ring1?.sensitive, [...PLACE, TIMES]),
];

interface OnPage extends Place {
  readonly page: string | number;
}

/** An instruction that goes over memory page after page is told once, with all of it. */
function joinedPages<Use extends OnPage>(uses: readonly Use[]): (Use & Joined)[] {
  const joined: { readonly use: Use; last: number }[] = [];
  for (const use of uses) {
    const before = joined.at(-1);
    if (before?.use.rip === use.rip && Number(use.page) === before.last + PAGE) before.last += PAGE;
    else joined.push({ use, last: Number(use.page) });
  }
  return joined.map(({ use, last }) => ({ ...use, pages: pagesText(Number(use.page), last) }));
}

const pagesText = (first: number, last: number): string =>
  first === last ? hexText(first) : `${hexText(first)}-${hexText(last + PAGE - 1)}`;

/** What happened that a kernel engineer may want to look at: a table each, folded, with what it counts in its heading. */
export function auditList(runs: readonly RunView[]): Markup {
  const told = SECTIONS.map((one) => ({ ...one, shared: sharedRows(one, runs) })).filter(
    ({ shared }) => shared.length > 0,
  );
  return told.length === 0
    ? NOTHING
    : html`<div class="audits">
        ${told.map(({ title, columns, shared }) => auditTable(title, columns, shared, runs))}
      </div> `;
}

interface SharedRow {
  readonly row: Row;
  readonly by: string[];
}

/** What is the same in several runs but for its counts is one row; in the order in which they come first. */
function sharedRows({ rows }: Section, runs: readonly RunView[]): readonly SharedRow[] {
  const all = new Map<string, SharedRow>();
  for (const run of runs)
    for (const row of rows(run)) {
      const key = JSON.stringify(row.filter((value) => typeof value === 'string'));
      const known = all.get(key);
      if (known === undefined) all.set(key, { row, by: [run.profile] });
      else addTo(known, row, run.profile);
    }
  return [...all.values()];
}

function addTo({ row, by }: SharedRow, other: Row, profile: string): void {
  row.forEach((value, i) => {
    const more = other[i];
    if (typeof value === 'string' || more === undefined || typeof more === 'string') return;
    value.least = Math.min(value.least, more.least);
    value.most = Math.max(value.most, more.most);
  });
  if (by.at(-1) !== profile) by.push(profile);
}

const valueText = (value: Value): string =>
  typeof value === 'string'
    ? value
    : value.least === value.most
      ? thousands(value.least)
      : `${thousands(value.least)}-${thousands(value.most)}`;

function auditTable(
  title: string,
  columns: readonly Column[],
  shared: readonly SharedRow[],
  runs: readonly RunView[],
): Markup {
  const rest = shared.length - MOST_ROWS;
  const note = rest > 0 ? `${counted(rest, 'row')} more in the JSON report` : undefined;
  const isOne = runs.length === 1;
  const rows = shared
    .slice(0, MOST_ROWS)
    .map(({ row, by }) => [...row.map(valueText), ...(isOne ? [] : [namesText(by, runs)])]);
  return html`<details class="fold">
    <summary>${title} <span class="count">${shared.length}</span></summary>
    ${table(title, isOne ? columns : [...columns, { head: 'by' }], rows, note)}
  </details> `;
}

/** Of which runs it is told. */
function namesText(by: readonly string[], runs: readonly RunView[]): string {
  const others = runs.map(({ profile }) => profile).filter((profile) => !by.includes(profile));
  if (others.length === 0) return 'all';
  if (by.length <= MOST_NAMES) return by.join(', ');
  if (others.length <= MOST_NAMES) return `all but ${others.join(', ')}`;
  return `${by.length} of ${runs.length}`;
}
