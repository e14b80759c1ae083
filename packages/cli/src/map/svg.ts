import { hex } from '@bzelf/bytes';
import { printable } from '../print/printable.js';
import { rangeText, sizeText } from '../print/ranges.js';
import type { Lane, MemoryPicture, Region } from './regions.js';
import { addressScale, type AddressScale } from './scale.js';
import { LANE_WORDS } from './text.js';

const LANES: readonly Lane[] = ['loaded', 'needed', 'mapped'];
const LANE_WIDTH = 236;
const LANE_GAP = 14;
const LEFT = 128;
const ENTRIES_WIDTH = 220;
const TOP = 108;
const BOTTOM = 48;
const SUB_GAP = 4;

/** A picture of the map: higher addresses above, a lane for each kind of claim, empty memory cut out. No scripts. */
export function mapSvg(file: string, picture: MemoryPicture): string {
  const lanes = LANES.filter((lane) => picture.regions.some((region) => region.lane === lane));
  const points = picture.entries.map(({ address }) => address);
  const scale = addressScale(picture.regions, points);
  const right = LEFT + lanes.length * (LANE_WIDTH + LANE_GAP);
  const width = right + ENTRIES_WIDTH;
  const footer = footerLines(picture);
  const height = TOP + scale.height + BOTTOM + footer.length * 18;
  const y = (address: bigint) => TOP + scale.y(address);
  const body = [
    `<title>Physical memory map of ${escape(file)}</title>`,
    STYLE,
    `<rect class="page" width="${width}" height="${height}" rx="10"/>`,
    text(24, 38, escape(file.split('/').at(-1) ?? file), 'title'),
    text(24, 60, 'physical memory, higher addresses above; empty memory is cut out', 'sub'),
    ...lanes.map((lane, i) => text(laneX(i), TOP - 18, LANE_WORDS[lane], `head ${lane}`)),
    picture.entries.length === 0 ? '' : text(right + 10, TOP - 18, 'entries', 'head entry'),
    ...axis(scale, y, right),
    ...lanes.flatMap((lane, i) =>
      laneBoxes(
        picture.regions.filter((region) => region.lane === lane),
        laneX(i),
        y,
      ),
    ),
    ...entryMarks(picture, y, right),
    ...footer.map((line, i) => text(24, TOP + scale.height + BOTTOM + i * 18, line, 'sub')),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">\n${body.filter(Boolean).join('\n')}\n</svg>\n`;
}

const laneX = (index: number): number => LEFT + index * (LANE_WIDTH + LANE_GAP);

/** The colours of a light page, and those of a dark one. */
const STYLE = `<style>
  svg { color-scheme: light dark; font-family: ui-sans-serif, system-ui, "Segoe UI", "DejaVu Sans", sans-serif; font-size: 12px; }
  .page { fill: #ffffff; } text { fill: #1f2430; }
  .title { font-size: 19px; font-weight: 600; } .sub { fill: #667085; font-size: 12px; }
  .head { font-weight: 600; font-size: 13px; } .address, .small { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, monospace; font-size: 11px; }
  .address { fill: #667085; } .small { fill: #475467; }
  .line { stroke: #e4e7ec; stroke-width: 1; } .cut { fill: #f2f4f7; } .cutmark { fill: #98a2b3; font-size: 11px; }
  .box { stroke-width: 1.2; } .name { font-weight: 600; }
  rect.loaded { fill: #dbeafe; stroke: #3b82f6; } text.loaded { fill: #1d4ed8; }
  rect.needed { fill: #ffedd5; stroke: #f97316; } text.needed { fill: #c2410c; }
  rect.mapped { fill: #dcfce7; stroke: #22c55e; } text.mapped { fill: #15803d; }
  .entry { fill: #7c3aed; } .arrow { stroke: #7c3aed; stroke-width: 1.4; fill: none; }
  .optional { stroke-dasharray: 5 3; }
  @media (prefers-color-scheme: dark) {
    .page { fill: #11151c; } text { fill: #e6e9ef; } .sub, .address { fill: #98a2b3; } .small { fill: #b6bfcc; }
    .line { stroke: #262d38; } .cut { fill: #181d26; } .cutmark { fill: #667085; }
    rect.loaded { fill: #16294a; stroke: #60a5fa; } text.loaded { fill: #93c5fd; }
    rect.needed { fill: #3b2413; stroke: #fb923c; } text.needed { fill: #fdba74; }
    rect.mapped { fill: #123122; stroke: #4ade80; } text.mapped { fill: #86efac; }
    .entry { fill: #c4b5fd; } .arrow { stroke: #a78bfa; }
  }
</style>`;

const escape = (value: string): string =>
  printable(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const text = (x: number, y: number, content: string, kind: string, anchor = 'start'): string =>
  `<text x="${round(x)}" y="${round(y)}" class="${kind}"${anchor === 'start' ? '' : ` text-anchor="${anchor}"`}>${content}</text>`;

const round = (value: number): number => Math.round(value * 10) / 10;

/** A line and an address at every boundary, and a band where memory is left out. */
function axis(scale: AddressScale, y: (address: bigint) => number, right: number): string[] {
  const cuts = scale.cuts.flatMap(({ start, end }) => {
    const [top, bottom] = [y(end), y(start)];
    const label = text((LEFT + right) / 2, (top + bottom) / 2 + 4, `⋮ ${sizeText(end - start)} ⋮`, 'cutmark', 'middle');
    return [
      `<rect class="cut" x="${LEFT - 8}" y="${round(top)}" width="${right - LEFT}" height="${round(bottom - top)}"/>`,
      label,
    ];
  });
  const marks = scale.labels.flatMap(({ address, labelY }) => {
    const at = round(y(address));
    const line = `<path class="line" fill="none" d="M${LEFT - 16} ${round(TOP + labelY)} L${LEFT - 8} ${at} H${right}"/>`;
    return [line, text(LEFT - 20, TOP + labelY + 4, hex(address), 'address', 'end')];
  });
  return [...cuts, ...marks];
}

/** Regions of a lane that overlap stand beside each other. */
function laneBoxes(regions: readonly Region[], x: number, y: (address: bigint) => number): string[] {
  const columns: Region[][] = [];
  const placed = regions.map((region) => {
    const free = columns.findIndex((column) => column.every((other) => !overlap(other, region)));
    const index = free === -1 ? columns.push([]) - 1 : free;
    columns[index]?.push(region);
    return { region, index };
  });
  const width = (LANE_WIDTH - SUB_GAP * (columns.length - 1)) / Math.max(1, columns.length);
  return placed.flatMap(({ region, index }) => box(region, x + index * (width + SUB_GAP), width, y));
}

const overlap = (a: Region, b: Region): boolean => a.start < b.start + b.length && b.start < a.start + a.length;

const CHARACTER = 6.9;
const fitting = (value: string, width: number): string => {
  const most = Math.max(3, Math.floor((width - 14) / CHARACTER));
  return value.length <= most ? value : `${value.slice(0, most - 1)}…`;
};

function box(region: Region, x: number, width: number, y: (address: bigint) => number): string[] {
  const { lane, start, length, what, access, remark } = region;
  const [top, bottom] = [y(start + length), y(start)];
  const height = bottom - top;
  const optional = remark.includes('optional') ? ' optional' : '';
  const tip = [what, rangeText(start, length), sizeText(length), access, remark].filter(Boolean).join(', ');
  const lines = [
    { kind: `name ${lane}`, value: fitting(what, width) },
    { kind: 'small', value: fitting([sizeText(length), access].filter(Boolean).join('  '), width) },
    { kind: 'small', value: fitting(remark, width) },
  ].filter(({ value }) => value !== '');
  const shown = lines.slice(0, Math.max(1, Math.floor((height - 4) / 16)));
  return [
    `<g><title>${escape(tip)}</title>`,
    `<rect class="box ${lane}${optional}" x="${round(x)}" y="${round(top + 0.6)}" width="${round(width)}" height="${round(height - 1.2)}" rx="4"/>`,
    ...shown.map(({ kind, value }, i) => text(x + 8, top + 15 + i * 16, escape(value), kind)),
    '</g>',
  ];
}

const ENTRY_STEP = 17;
/** From the top of a label's row to the foot of its letters. */
const BASELINE = 12;

const topOf = (fan: readonly { at: number }[]): number =>
  Math.max(TOP - BASELINE, fan.reduce((sum, { at }) => sum + at, 0) / fan.length - (fan.length * ENTRY_STEP) / 2);
const bottomOf = (fan: readonly { at: number }[]): number => topOf(fan) + fan.length * ENTRY_STEP;

/** Entries at the same or near addresses fan out evenly around where they lead, each with its arrow. */
function entryMarks({ entries }: MemoryPicture, y: (address: bigint) => number, right: number): string[] {
  const sorted = [...entries].sort((a, b) => (a.address > b.address ? -1 : a.address < b.address ? 1 : 0));
  const fans: { at: number; entry: (typeof sorted)[number] }[][] = [];
  for (const entry of sorted) {
    let fan = [{ at: y(entry.address), entry }];
    for (let above = fans.at(-1); above !== undefined && bottomOf(above) > topOf(fan); above = fans.at(-1)) {
      fans.pop();
      fan = [...above, ...fan];
    }
    fans.push(fan);
  }
  const marks = fans.flatMap((fan) =>
    fan.map(({ at, entry }, i) => ({ entry, at, label: topOf(fan) + i * ENTRY_STEP + BASELINE })),
  );
  return marks.flatMap(({ entry, at, label }) => [
    `<path class="arrow" d="M${right + 26} ${round(label - 4)} H${right + 14} L${right - 6} ${round(at)}"/>`,
    `<circle class="entry" cx="${right - 6}" cy="${round(at)}" r="3.2"/>`,
    text(right + 30, label, `${entry.protocol} <tspan class="small">${hex(entry.address)}</tspan>`, 'entry'),
  ]);
}

function footerLines({ placedByLoader }: MemoryPicture): string[] {
  if (placedByLoader.length === 0) return [];
  const parts = placedByLoader.map(
    ({ purpose, length, required }) => `${purpose} (${sizeText(length)}${required ? '' : ', optional'})`,
  );
  return [escape(`placed by the loader: ${parts.join(', ')}`)];
}
