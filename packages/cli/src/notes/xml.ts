import { plain } from '../print/json.js';
import { xmlDocument } from '../print/xml.js';
import type { NotesDocument } from './document.js';

/** The element of one item of a list, by the name of the list. */
const ITEMS: Readonly<Record<string, string>> = {
  notes: 'note',
  problems: 'problem',
  ranges: 'range',
  pieces: 'piece',
  features: 'feature',
  properties: 'property',
  pairs: 'pair',
  entries: 'entry',
  words: 'word',
  bits: 'bit',
  addresses: 'address',
  version: 'part',
};

/** Scalars of these objects are attributes; everywhere else they are elements. */
const ATTRIBUTES: readonly string[] = ['notes', 'note', 'container', 'range', 'piece', 'inner', 'pair', 'problem'];

/** The same document as `--json`, as XML. */
export const notesXml = (document: NotesDocument): string => xmlDocument({ notes: element(plain(document), 'notes') });

function element(value: unknown, name: string): unknown {
  if (Array.isArray(value))
    return { [ITEMS[name] ?? 'item']: value.map((item) => element(item, ITEMS[name] ?? 'item')) };
  if (typeof value !== 'object' || value === null) return xmlText(value);
  const attributes = ATTRIBUTES.includes(name);
  const out: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    if (inner === undefined) continue;
    if (attributes && typeof inner !== 'object') out[`@${key}`] = xmlText(inner);
    else if (key === 'notes') Object.assign(out, element(inner, key));
    else out[key] = element(inner, key);
  }
  return out;
}

/** XML has no way to say a control character. */
const xmlText = (value: unknown): string =>
  // eslint-disable-next-line no-control-regex
  String(value).replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd');
