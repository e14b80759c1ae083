/** Columns of a text without wide characters; stands in for the string-width package in the bundle. */
export default function stringWidth(text: string): number {
  // eslint-disable-next-line no-control-regex
  return text.replaceAll(/\u001b\[[0-9;]*m/g, '').length;
}
