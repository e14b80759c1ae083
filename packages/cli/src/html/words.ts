import { hex, thousands as withCommas } from '@bzelf/bytes';
import { counted as countedNumber } from '../print/counted.js';
import { rangeText } from '../print/ranges.js';
import { NOTHING, html, type Content, type Markup } from './markup.js';

/** 82,727,516. */
export const thousands = (value: string | number): string => withCommas(BigInt(value));

/** 1 page, 2,000 pages. */
export const counted = (value: string | number, what: string): string => countedNumber(BigInt(value), what);

export const hexText = (value: string | number): string => hex(signed(value));

/** Also of `-0x1000`, which BigInt does not read. */
export const signed = (value: string | number): bigint => {
  const text = String(value);
  return text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
};

/** First and last byte. */
export const extentText = ({ start, length }: { start: string | number; length: string | number }): string =>
  rangeText(BigInt(start), BigInt(length));

export const baseName = (file: string): string => file.split('/').at(-1) ?? file;

/** `pass` and `fail`, in words that do not need the colour. */
export const badge = (verdict: string): Markup =>
  html`<span class="badge ${verdict}">${verdict === 'pass' ? 'pass' : 'fail'}</span>`;

export interface Column {
  readonly head: string;
  /** Numbers stand under each other; code is in letters of one width. */
  readonly kind?: 'num' | 'code';
}

/** A table with its caption, in a box that scrolls by itself where the window is narrow; nothing without rows. */
export function table(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly Content[])[],
  note?: Content,
): Markup {
  if (rows.length === 0) return NOTHING;
  // a class of the table for each column that wants one costs less than one of each cell
  const kinds = columns.flatMap(({ kind }, i) => (kind === undefined ? [] : [`${kind}-${i + 1}`]));
  const lines = rows.map(
    (row) =>
      html`<tr>
        ${row.map((content) => html`<td>${content}</td>`)}
      </tr>`,
  );
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}">
    <table class="${kinds.join(' ')}">
      <caption>
        ${caption}${note === undefined ? '' : html` <span class="dim">${note}</span>`}
      </caption>
      <thead>
        <tr>
          ${columns.map(({ head }) => html`<th scope="col">${head}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${lines}
      </tbody>
    </table>
  </div>`;
}

/** Pairs of a word and what it says; those that say nothing are left out. */
export const facts = (pairs: readonly (readonly [string, Content])[]): Markup =>
  html`<dl class="facts">
    ${pairs
      .filter(([, content]) => content !== undefined && content !== '')
      .map(
        ([word, content]) =>
          html`<div>
            <dt>${word}</dt>
            <dd>${content}</dd>
          </div>`,
      )}
  </dl> `;

export const code = (text: string): Markup => html`<code>${text}</code>`;

/** Text with `code` between grave accents. */
export const withCode = (text: string): Content => text.split('`').map((part, i) => (i % 2 === 1 ? code(part) : part));
