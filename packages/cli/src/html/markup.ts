/** Markup that is finished. Only `html` makes it, so that nothing out of a report can pass for it. */
export class Markup {
  constructor(readonly text: string) {}
}

export type Content = Markup | string | number | undefined | readonly Content[];

/**
 * A template whose values are text, but for what `html` has made; undefined is nothing. Its own indentation is left out. What comes out is
 * well-formed XML if the template is.
 */
export const html = (parts: TemplateStringsArray, ...values: readonly Content[]): Markup =>
  new Markup(parts.map((part, i) => flush(part) + (i < values.length ? render(values[i]) : '')).join(''));

const flush = (part: string): string => part.replaceAll(/\n\s+/g, '\n');

/** Trusted: a constant of this program, such as the style sheet. */
export const verbatim = (text: string): Markup => new Markup(text);

export const NOTHING = new Markup('');

function render(value: Content): string {
  if (value === undefined) return '';
  if (value instanceof Markup) return value.text;
  if (Array.isArray(value)) return value.map(render).join('');
  return escapeText(String(value));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Terminals' colours and cursor movements. Source: ECMA-48, 5.4. */
// eslint-disable-next-line no-control-regex
const CONTROL_SEQUENCES = /\u001b\[[0-?]*[ -/]*[@-~]/g;
/** What XML 1.0 has no place for, lone surrogates and what turns the direction of text around among it. */
// eslint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufffe\uffff]|\p{Surrogate}/gu;

/** Names, command lines and what a kernel prints are anybody's: they stay text, in attributes, too. */
const escapeText = (text: string): string =>
  text
    .replaceAll(CONTROL_SEQUENCES, '')
    .replaceAll('\r\n', '\n')
    .replaceAll(UNPRINTABLE, '\ufffd')
    .replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
