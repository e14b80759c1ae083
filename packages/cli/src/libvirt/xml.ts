import { BzelfError } from '@bzelf/bytes';
import { XMLParser, XMLValidator } from 'fast-xml-parser';

/** An element and where it begins in the text, so that one value can be changed and nothing else. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** The text directly in it, entities resolved, blanks at the ends cut off. */
  readonly text: string;
  /** Index of its `<`. */
  readonly start: number;
}

const TEXT = '#text';
const CDATA = '#cdata';
const COMMENT = '#comment';
const ATTRIBUTES = ':@';
const METADATA = XMLParser.getMetaDataSymbol() as symbol;

/** fast-xml-parser with preserveOrder: an object with one key for the element, and these two. */
type Node = Readonly<Record<string, unknown>> & Readonly<Record<symbol, { readonly startIndex?: number } | undefined>>;

/** The root element. Throws cli/bad-xml. */
export function parseXml(text: string): XmlElement {
  const verdict = XMLValidator.validate(text);
  if (verdict !== true) {
    const { msg, line, col } = verdict.err;
    throw new BzelfError('cli/bad-xml', `This is not well-formed XML: ${msg}`, {
      found: `line ${line}, column ${col}`,
    });
  }
  const root = elementsOf(parseNodes(text))[0];
  if (root === undefined) throw new BzelfError('cli/bad-xml', 'This XML has no element');
  return root;
}

function parseNodes(text: string): readonly Node[] {
  const parser = new XMLParser({
    preserveOrder: true,
    captureMetaData: true,
    ignoreAttributes: false,
    attributeNamePrefix: '',
    parseTagValue: false,
    parseAttributeValue: false,
    trimValues: false,
    ignoreDeclaration: true,
    ignorePiTags: true,
    htmlEntities: true, // numeric references are among these
    commentPropName: COMMENT,
    cdataPropName: CDATA,
  });
  try {
    return parser.parse(text) as readonly Node[];
  } catch (cause) {
    throw new BzelfError('cli/bad-xml', cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

const nameOf = (node: Node): string => Object.keys(node).find((key) => key !== ATTRIBUTES) ?? '';

function elementsOf(nodes: readonly Node[]): XmlElement[] {
  return nodes.filter((node) => ![TEXT, CDATA, COMMENT].includes(nameOf(node))).map(elementOf);
}

function elementOf(node: Node): XmlElement {
  const name = nameOf(node);
  const inner = node[name] as readonly Node[];
  return {
    name,
    attributes: (node[ATTRIBUTES] ?? {}) as Readonly<Record<string, string>>,
    children: elementsOf(inner),
    text: inner.map(textOf).join('').trim(),
    start: node[METADATA]?.startIndex ?? 0,
  };
}

function textOf(node: Node): string {
  if (TEXT in node) return String(node[TEXT]);
  return CDATA in node ? (node[CDATA] as readonly Node[]).map(textOf).join('') : '';
}

/** The first child of that name. */
export const child = (element: XmlElement | undefined, name: string): XmlElement | undefined =>
  element?.children.find((candidate) => candidate.name === name);

/** The same text with another value in one element that has no elements inside; every other character stays. */
export function replaceText(text: string, element: XmlElement, value: string): string {
  const open = /<[^\s/>]+(?:[^>"']|"[^"]*"|'[^']*')*?(\/?)>/y;
  open.lastIndex = element.start;
  const tag = open.exec(text);
  if (tag === null) throw new Error(`no tag at ${element.start}`);
  const begin = open.lastIndex;
  if (tag[1] === '/') {
    const bare = tag[0].slice(0, -2).trimEnd();
    return `${text.slice(0, element.start)}${bare}>${escapeXml(value)}</${element.name}>${text.slice(begin)}`;
  }
  return text.slice(0, begin) + escapeXml(value) + text.slice(text.indexOf(`</${element.name}`, begin));
}

const escapeXml = (value: string): string =>
  value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
