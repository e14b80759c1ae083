import type { RunView } from './document.js';
import { NOTHING, html, type Content, type Markup } from './markup.js';
import { counted, thousands } from './words.js';

/** Characters of serial text; the JSON report has all. */
const MOST_TEXT = 16_000;

/** The text screen at 0xb8000 as it was left. */
export const screenBox = ({ screen }: RunView): Markup =>
  screen === undefined
    ? NOTHING
    : html`<figure class="screen">
        <figcaption>Text screen <span class="dim">0xb8000, as it was left</span></figcaption>
        <pre tabindex="0">${screen.join('\n')}</pre>
      </figure> `;

/** What was printed, each line with the instructions before it where that is known. */
export function serialBox({ serial, serialMarks = [] }: RunView): Markup {
  if (serial === '') return NOTHING;
  const shown = serial.slice(-MOST_TEXT);
  const left = serial.length - shown.length;
  const cut =
    left === 0 ? NOTHING : html`<p class="dim">${counted(left, 'character')} before this are in the JSON report.</p> `;
  return html`<figure class="serial">
    <figcaption>
      Serial output <span class="dim">with the number of instructions executed when a line was complete</span>
    </figcaption>
    ${cut}
    <pre tabindex="0">${left === 0 ? timed(serial, serialMarks) : shown}</pre>
  </figure> `;
}

function timed(serial: string, marks: NonNullable<RunView['serialMarks']>): Content[] {
  const lines = serial.replaceAll('\r\n', '\n').replace(/\n$/, '').split('\n');
  const isTimed = marks.length > 0 && marks.every(({ line }, i) => line.trimEnd() === lines[i]?.trimEnd());
  if (!isTimed) return [serial];
  return lines.map((line, i) => {
    const count = marks[i]?.count;
    return [html`<span class="time">${count === undefined ? '' : thousands(count)}</span>`, line, '\n'];
  });
}
