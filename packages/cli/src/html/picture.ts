import { addressScale, type AddressScale } from '../map/scale.js';
import { sizeText } from '../print/ranges.js';
import type { RunView } from './document.js';
import { declaredExtents, strayExtents, type NamedExtent } from './extents.js';
import { NOTHING, html, type Markup } from './markup.js';
import { timeScale, type TimeScale } from './time-scale.js';
import { KINDS, touchPaths, type Frame } from './touches.js';
import { extentText, hexText, thousands } from './words.js';

const WIDTH = 1040;
const LEFT = 96;
const RIGHT = 812;
const BAND = { top: 8, height: 30 } as const;
const TOP = 92;
const BOTTOM = 14;
const SIZES = { cut: 20, least: 15, perDoubling: 9 } as const;
const LABEL_STEP = 15;

const round = (value: number): number => Math.round(value * 2) / 2;

/** The phases of a run, and below them its memory: what was declared as outlines, what was touched as areas. One axis: instructions. */
export function runPicture(id: string, run: RunView): Markup {
  if (run.phases.length === 0) return NOTHING;
  const time = timeScale(run.phases, RIGHT - LEFT);
  const declared = declaredExtents(run.ranges);
  const stray = strayExtents(run.touches ?? [], declared);
  const scale = addressScale([...declared, ...stray], [], SIZES);
  const labels = spread(declared, scale);
  const height = TOP + Math.max(scale.height, (labels.at(-1)?.y ?? 0) + 6) + BOTTOM;
  return html`<figure>
    <figcaption>Memory over time <span class="dim">${CAPTION}</span></figcaption>
    ${legend(run)}
    <div class="scroll" tabindex="0" role="region" aria-label="Memory over time">
      <svg class="run-picture" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="${id}-title ${id}-desc">
        <title id="${id}-title">Phases and memory of ${run.profile}</title>
        <desc id="${id}-desc">${describe(run)}</desc>
        ${axis(scale)} ${touched(run, scale, time)} ${declared.map((extent) => outline(extent, scale))}
        ${labels.map((label) => rangeLabel(label))} ${band(time, run, scale.height)}
      </svg>
    </div>
  </figure> `;
}

const CAPTION =
  'physical addresses upwards, instructions to the right; the axis is linear inside a phase, and memory that nobody claims is cut out';

const describe = ({ phases, ranges }: RunView): string =>
  [
    ...phases.map(({ name, from, to }) => `${name}: instructions ${thousands(from)} to ${thousands(to)}`),
    `${ranges.length} ranges, as in the table below`,
  ].join('; ');

const legend = ({ touches = [] }: RunView): Markup => {
  const kinds = KINDS.filter(({ kind }) => touches.some((touch) => touch.kind === kind));
  return html`<ul class="legend">
    <li>
      <svg viewBox="0 0 22 12" aria-hidden="true"><rect class="outline" x="1" y="1" width="20" height="10" /></svg
      >declared
    </li>
    <li>
      <svg viewBox="0 0 22 12" aria-hidden="true">
        <rect class="outline optional" x="1" y="1" width="20" height="10" /></svg
      >optional
    </li>
    ${kinds.map(
      ({ kind, word }) =>
        html`<li>
          <svg viewBox="0 0 22 12" aria-hidden="true"><rect class="touch ${kind}" width="22" height="12" /></svg>${word}
        </li>`,
    )}
    <li class="dim">paler: only a part of it yet</li>
  </ul> `;
};

// outside of the markup: the bundle is ASCII, and escapes no template of a tag
const leftOut = (bytes: bigint): string => `⋮ ${sizeText(bytes)} ⋮`;

/** Addresses, a line at each boundary, and a band where memory is left out. */
const axis = (scale: AddressScale): Markup =>
  html`${scale.cuts.map(({ start, end }) => {
    const [top, bottom] = [TOP + scale.y(end), TOP + scale.y(start)];
    return html`<rect
        class="cut"
        x="${LEFT}"
        y="${round(top)}"
        width="${RIGHT - LEFT}"
        height="${round(bottom - top)}"
      /><text class="cut-text" x="${(LEFT + RIGHT) / 2}" y="${round((top + bottom) / 2 + 4)}"
        >${leftOut(end - start)}</text
      >`;
  })}${scale.labels.map(({ address, labelY }) => {
    const [at, label] = [round(TOP + scale.y(address)), round(TOP + labelY)];
    return html`<path class="line" d="M${LEFT - 12} ${label}L${LEFT - 4} ${at}H${RIGHT}" /><text
        class="mono end"
        x="${LEFT - 16}"
        y="${label + 4}"
        >${hexText(address.toString())}</text
      >`;
  })}`;

function touched({ touches = [] }: RunView, scale: AddressScale, time: TimeScale): Markup {
  const frame: Frame = {
    right: RIGHT,
    x: (count) => Math.round(LEFT + time.x(count)),
    y: (address) => round(TOP + scale.y(address)),
  };
  return html`${touchPaths(touches, frame).map(({ kind, fade, solid }) => [
    fade === '' ? '' : html`<path class="touch ${kind} fade" d="${fade}" />`,
    html`<path class="touch ${kind}" d="${solid}" />`,
  ])}`;
}

function outline({ start, length, depth, range }: NamedExtent, scale: AddressScale): Markup {
  const inset = 1 + 3 * Math.min(depth, 5);
  const [top, bottom] = [TOP + scale.y(start + length), TOP + scale.y(start)];
  const optional = range.required ? '' : ' optional';
  return html`<rect
    class="outline${optional}"
    x="${LEFT + inset}"
    y="${round(top + 0.5)}"
    width="${RIGHT - LEFT - 2 * inset}"
    height="${round(Math.max(2, bottom - top - 1))}"
    rx="2"
    ><title>${range.purpose}, ${extentText(range)}, ${range.access}</title></rect
  >`;
}

interface Label {
  readonly extent: NamedExtent;
  /** Its place in the picture of memory, and that of the range. */
  readonly y: number;
  readonly at: number;
}

/** Names stand at the middle of their ranges, and under each other where those are close. */
function spread(declared: readonly NamedExtent[], scale: AddressScale): Label[] {
  const wanted = declared
    .map((extent) => ({ extent, at: (scale.y(extent.start) + scale.y(extent.start + extent.length)) / 2 }))
    .sort((a, b) => a.at - b.at);
  const room = Math.max(scale.height, wanted.length * LABEL_STEP);
  let below = room + LABEL_STEP;
  const upwards = wanted.toReversed().map((label) => {
    below = Math.min(label.at, below - LABEL_STEP);
    return { ...label, y: below };
  });
  let above = LABEL_STEP / -2;
  return upwards.toReversed().map((label) => {
    above = Math.max(label.y, above + LABEL_STEP);
    return { ...label, y: above };
  });
}

function rangeLabel({ extent: { range }, y, at }: Label): Markup {
  const [label, from] = [round(TOP + y), round(TOP + at)];
  return html`<path class="leader" d="M${RIGHT + 2} ${from}L${RIGHT + 14} ${label}" /><text
      x="${RIGHT + 18}"
      y="${label + 4}"
      ><tspan class="name">${range.purpose}</tspan>
      <tspan class="dim">${range.access} ${sizeText(BigInt(range.length))}</tspan></text
    >`;
}

/** The phases with their names, a line down where one begins, and marks where a line came on the serial port. */
function band({ spans, x }: TimeScale, { serialMarks = [] }: RunView, height: number): Markup {
  const { top, height: tall } = BAND;
  const foot = top + tall;
  const marks = new Map(serialMarks.map(({ count, line }) => [Math.round(LEFT + x(Number(count))), line]));
  const ends = [
    ...spans.map(({ from, x: at }) => ({ count: from, at })),
    { count: spans.at(-1)?.to ?? 0, at: RIGHT - LEFT },
  ];
  return html`${spans.map(
    (span, i) =>
      html`<g
        ><title>${span.name}: ${thousands(span.to - span.from)} instructions</title
        ><rect
          class="phase phase-${i % 4}"
          x="${round(LEFT + span.x)}"
          y="${top}"
          width="${round(span.width)}"
          height="${tall}"
        /><text class="phase-name" x="${round(LEFT + span.x + span.width / 2)}" y="${top + 19}">${span.name}</text></g
      > `,
  )}${ends.map(
    ({ count, at }, i) =>
      html`<path
          class="moment"
          d="M${round(LEFT + at)} ${top}V${foot + 6}M${round(LEFT + at)} ${foot + 22}V${round(TOP + height)}"
        /><text class="mono mid" x="${round(LEFT + at)}" y="${foot + 18}">${i === 0 ? '0' : thousands(count)}</text>`,
  )}${[...marks].map(([at, line]) => html`<path class="serial-mark" d="M${at} ${TOP - 22}v9"><title>serial: ${line}</title></path>`)}${marks.size === 0 ? '' : html`<text class="dim end" x="${LEFT - 8}" y="${TOP - 14}">serial</text>`}`;
}
