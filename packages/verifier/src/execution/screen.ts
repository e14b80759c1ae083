import type { TouchLog } from '@bzelf/x86';

const PAGE = 4096;
const VIDEO = { start: 0xa0000, end: 0xc0000 } as const;
/** Colour text mode: 25 lines of 80 places, each a character and an attribute. Source: IBM VGA Technical Reference. */
const TEXT = { start: 0xb8000, columns: 80, lines: 25 } as const;
const TEXT_PAGE = TEXT.start / PAGE;

/** First writes to pages of video memory. */
export function framebufferWrites(touches: TouchLog) {
  const writes = [];
  for (let page = VIDEO.start / PAGE; page < VIDEO.end / PAGE; page++) {
    const touch = touches.first(page, 'write');
    if (touch !== undefined) writes.push({ page, rip: touch.rip, count: touch.count });
  }
  return writes.sort((a, b) => Number(a.count - b.count));
}

/** What stands on the text screen, without blanks at the ends of lines; undefined when nobody has written there. */
export function textScreen(ram: Uint8Array, touches: TouchLog): string[] | undefined {
  if (!touches.has(TEXT_PAGE, 'write')) return undefined;
  return Array.from({ length: TEXT.lines }, (_, line) => {
    const at = TEXT.start + 2 * TEXT.columns * line;
    const cells = Array.from({ length: TEXT.columns }, (__, column) => character(ram[at + 2 * column] ?? 0));
    return cells.join('').trimEnd();
  });
}

/** The picture that code page 437 has for a byte. Source: the Unicode Consortium's CP437.TXT. */
const HIGH =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■ ';

function character(byte: number): string {
  if (byte >= 0x80) return HIGH[byte - 0x80] ?? ' ';
  return byte < 0x20 || byte === 0x7f ? ' ' : String.fromCharCode(byte);
}
