/** The page of `verify --html`: judged by a parser of XML. How it looks is judged by a browser (test-loaders/html.test.ts). */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testImage, withTempFolder } from '@bzelf/testkit';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import type { ReportDocument, RunView } from '../../src/html/document';
import { html } from '../../src/html/markup';
import { htmlReport } from '../../src/html/page';
import { timeScale } from '../../src/html/time-scale';
import { touchPaths } from '../../src/html/touches';
import { bzelf } from '../tool';
import { FILE, HOSTILE, REPORT, RUN } from './sample';

const LATER = ['touches', 'serialMarks', 'audit', 'screen'];
const OLD_RUN = Object.fromEntries(Object.entries(RUN).filter(([name]) => !LATER.includes(name))) as unknown as RunView;
const isNotLoaded = { ...OLD_RUN, reached: 'nothing', phases: [], ranges: [], serial: '' } as const;

// prettier-ignore
const REPORTS: readonly { what: string; report: ReportDocument }[] = [
  { what: 'one file',                        report: REPORT },
  { what: 'two files',                       report: { ...REPORT, files: [FILE, { ...FILE, verdict: 'pass' }] } },
  { what: 'no file that could be read',      report: { ...REPORT, files: [], failures: [{ file: HOSTILE, code: 'io/ENOENT', message: HOSTILE }] } },
  { what: 'a file that nothing could enter', report: { ...REPORT, files: [{ ...FILE, runs: [] }] } },
  { what: 'a run that was not loaded',       report: { ...REPORT, files: [{ ...FILE, runs: [isNotLoaded] }] } },
  { what: 'a report without later fields',   report: { ...REPORT, files: [{ ...FILE, runs: [OLD_RUN] }] } },
];

test.each(REPORTS)('$what: the page is well-formed, needs nothing else, and runs nothing', ({ report }) => {
  const page = htmlReport(report);
  expect(XMLValidator.validate(page)).toBe(true);
  expect(page).not.toMatch(/<script|javascript:|\son\w+=|src=|<link|url\(|@import|https?:|NaN|undefined|\[object/);
  const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const [, target] of page.matchAll(/href="#([^"]*)"/g)) expect(ids).toContain(target);
  expect(htmlReport(report)).toBe(page);
});

test('what comes from a file or a kernel stays text, control sequences and turned directions left out', () => {
  expect(html`<p title="${HOSTILE}">${HOSTILE}</p>`.text).toBe(
    ['title="', '>']
      .map(
        (before) => `${before}&lt;/pre&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;amp;&#39;\ufffd\ufffd`,
      )
      .map((text, i) => (i === 0 ? `<p ${text}"` : `${text}</p>`))
      .join(''),
  );
  const forged = { text: '<script>' } as unknown as string;
  expect(html`${forged}`.text).toBe('[object Object]');
});

test('seconds stand in one place: without it, two runs of the same file give the same page', () => {
  const slower = { ...REPORT, files: [{ ...FILE, runs: FILE.runs.map((run) => ({ ...run, seconds: 99 })) }] };
  const withoutTimes = (page: string) => page.replace(/<footer id="times">[^]*<\/footer>/, '');
  expect(htmlReport(slower)).not.toBe(htmlReport(REPORT));
  expect(withoutTimes(htmlReport(slower))).toBe(withoutTimes(htmlReport(REPORT)));
});

const PAGE = htmlReport(REPORT);
const plainText = (markup: string): string => markup.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');

// prettier-ignore
test.each([
  { what: 'verdicts at a glance',             text: '0 of 2 runs passed, 1 error' },
  { what: 'what several profiles have found', text: 'by linux64, pvh' },
  { what: 'disassembly',                      text: 'read by mov eax,[rbx] at 0x1000300' },
  { what: 'remedies',                         text: 'Remedy: declare the range ( bzelf wrap --map )' },
  { what: 'where the kernel was moved to',    text: '0x3000000 physical, 0x0 virtual' },
  { what: 'a phase',                          text: 'decompression 100 999,900 4 5 6' },
  { what: 'a range that could be tighter',    text: '0x1000000-0x101ffff 32 pages less' },
  { what: 'a range that was not touched',     text: '0 of 256 not touched' },
  { what: 'a port',                           text: '0x3f8 serial port 7 1,234' },
  { what: 'an MSR',                           text: '0xc0000080 IA32_EFER write 0x100 mov cr3,eax 0x1000200 stub 12 2' },
  { what: 'pages that one loop reads',        text: 'BIOS 0xe0000-0xe2fff mov cr3,eax' },
  { what: 'a call of the BIOS',               text: 'int 15h, ax=e820 memory map answered 7' },
  { what: 'what a monitor has done',          text: 'Done for the kernel in ring 1 1' },
  { what: 'when a line was printed',          text: '4,321 first' },
  { what: 'the text screen',                  text: 'as it was left memtest' },
])('the page shows $what', ({ text }) => expect(plainText(PAGE)).toContain(text));

test('a picture has its title, every range as an outline, touched memory outside of ranges, too', () => {
  const [picture = ''] = /<svg class="run-picture"[^]*?<\/svg>/.exec(PAGE) ?? [];
  const { svg } = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '@' }).parse(picture) as {
    svg: { title: { '#text': string }; '@role': string };
  };
  expect([svg['@role'], svg.title['#text']]).toEqual(['img', 'Phases and memory of linux64']);
  expect(picture.match(/<rect\s+class="outline/g)).toHaveLength(RUN.ranges.length);
  expect(picture).toContain('0x5000000');
  expect(picture.match(/class="touch /g)).toHaveLength(4);
});

test('the axis is linear in a phase, has no gaps, and leaves room for the names of short phases', () => {
  const { spans, x } = timeScale(RUN.phases, 500);
  expect(spans.map(({ width }) => width).reduce((a, b) => a + b)).toBeCloseTo(500);
  expect(spans[0]?.width).toBeGreaterThan(90);
  expect([x(0), x(50), x(1_000_000), x(2_000_000)]).toEqual([0, (spans[0]?.width ?? 0) / 2, 500, 500]);
  expect(timeScale([], 500).x(1)).toBe(0);
});

test('paths stay short, however many pages are told one by one', () => {
  const touches = Array.from({ length: 4000 }, (_row, i) => ({
    start: 0x1000000 + i * 4096,
    length: 4096,
    kind: 'write' as const,
    phase: 'decompression' as const,
    first: i,
    last: i,
    pages: 1,
  }));
  const frame = {
    right: 700,
    x: (count: number) => Math.round(count / 6),
    y: (a: bigint) => 400 - Number(a >> 12n) / 20,
  };
  const [path] = touchPaths(touches, frame);
  expect(path?.solid.match(/M/g)).toHaveLength(1);
  expect(path?.solid.length).toBeLessThan(5000);
});

test('what several runs ask of processor and PC is told once, with the least and the most, and by whom', () => {
  const port = { port: 0x3f8, device: 'serial port', reads: 9, writes: 1234 };
  const second = {
    ...RUN,
    profile: 'pvh',
    audit: { ...RUN.audit, ports: [port, { port: 0x80, reads: 0, writes: 1 }] },
  };
  const page = plainText(htmlReport({ ...REPORT, files: [{ ...FILE, runs: [RUN, second] }] } as ReportDocument));
  expect(page).toContain('Ports 2 Ports port device reads writes by 0x3f8 serial port 7-9 1,234 all 0x80 0 1 pvh');
  const all = ['a', 'b', 'c', 'd', 'e', 'f'].map((profile) => ({ ...RUN, profile }));
  const most = plainText(htmlReport({ ...REPORT, files: [{ ...FILE, runs: [...all, { ...OLD_RUN, profile: 'g' }] }] }));
  expect(most).toContain('0x3f8 serial port 7 1,234 all but g');
  const one = htmlReport({ ...REPORT, files: [{ ...FILE, runs: [RUN] }] });
  expect(plainText(one)).toContain('Ports 1 Ports port device reads writes 0x3f8');
});

test('a run more costs little', () => {
  const size = (count: number) => {
    const runs = Array.from({ length: count }, (_, i) => ({ ...RUN, profile: `p${i}` }));
    return htmlReport({ ...REPORT, files: [{ ...FILE, runs }] }).length;
  };
  expect(size(21) - size(20)).toBeLessThan(8000);
});

const AT_ONCE = { kind: 'write', phase: 'decompression', pages: 1 } as const;
const FRAME = { right: 100, x: (count: number) => count, y: (address: bigint) => 50 - Number(address >> 12n) };

// prettier-ignore
test.each([
  { what: 'two pages at one time',                touches: [[0x1000, 5, 5], [0x2000, 5, 5]], solid: 'M5 47v2h95v-2z', fade: '' },
  { what: 'a page, and the one above it later',   touches: [[0x1000, 5, 5], [0x2000, 9, 9]], solid: 'M9 47v1h-4v1h95v-2z', fade: '' },
  { what: 'pages with one between them',          touches: [[0x1000, 5, 5], [0x3000, 5, 5]], solid: 'M5 46v1h95v-1zM5 48v1h95v-1z', fade: '' },
  { what: 'a page that is touched again',         touches: [[0x1000, 9, 9], [0x1000, 5, 5]], solid: 'M5 48v1h95v-1z', fade: '' },
  { what: 'a stretch that is touched by and by',  touches: [[0x1000, 5, 20]],                solid: 'M20 48v1h80v-1z', fade: 'M5 48v1h15v-1z' },
  { what: 'one that is never touched wholly',     touches: [[0x1000, 5, 500]],               solid: 'M99 48v1h1v-1z', fade: 'M5 48v1h94v-1z' },
])('the outline of $what', ({ touches, solid, fade }) => {
  const list = touches.map(([start = 0, first = 0, last = 0]) => ({ ...AT_ONCE, start, length: 0x1000, first, last }));
  expect(touchPaths(list, FRAME)).toEqual([{ kind: 'write', solid, fade }]);
});

test('verify writes the page beside its other reports, and report merge makes the same of their JSON', () =>
  withTempFolder((folder) => {
    bzelf(['wrap', testImage('61-64-gzip.bzImage'), '-o', 'good.elf', '--form', 'vmlinux'], { cwd: folder });
    const read = (name: string) => readFileSync(join(folder, name), 'utf8');
    const done = bzelf(['verify', 'good.elf', '--profile', 'pvh', '--json', '--html', 'page.html'], { cwd: folder });
    expect([done.exit, done.err]).toEqual([0, '']);
    writeFileSync(join(folder, 'report.json'), done.out);
    const merged = bzelf(['report', 'merge', 'report.json', '--html', 'merged.html'], { cwd: folder });
    expect([merged.exit, merged.err]).toEqual([0, '']);
    const page = read('page.html');
    expect(page).toBe(htmlReport(JSON.parse(done.out) as ReportDocument));
    expect(read('merged.html')).toBe(page);
    expect(page.length).toBeLessThan(100_000);
    expect(plainText(page)).toContain('good.elf good 1 of 1 run passed, no errors, no warnings');
  }));
