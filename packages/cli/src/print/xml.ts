import { XMLBuilder } from 'fast-xml-parser';

/** An XML file: `@name` is an attribute, `#text` what stands inside, a list an element for each item. */
export function xmlDocument(root: Readonly<Record<string, unknown>>): string {
  const builder = new XMLBuilder({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    format: true,
    indentBy: '  ',
    suppressEmptyNode: true,
    suppressBooleanAttributes: false,
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build(root) as string}`;
}
