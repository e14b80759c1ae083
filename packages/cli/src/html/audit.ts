import type { AuditView, RunView } from './document.js';
import { NOTHING, html, type Content, type Markup } from './markup.js';
import { counted, hexText, table, thousands, type Column } from './words.js';

/** Rows of one table; the JSON report has all. */
const MOST_ROWS = 60;

const PAGE = 4096;

type Row = readonly Content[];

interface Place {
  readonly rip: string | number;
  readonly text: string;
  readonly phase: string;
  readonly first: string | number;
}

const PLACE: readonly Column[] = [
  { head: 'instruction', kind: 'code' },
  { head: 'at', kind: 'code' },
  { head: 'phase' },
  { head: 'after', kind: 'num' },
];
const TIMES: Column = { head: 'times', kind: 'num' };

const place = ({ rip, text, phase, first }: Place): Row => [text, hexText(rip), phase, thousands(first)];

interface Section {
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

/** What each audit shows, in the order of the page. */
// prettier-ignore
const SECTIONS: readonly ((audit: AuditView) => Section)[] = [
  ({ privileged = [] }) => ({
    title: 'Privileged instructions',
    columns: [...PLACE, TIMES, { head: 'needs' }],
    rows: privileged.map((use) => [...place(use), thousands(use.times), use.needs === 'cpl0' ? 'CPL 0' : 'IOPL']),
  }),
  ({ segmentLoads = [] }) => ({
    title: 'Segment loads',
    columns: [{ head: 'register' }, { head: 'selector', kind: 'code' }, ...PLACE, TIMES],
    rows: segmentLoads.map((use) => [use.register, hexText(use.selector), ...place(use), thousands(use.times)]),
  }),
  ({ pageTableWrites = [] }) => ({
    title: 'Writes to page tables',
    columns: [{ head: 'page', kind: 'code' }, ...PLACE, { head: 'walked after', kind: 'num' }],
    rows: pageTableWrites.map((use) => [hexText(use.page), ...place(use), thousands(use.walked)]),
  }),
  ({ msrs = [] }) => ({
    title: 'Model-specific registers',
    columns: [{ head: 'MSR', kind: 'code' }, { head: 'name' }, { head: 'access' }, { head: 'value', kind: 'code' }, ...PLACE, TIMES],
    rows: msrs.map((use) => [
      hexText(use.index), use.name, use.access, use.value === undefined ? undefined : hexText(use.value), ...place(use), thousands(use.times),
    ]),
  }),
  ({ cpuid = [] }) => ({
    title: 'CPUID',
    columns: [{ head: 'leaf', kind: 'code' }, { head: 'subleaf', kind: 'code' }, ...PLACE, TIMES],
    rows: cpuid.map((use) => [hexText(use.leaf), use.subleaf === undefined ? undefined : hexText(use.subleaf), ...place(use), thousands(use.times)]),
  }),
  ({ ports = [] }) => ({
    title: 'Ports',
    columns: [{ head: 'port', kind: 'code' }, { head: 'device' }, { head: 'reads', kind: 'num' }, { head: 'writes', kind: 'num' }],
    rows: ports.map(({ port, device, reads, writes }) => [hexText(port), device, thousands(reads), thousands(writes)]),
  }),
  ({ lowMemory = [] }) => ({
    title: 'Reads of low memory',
    columns: [{ head: 'area' }, { head: 'address', kind: 'code' }, ...PLACE],
    rows: joinedPages(lowMemory.map((use) => ({ ...use, page: use.address }))).map((use) => [use.area, use.pages, ...place(use)]),
  }),
  ({ framebuffer = [] }) => ({
    title: 'Writes to video memory',
    columns: [{ head: 'page', kind: 'code' }, ...PLACE],
    rows: joinedPages(framebuffer).map((use) => [use.pages, ...place(use)]),
  }),
];

interface OnPage extends Place {
  readonly page: string | number;
}

/** An instruction that goes over memory page after page is told once, with all of it. */
function joinedPages<Use extends OnPage>(uses: readonly Use[]): (Use & { readonly pages: string })[] {
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

/** What stands beside the audit: calls of the BIOS, and what a monitor has done for a kernel in ring 1. */
const otherSections = ({ bios = [], ring1 }: RunView): readonly Section[] => [
  {
    title: 'Calls of the BIOS',
    columns: [{ head: 'call', kind: 'code' }, { head: 'function' }, { head: 'answer' }, TIMES],
    rows: bios.map(({ call, name, answer, count }) => [call, name, answer, thousands(count)]),
  },
  {
    title: 'Done for the kernel in ring 1',
    columns: [...PLACE, TIMES, { head: 'why' }],
    rows: (ring1?.trapped ?? []).map((use) => [...place(use), thousands(use.times), use.reason]),
  },
  {
    title: 'Not trapped in ring 1, but other than in ring 0',
    columns: [...PLACE, TIMES],
    rows: (ring1?.sensitive ?? []).map((use) => [...place(use), thousands(use.times)]),
  },
];

/** What happened that a kernel engineer may want to look at: a table each, folded, with what it counts in its heading. */
export function auditList(run: RunView): Markup {
  const { audit } = run;
  const sections = [...(audit === undefined ? [] : SECTIONS.map((section) => section(audit))), ...otherSections(run)];
  const told = sections.filter(({ rows }) => rows.length > 0);
  return told.length === 0 ? NOTHING : html`<div class="audits">${told.map(auditTable)}</div> `;
}

function auditTable({ title, columns, rows }: Section): Markup {
  const rest = rows.length - MOST_ROWS;
  const note = rest > 0 ? `${counted(rest, 'row')} more in the JSON report` : undefined;
  return html`<details class="fold">
    <summary>${title} <span class="count">${rows.length}</span></summary>
    ${table(title, columns, rows.slice(0, MOST_ROWS), note)}
  </details> `;
}
