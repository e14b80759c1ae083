import { hex } from '@bzelf/bytes';
import type { Audit, CodePlace, LowMemoryRead, ProfileReport } from '@bzelf/verifier';
import { count } from '../print/note-value.js';
import type { Paint } from '../print/paint.js';
import { table } from '../print/table.js';

/**
 * What a kernel asked of processor and PC before it ran itself, a line for each kind, in the first run from declared memory or else the first;
 * details are in the JSON and HTML reports.
 */
export function auditText(runs: readonly ProfileReport[], paint: Paint): string[] {
  const run = runs.find(({ evidence }) => evidence === 'declared') ?? runs[0];
  if (run?.audit === undefined) return [];
  const { audit, screen = [], profile } = run;
  const rows = LINES.map(([name, line]) => [name, line(audit)]).filter(([, text]) => text !== '');
  if (rows.length === 0) return [];
  const last = screen.findLastIndex((line) => line !== '');
  const picture = screen.slice(0, last + 1).map((line) => `  | ${line}\n`);
  return [
    `\n${paint.dim(`asked of processor and PC before the kernel runs, by ${profile}:`)}\n`,
    table(rows, { indent: 2 }),
    ...(picture.length === 0 ? [] : [`\n${paint.dim('the text screen:')}\n`, ...picture]),
  ];
}

/** A list that is longer is told by its ends. */
const MOST_ADDRESSES = 4;

const before = <T extends CodePlace>(rows: readonly T[]): T[] => rows.filter(({ phase }) => phase !== 'after jump');
const unique = (texts: readonly string[]): string[] => [...new Set(texts)];

/** `mov cr3,rsi` and `mov rax,cr3` are both of cr3. */
const mnemonic = (text: string): string => /\b[cd]r\d/.exec(text)?.[0] ?? text.split(' ')[0] ?? '';

// prettier-ignore
const LINES: readonly (readonly [name: string, line: (audit: Audit) => string])[] = [
  ['privileged',  ({ privileged }) => placesText(privileged, unique(before(privileged).map(({ text }) => mnemonic(text))))],
  ['segments',    ({ segmentLoads }) => unique(before(segmentLoads).map(({ register, selector }) => `${register}=${hex(selector)}`)).join(' ')],
  ['cpuid',       ({ cpuid }) => unique(before(cpuid).map(({ leaf, subleaf }) => hex(leaf) + (subleaf ? `.${subleaf}` : ''))).join(' ')],
  ['msrs',        ({ msrs }) => unique(before(msrs).map(({ index, name }) => name ?? hex(index))).join(' ')],
  ['page tables', ({ pageTableWrites }) => pageTableWrites.length === 0 ? '' : `${count(before(pageTableWrites).length, 'page')} written`],
  ['low memory',  ({ lowMemory }) => lowMemoryText(before(lowMemory))],
  ['framebuffer', ({ framebuffer }) => unique(before(framebuffer).map(({ page }) => hex(page))).join(' ')],
];

/** Of page 0 the reads are known to the byte; where there are many, the lowest and the highest. */
function lowMemoryText(reads: readonly LowMemoryRead[]): string {
  const areas = unique(reads.map(({ area }) => area)).map((area) => {
    const of = reads.filter((read) => read.area === area).map(({ address }) => address);
    const [least, most] = [of.reduce((a, b) => (b < a ? b : a)), of.reduce((a, b) => (b > a ? b : a))];
    if (area !== 'IVT' && area !== 'BDA') return area;
    return of.length > MOST_ADDRESSES
      ? `${area} ${hex(least)}-${hex(most)} in ${of.length} places`
      : `${area} ${unique(of.map((address) => hex(address))).join(' ')}`;
  });
  return areas.join(', ');
}

const placesText = (rows: readonly CodePlace[], names: readonly string[]): string =>
  names.length === 0 ? '' : `${count(before(rows).length, 'place')}: ${names.join(' ')}`;
