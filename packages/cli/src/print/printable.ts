/** Names and texts come from the file: nothing in them may reach the terminal as a control sequence. */
// eslint-disable-next-line no-control-regex
export const printable = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '.');
